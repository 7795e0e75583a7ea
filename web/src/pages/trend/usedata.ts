import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'

import { get } from '../../api/client'
import { keys } from '../../api/queries'
import type { Problem } from '../../api/problem'
import type { AuditEntry, Machine, Page, Plot, Sample, Series } from '../../api/types'
import type { components } from '../../api/schema'
import { durationMillis } from '../../format/duration'
import { useI18n } from '../../i18n'
import { useSecond } from '../../live/clock'
import { useLive } from '../../live/live'
import { iso } from '../../trend/csv'
import { isNumeric, type Picked } from '../../trend/lanes'
import type { Interval } from '../../trend/segments'
import { moves, type Choice, type TrendView } from './address'
import { spanOfView } from './offset'
import { levelOf, weighted, type Weighted } from './weighted'

type RollupRow = components['schemas']['RollupRow']

/** A chosen series with what is known of it. */
export interface Known extends Picked {
  slot: number
  choice: Choice
  org: string
  machine: string
  machineName: string
  /** The name of the point alone. */
  point: string
  onChange: boolean
}

export interface Chosen {
  known: Known[]
  /** What the address names and the node does not give. */
  missing: { id: string; problem: Problem }[]
  loading: boolean
}

/** useChosen asks what the chosen series are: their points, units and the names of their values. */
export function useChosen(choices: Choice[]): Chosen {
  const { n } = useI18n()
  const series = useQueries({
    queries: choices.map((c) => ({
      queryKey: ['series-one', c.id] as const,
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Series>(`/series/${c.id}`, {}, signal),
      staleTime: 300_000,
    })),
    combine: answers,
  })
  const machineIds = [...new Set(series.flatMap((s) => s.data?.machine ?? []))]
  const machines = useQueries({
    queries: machineIds.map((id) => ({
      queryKey: keys.machine(id),
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Machine>(`/plant/machines/${id}`, {}, signal),
      staleTime: 60_000,
    })),
    combine: answers,
  })
  return useMemo(() => {
    const byMachine = new Map(machines.flatMap((m) => (m.data ? [[m.data.id, m.data] as const] : [])))
    const several = machineIds.length > 1
    const known = choices.flatMap((choice, i): Known[] => {
      const s = series[i]?.data
      // Until its machine has come (or is known not to) a name would change under the reader's eyes.
      if (!s || machines.some((m, at) => machineIds[at] === s.machine && m.isPending)) return []
      const machine = byMachine.get(s.machine)
      const point = n(s.name)
      const machineName = n(machine?.name)
      return [
        {
          id: s.id,
          name: several && machineName ? `${machineName} · ${point}` : point,
          point,
          org: s.org,
          machine: s.machine,
          machineName,
          unit: s.unit,
          type: s.type,
          values: machine?.points.find((p) => p.id === s.id)?.values,
          maxSilence: durationMillis(s.maxSilence) || 0,
          onChange: s.report === 'onChange',
          slot: choice.colour,
          choice,
        },
      ]
    })
    const missing = choices.flatMap((c, i) => {
      const problem = series[i]?.error
      return problem ? [{ id: c.id, problem }] : []
    })
    return { known, missing, loading: known.length + missing.length < choices.length }
    // machineIds follows from series.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [choices, series, machines, n])
}

function answers<T>(results: UseQueryResult<T>[]) {
  return results.map((r) => ({ data: r.data, error: r.error, isPending: r.isPending }))
}

/** useWantMachines keeps the stream telling of some machines. */
export function useWantMachines(machines: string[]): void {
  const { stream } = useLive()
  const ids = machines.join(',')
  useEffect(() => {
    if (ids === '') return
    return stream.want({ orgs: [], machines: ids.split(',') })
  }, [stream, ids])
}

/**
 * useSpan is the span of a view. Where it moves with time it steps by whole pixels, a second at least; with an earlier
 * knowledge it stands still: it ends where that knowledge does.
 */
export function useSpan(view: TrendView, pixels: number, asOf: number | undefined): { span: Interval; now: number } {
  const second = useSecond()
  const moving = moves(view)
  const wide = 'last' in view ? durationMillis(view.last) : 86_400_000
  const step = moving ? Math.max(1_000, wide / Math.max(1, pixels)) : 60_000
  const stepped = Math.ceil(second / step) * step
  const at = asOf ?? stepped
  const span = useMemo(() => spanOfView(view, at), [view, at])
  const now = step > 1_000 ? stepped - step : stepped
  return { span, now: Math.min(now, asOf ?? Infinity) }
}

const lookBack = (s: Picked) => Math.max(s.maxSilence, 1_000)

/** useSamplesAt asks for the exact sample that holds at a moment; null where nothing came within the longest silence. */
export function useSamplesAt(series: Picked[], t: number | undefined, asOf: string | undefined) {
  return useQueries({
    queries: series.map((s) => ({
      queryKey: ['sample-at', s.id, t, asOf] as const,
      queryFn: ({ signal }: { signal: AbortSignal }) => sampleAtMoment(s, t ?? 0, asOf, signal),
      staleTime: 15_000,
      gcTime: 60_000,
      enabled: t !== undefined,
    })),
    combine: values,
  })
}

/**
 * sampleAtMoment is the last sample up to and including a millisecond. The plot of one pixel tells the last that is not
 * bad, but only the first of the bad ones: where there are some, all after the last good one are asked for.
 */
async function sampleAtMoment(
  s: Picked,
  t: number,
  asOf: string | undefined,
  signal: AbortSignal,
): Promise<Sample | null> {
  const path = `/series/${s.id}/samples`
  const to = iso(t + 1)
  const plot = await get<Plot>(path, { mode: 'plot', pixels: 1, from: iso(t - lookBack(s)), to, asOf }, signal)
  if (!plot.items.some((i) => i.kind === 'bad')) return plot.items.at(-1) ?? null
  const good = plot.items.findLast((i) => i.kind !== 'bad')
  let last = good ?? plot.items.at(-1) ?? null
  const from = last?.time
  let cursor: string | undefined
  do {
    const page: Page<Sample> = await get(path, { mode: 'raw', from, to, limit: 10_000, cursor, asOf }, signal)
    last = page.items?.at(-1) ?? last
    cursor = page.next
  } while (cursor)
  return last
}

function values<T>(results: UseQueryResult<T>[]) {
  return results.map((r) => r.data)
}

export type Bucket = components['schemas']['Bucket']

/** What the node says of a whole span; what weighs by time only where roll-up rows make up the span exactly. */
export type Statistic = Bucket & { weighted?: Weighted }

/** useStatistics asks for one bucket over the span for each series, and for its roll-ups where they can make it up. */
export function useStatistics(series: Picked[], span: Interval, asOf: string | undefined, shift = 0) {
  const from = Math.round(span.from) - shift
  const to = Math.max(from + 1, Math.round(span.to) - shift)
  const level = levelOf({ from, to })
  return useQueries({
    queries: series.map((s) => ({
      queryKey: ['statistics', s.id, from, to, asOf] as const,
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Statistic | null> => {
        const within = { from: iso(from), to: iso(to), asOf }
        const [page, rollups] = await Promise.all([
          get<Page<Bucket>>(`/series/${s.id}/aggregates`, { ...within, step: `${to - from}ms` }, signal),
          level && isNumeric(s)
            ? get<Page<RollupRow>>(`/series/${s.id}/rollups`, { ...within, level }, signal)
            : undefined,
        ])
        const bucket = page.items?.[0]
        return bucket ? { ...bucket, weighted: rollups && weighted(rollups.items ?? [], { from, to }) } : null
      },
      meta: { live: true },
      placeholderData: (held?: Statistic | null, query?: { queryKey: readonly unknown[] }) =>
        query?.queryKey[1] === s.id && query.queryKey[4] === asOf ? held : undefined,
      staleTime: 10_000,
      gcTime: 60_000,
    })),
    combine: told,
  })
}

/** useBuckets asks for the span in equal parts, for the table of values. */
export function useBuckets(series: Picked[], span: Interval, parts: number, asOf: string | undefined, asked: boolean) {
  const from = Math.round(span.from)
  const step = Math.max(1, Math.ceil((Math.round(span.to) - from) / parts))
  return useQueries({
    queries: series.map((s) => ({
      queryKey: ['buckets', s.id, from, step, parts, asOf] as const,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const query = { from: iso(from), to: iso(span.to), step: `${step}ms`, asOf }
        const page = await get<Page<Bucket>>(`/series/${s.id}/aggregates`, query, signal)
        return page.items ?? []
      },
      staleTime: 30_000,
      gcTime: 60_000,
      enabled: asked,
    })),
    combine: told,
  })
}

function told<T>(results: UseQueryResult<T>[]) {
  return {
    items: results.map((r) => r.data),
    problem: results.find((r) => r.error)?.error ?? undefined,
    loading: results.some((r) => r.isFetching),
  }
}

/** useChanges asks who changed what in the span, where the person may know it. */
export const useChanges = (org: string, span: Interval, asked: boolean) =>
  useQuery({
    queryKey: ['audit-span', org, Math.floor(span.from / 60_000), Math.ceil(span.to / 60_000)] as const,
    queryFn: ({ signal }) =>
      get<Page<AuditEntry>>('/audit', { org, from: iso(span.from), to: iso(span.to), limit: 1000 }, signal),
    enabled: asked,
    staleTime: 60_000,
  })
