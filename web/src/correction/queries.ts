import { keepPreviousData, useQueries, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useCallback } from 'react'

import { all, get } from '../api/client'
import { keys } from '../api/queries'
import type { Machine, Page, Sample, Series } from '../api/types'
import { iso } from '../trend/csv'
import type { Interval } from '../trend/segments'
import type { Correction } from './asked'

export interface Where {
  org: string
  series?: string
  from?: string
  to?: string
}

export const pageSize = 50

/** useCorrections is one page of an organisation's corrections, the newest first. */
export const useCorrections = (where: Where, cursor: string | undefined) =>
  useQuery({
    queryKey: ['corrections', where, cursor] as const,
    queryFn: ({ signal }) => get<Page<Correction>>('/corrections', { ...where, limit: pageSize, cursor }, signal),
    placeholderData: keepPreviousData,
    // One that is being carried out becomes one that is.
    refetchInterval: (q) => (q.state.data?.items?.some((c) => c.state === 'applying') ? 2_000 : false),
  })

const mostInLane = 1_000

/** useCorrectionsOf asks for the corrections of some series that touch a span. */
export function useCorrectionsOf(series: string[], span: Interval) {
  // By whole minutes, so that a span that moves is not asked for anew each second.
  const from = Math.max(60_000, Math.floor(span.from / 60_000) * 60_000)
  const to = Math.max(from, Math.ceil(span.to / 60_000) * 60_000) + 60_000
  return useQueries({
    queries: series.map((id) => ({
      queryKey: ['corrections', 'of', id, from, to] as const,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        all<Correction>('/corrections', { series: id, from: iso(from), to: iso(to) }, signal, mostInLane),
      meta: { live: true },
      staleTime: 30_000,
      placeholderData: (held?: Correction[], query?: { queryKey: readonly unknown[] }) =>
        query?.queryKey[2] === id ? held : undefined,
    })),
    combine: joined,
  })
}

const joined = (results: UseQueryResult<Correction[]>[]) => ({
  items: results.flatMap((r) => r.data ?? []),
  problem: results.find((r) => r.error)?.error ?? undefined,
  loading: results.some((r) => r.isLoading),
})

async function rootOf(id: string, signal: AbortSignal): Promise<Correction> {
  let c = await get<Correction>(`/corrections/${id}`, {}, signal)
  for (let i = 0; c.undoes !== undefined && i < 100; i++) {
    c = await get<Correction>(`/corrections/${c.undoes}`, {}, signal)
  }
  return c
}

export const useCorrection = (id: string) =>
  useQuery({
    queryKey: ['corrections', 'one', id] as const,
    queryFn: ({ signal }) => get<Correction>(`/corrections/${id}`, {}, signal),
    refetchInterval: (q) => (q.state.data?.state === 'applying' ? 2_000 : false),
  })

/** useUndone gives what some corrections undo in the end: what undoes has no span of its own. */
export function useUndone(list: Correction[]): Map<string, Correction> {
  const undoing = list.filter((c) => c.undoes !== undefined)
  return useQueries({
    queries: undoing.map((c) => ({
      // What it undoes never changes.
      queryKey: ['corrections-root', c.id] as const,
      queryFn: ({ signal }: { signal: AbortSignal }) => rootOf(c.undoes ?? c.id, signal),
      staleTime: Infinity,
    })),
    combine: (results) =>
      new Map(results.flatMap((r, i) => (r.data && undoing[i] ? [[undoing[i].id, r.data] as const] : []))),
  })
}

export interface Named {
  series: Series
  machine: Machine | undefined
}

const one = {
  series: (id: string) => ({
    queryKey: ['series-one', id] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) => get<Series>(`/series/${id}`, {}, signal),
    staleTime: 300_000,
  }),
  machine: (id: string) => ({
    queryKey: keys.machine(id),
    queryFn: ({ signal }: { signal: AbortSignal }) => get<Machine>(`/plant/machines/${id}`, {}, signal),
    staleTime: 60_000,
  }),
}

/** useNamed gives the series of some ids and their machines. */
export function useNamed(ids: string[]): Map<string, Named> {
  const series = useQueries({ queries: ids.map(one.series), combine: come })
  const machines = useQueries({ queries: [...new Set(series.map((s) => s.machine))].map(one.machine), combine: come })
  return new Map(series.map((s) => [s.id, { series: s, machine: machines.find((m) => m.id === s.machine) }]))
}

const come = <T>(results: UseQueryResult<T>[]) => results.flatMap((r) => (r.data === undefined ? [] : [r.data]))

/** useLookUp gives the same for any number of ids, one after the other, for a file. */
export function useLookUp(): (id: string) => Promise<Named | undefined> {
  const client = useQueryClient()
  return useCallback(
    async (id) => {
      try {
        const series = await client.query(one.series(id))
        return { series, machine: await client.query(one.machine(series.machine)).catch(() => undefined) }
      } catch {
        return undefined
      }
    },
    [client],
  )
}

/** useEverySample is every sample that was ever said in a span, those that others replaced and those withdrawn too. */
export const useEverySample = (series: string, from: string, to: string, limit: number) =>
  useQuery({
    queryKey: ['sample-history', series, from, to, limit] as const,
    queryFn: ({ signal }) =>
      get<Page<Sample>>(`/series/${series}/samples`, { from, to, history: true, detail: true, limit }, signal),
    staleTime: 0,
  })

/** useRawSamples is what is said now in a span, at most `limit` samples and one more. */
export const useRawSamples = (series: string, span: Interval, limit: number, asked: boolean) =>
  useQuery({
    queryKey: ['sample-rows', series, span.from, span.to] as const,
    queryFn: ({ signal }) =>
      get<Page<Sample>>(
        `/series/${series}/samples`,
        { from: iso(span.from), to: iso(span.to), limit: limit + 1 },
        signal,
      ),
    enabled: asked && span.to > span.from,
    staleTime: 0,
  })

const touched = [
  'corrections',
  'plot',
  'statistics',
  'buckets',
  'sample-at',
  'sample-history',
  'sample-rows',
  'audit-span',
  'audit',
  'latest',
]

/** useAfterwards asks anew for all that a correction changes. */
export function useAfterwards(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    await client.invalidateQueries({ predicate: (q) => touched.includes(String(q.queryKey[0])) })
  }, [client])
}
