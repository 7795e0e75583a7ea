import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { contentOf, fieldsOf, type Content, type Field } from '../fields/field'
import { withQuery } from '../fields/transfer'

type S = components['schemas']

export type Flow = Omit<S['FlowView'], 'fields'> & { fields: Field[] }
export type Case = Omit<S['CaseView'], 'content'> & { content: Content }
export type Due = S['DueView']
export type Deadline = S['DeadlineView']
export type Step = S['StepView']
export type Action = S['ActionView']

export const pageSize = 50

export const caseOf = (c: S['CaseView']): Case => ({ ...c, content: contentOf(c.content) })

export const caseKeys = {
  flows: () => ['flows'] as const,
  offers: (flow?: string) => (flow ? (['flow-offers', flow] as const) : (['flow-offers'] as const)),
  cases: () => ['cases'] as const,
  due: () => ['due'] as const,
  one: (id: string) => ['case', id] as const,
}

export const useFlows = () =>
  useQuery({
    queryKey: caseKeys.flows(),
    queryFn: async ({ signal }) =>
      (await all<S['FlowView']>('/flows', {}, signal)).map((f): Flow => ({ ...f, fields: fieldsOf(f.fields) })),
    staleTime: 300_000,
  })

export const useOffers = (flows: string[]) =>
  useQuery({
    queryKey: [...caseKeys.offers(), flows],
    queryFn: async ({ signal }) =>
      Object.fromEntries(
        await Promise.all(
          flows.map(async (f) => [f, await get<S['Offers']>(`/flows/${f}/offers`, {}, signal)] as const),
        ),
      ),
  })

export interface DueFilter {
  role?: string
  mine?: boolean
  overdue?: boolean
}

export const useDue = (org: string, f: DueFilter, cursor: string | undefined) =>
  useQuery({
    queryKey: [...caseKeys.due(), org, f, cursor],
    queryFn: ({ signal }) => get<Page<Due>>('/due-cases', { org, ...f, limit: pageSize, cursor }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  })

export const useDueCounts = (org: string) =>
  useQuery({
    queryKey: [...caseKeys.due(), org, 'counts'],
    queryFn: ({ signal }) => get<S['Counts']>('/due-cases/counts', { org }, signal),
    refetchInterval: 60_000,
  })

export interface CaseFilter {
  org?: string
  subject?: string
  flow?: string
  state?: string
  q?: string
  running?: string
}

export const caseQuery = (f: CaseFilter): [string, string | undefined][] => [
  ['org', f.org],
  ['subject', f.subject],
  ['flow', f.flow],
  ['state', f.state],
  ['q', f.q],
  ['running', f.running],
]

export const useCases = (f: CaseFilter, cursor: string | undefined) =>
  useQuery({
    queryKey: [...caseKeys.cases(), 'list', f, cursor],
    queryFn: async ({ signal }) => {
      const page = await get<Page<S['CaseView']>>(
        withQuery('/cases', [...caseQuery(f), ['limit', String(pageSize)], ['cursor', cursor]]),
        {},
        signal,
      )
      return { items: (page.items ?? []).map(caseOf), next: page.next }
    },
    placeholderData: keepPreviousData,
  })

export const useCaseCounts = (f: CaseFilter) =>
  useQuery({
    queryKey: [...caseKeys.cases(), 'counts', f],
    queryFn: async ({ signal }) =>
      (await get<Page<S['StateCount']>>(withQuery('/cases/counts', caseQuery(f)), {}, signal)).items ?? [],
    placeholderData: keepPreviousData,
  })

export const useCase = (id: string) =>
  useQuery({
    queryKey: caseKeys.one(id),
    queryFn: async ({ signal }) => caseOf(await get<S['CaseView']>(`/cases/${id}`, {}, signal)),
  })

export const useSteps = (id: string) =>
  useQuery({
    queryKey: [...caseKeys.one(id), 'steps'],
    queryFn: ({ signal }) => all<Step>(`/cases/${id}/steps`, {}, signal),
  })

export const useActions = (id: string, revision: number) =>
  useQuery({
    queryKey: [...caseKeys.one(id), 'actions', revision],
    queryFn: ({ signal }) => all<Action>(`/cases/${id}/actions`, {}, signal),
  })

export const useDrafts = (org: string, query: Record<string, string | boolean | undefined> = {}) =>
  useQuery({
    queryKey: ['drafts', org, query],
    queryFn: ({ signal }) => all<S['DraftView']>('/drafts', { org, ...query }, signal),
  })
