import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { contentOf, fieldsOf, type Content, type Field } from '../fields/field'
import { withQuery } from '../fields/transfer'
import type { Lang } from '../format/time'

type S = components['schemas']

export type Register = Omit<S['RegisterView'], 'fields'> & { fields: Field[] }
export type Entry = Omit<S['EntryView'], 'content'> & { content: Content }
export type Transition = S['Transition']
export type EntryCounts = S['EntryCounts']

/** pageSize is how many rows of a list are shown at once. */
export const pageSize = 50

const register = (r: S['RegisterView']): Register => ({ ...r, fields: fieldsOf(r.fields) })
const entry = (e: S['EntryView']): Entry => ({ ...e, content: contentOf(e.content) })

export const registerKeys = {
  registers: () => ['registers'] as const,
  entries: (register?: string) => (register ? (['entries', register] as const) : (['entries'] as const)),
  entry: (id: string) => ['entry', id] as const,
}

export const useRegisters = () =>
  useQuery({
    queryKey: registerKeys.registers(),
    queryFn: async ({ signal }) => (await all<S['RegisterView']>('/registers', {}, signal)).map(register),
    staleTime: 300_000,
  })

/** What a list, a count and an export are narrowed by. */
export interface EntryFilter {
  org?: string
  state?: string
  on?: string
  q?: string
  where: string[]
}

export const filterQuery = (f: EntryFilter): [string, string | undefined][] => [
  ['org', f.org],
  ['state', f.state],
  ['on', f.on],
  ['q', f.q],
  ...f.where.map((w): [string, string] => ['where', w]),
]

export const useEntries = (id: string, filter: EntryFilter, cursor: string | undefined) =>
  useQuery({
    queryKey: [...registerKeys.entries(id), 'list', filter, cursor],
    queryFn: async ({ signal }) => {
      const path = withQuery(`/registers/${id}/entries`, [
        ...filterQuery(filter),
        ['limit', String(pageSize)],
        ['cursor', cursor],
      ])
      const page = await get<Page<S['EntryView']>>(path, {}, signal)
      return { items: (page.items ?? []).map(entry), next: page.next }
    },
    placeholderData: keepPreviousData,
  })

export const useCounts = (id: string, filter: EntryFilter, by = 'state') =>
  useQuery({
    queryKey: [...registerKeys.entries(id), 'counts', by, filter],
    queryFn: ({ signal }) =>
      get<EntryCounts>(withQuery(`/registers/${id}/counts`, [...filterQuery(filter), ['by', by]]), {}, signal),
    placeholderData: keepPreviousData,
  })

export const useEntry = (id: string) =>
  useQuery({
    queryKey: registerKeys.entry(id),
    queryFn: async ({ signal }) => entry(await get<S['EntryView']>(`/register-entries/${id}`, {}, signal)),
  })

/** useHistory gives all revisions, the newest first. */
export const useHistory = (id: string) =>
  useQuery({
    queryKey: [...registerKeys.entry(id), 'revisions'],
    queryFn: async ({ signal }) =>
      (await all<S['EntryView']>(`/register-entries/${id}/revisions`, {}, signal)).map(entry).reverse(),
  })

/** titleOf is what an entry is called in the shown language: a field "name" may have a "nameEn" beside it. */
export function titleOf(r: Register | undefined, e: Entry, lang: Lang): string {
  const [first = ''] = r?.title ?? []
  const text = (key: string) => (typeof e.content[key] === 'string' ? e.content[key] : '')
  return (lang === 'en' && text(`${first}En`)) || text(first) || e.title || e.key
}

/** columnsOf are the fields that stand in a table: those that can be searched by, without the key and the title. */
export function columnsOf(r: Register, most = 6): Field[] {
  const named = new Set([r.key, ...r.title])
  const searched = new Set(r.searchable.map((key) => key.split('.')[0]))
  return r.fields.filter((f) => searched.has(f.key) && !named.has(f.key)).slice(0, most)
}
