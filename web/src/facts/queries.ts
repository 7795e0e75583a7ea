import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { contentOf, fieldsOf, valueText, type Content, type Field, type Words } from '../fields/field'
import { withQuery } from '../fields/transfer'
import { millis } from '../format/time'

type S = components['schemas']

export type Kind = Omit<S['FactKind'], 'fields'> & { fields: Field[] }
export type Fact = Omit<S['FactView'], 'content'> & { content: Content }
export type Document = S['Document']
export type Grade = Fact['grade']
export type Tally = S['FactTally']

export const grades: Grade[] = ['E0', 'E1', 'E2', 'E3']

/** pageSize is how many rows of a list are shown at once. */
export const pageSize = 50

const kind = (k: S['FactKind']): Kind => ({ ...k, fields: fieldsOf(k.fields) })
export const factOf = (f: S['FactView']): Fact => ({ ...f, content: contentOf(f.content) })

export const factKeys = {
  kinds: () => ['fact-kinds'] as const,
  list: () => ['facts'] as const,
  one: (id: string) => ['fact', id] as const,
}

export const useKinds = () =>
  useQuery({
    queryKey: factKeys.kinds(),
    queryFn: async ({ signal }) => (await all<S['FactKind']>('/fact-kinds', {}, signal)).map(kind),
    staleTime: 300_000,
  })

/** What lists and tallies are narrowed by. Days are civil days in China, the last one included. */
export interface FactFilter {
  org: string
  kind?: string
  source?: string
  externalId?: string
  from?: string
  to?: string
  minGrade?: string
  asOf?: string
  withdrawn?: boolean
  where: string[]
}

const hour = 3_600_000

/** dayBegins is when a civil day begins in China (UTC+8), where the law counts by. */
export const dayBegins = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) - 8 * hour).toISOString()

/** dayAfter is the civil day behind one. */
export const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 24 * hour).toISOString().slice(0, 10)

/** dayOf is the civil day of a time in China. */
export const dayOf = (ms: number): string => new Date(ms + 8 * hour).toISOString().slice(0, 10)

const isDay = (day: string | undefined): day is string => /^\d{4}-\d\d-\d\d$/.test(day ?? '')

const query = (f: FactFilter): [string, string | undefined][] => [
  ['org', f.org],
  ['kind', f.kind],
  ['source', f.source],
  ['from', isDay(f.from) ? dayBegins(f.from) : undefined],
  ['to', isDay(f.to) ? dayBegins(dayAfter(f.to)) : undefined],
  ['minGrade', f.minGrade],
  ['asOf', f.asOf],
  ['withdrawn', f.withdrawn ? 'true' : undefined],
  ...f.where.map((w): [string, string] => ['where', w]),
]

export const useFacts = (filter: FactFilter, cursor: string | undefined) =>
  useQuery({
    queryKey: [...factKeys.list(), 'list', filter, cursor],
    queryFn: async ({ signal }) => {
      const path = withQuery('/facts', [
        ...query(filter),
        ['externalId', filter.externalId],
        ['limit', String(pageSize)],
        ['cursor', cursor],
      ])
      const page = await get<Page<S['FactView']>>(path, {}, signal)
      return { items: (page.items ?? []).map(factOf), next: page.next }
    },
    placeholderData: keepPreviousData,
  })

/** useTally counts and sums facts of one kind; an external id is not among what a tally is narrowed by. */
export const useTally = (filter: FactFilter, sum: string | undefined) =>
  useQuery({
    queryKey: [...factKeys.list(), 'tally', filter, sum],
    queryFn: ({ signal }) => get<Tally>(withQuery('/facts/tally', [...query(filter), ['sum', sum]]), {}, signal),
    enabled: Boolean(filter.kind) && !filter.externalId,
    placeholderData: keepPreviousData,
  })

/** useFact gives a fact as it is said now, or as it was said at a time. */
export const useFact = (id: string, asOf: string | undefined) =>
  useQuery({
    queryKey: [...factKeys.one(id), 'at', asOf],
    queryFn: async ({ signal }) => factOf(await get<S['FactView']>(`/facts/${id}`, { asOf }, signal)),
  })

/** useRevisions gives all revisions, the newest first. */
export const useRevisions = (id: string) =>
  useQuery({
    queryKey: [...factKeys.one(id), 'revisions'],
    queryFn: async ({ signal }) =>
      (await all<S['FactView']>(`/facts/${id}/revisions`, {}, signal)).map(factOf).reverse(),
  })

export type Proof = S['SealProof']

/** useProof asks the evidence log for a record; what came within the last minute is not in it yet. */
export const useProof = (record: string, asked: boolean) =>
  useQuery({
    queryKey: ['proof', record],
    queryFn: ({ signal }) => get<Proof>(`/evidence/records/${record}`, {}, signal),
    enabled: asked,
  })

/** holds tells in civil days of China when a fact holds: one day, a span, or since a day. */
export function holds(f: Fact): { from: string; to?: string; lasting: boolean } {
  const from = dayOf(millis(f.since))
  if (!f.until) return { from, lasting: true }
  const to = dayOf(millis(f.until) - 1)
  return to === from ? { from, lasting: false } : { from, to, lasting: false }
}

/** titleOf is what a fact is called: its kind's title field, or its id at its source. */
export function titleOf(k: Kind | undefined, f: Fact, w: Words): string {
  const field = k?.fields.find((x) => x.key === k.title)
  return (field && valueText(field, f.content[field.key], w)) || f.externalId
}

/** moneyOf is the amount of a kind: its first field of money. */
export const moneyOf = (k: Kind | undefined): Field | undefined => k?.fields.find((f) => f.type === 'money')
