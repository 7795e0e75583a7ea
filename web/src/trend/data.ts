import { useQueries, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'

import { get } from '../api/client'
import type { Problem } from '../api/problem'
import type { Plot } from '../api/types'
import { durationMillis } from '../format/duration'
import { useSecond } from '../live/clock'
import { useLive } from '../live/live'
import { iso } from './csv'
import { draw, type Drawn, type Picked } from './lanes'
import { inOrder, trendPoint, withLive, type Interval, type TrendPoint } from './segments'
import { refreshEvery, spanOf, type View } from './span'

export interface Trend {
  series: Drawn[]
  span: Interval
  problem: Problem | undefined
  loading: boolean
  retry: () => void
}

// The stream brings at most two values a second: a faster source is not silent for that.
const streamStep = 1_500
const mostLive = 5_000

/** Drawing is what is to be drawn of some series, and how. */
export interface Drawing {
  span: Interval
  /** The present by the node's clock, ms. */
  now: number
  /** The span moves with time. */
  follow: boolean
  pixels: number
  /** RFC 3339: what was known then; what is known now where it is left out. */
  asOf?: string
  /** How much earlier than the span the samples are, ms; they are drawn as if they were of the span. */
  shift?: number
}

/** useTrend fetches the plots of the picked series and, where the view moves with time, adds what the stream brings. */
export function useTrend(picked: Picked[], view: View, pixels: number): Trend {
  const { span, now } = useMovingSpan(view, pixels)
  return { ...useDrawn(picked, { span, now, follow: 'last' in view, pixels }), span }
}

/** useDrawn fetches the plots of the picked series over a span. */
export function useDrawn(picked: Picked[], d: Drawing): Omit<Trend, 'span'> {
  const { span, now, follow, pixels, asOf, shift = 0 } = d
  const round = refreshEvery(span, pixels)
  // While it moves, what is asked for steps by whole rounds, so that the answers in between are the same ones.
  const asked = follow ? { from: floor(span.from, round), to: floor(span.to, round) + round } : span
  const client = useQueryClient()
  const { plots, problem, loading } = useQueries({
    queries: picked.map((p) => ({
      queryKey: ['plot', p.id, asked.from, asked.to, pixels, shift, asOf] as const,
      // A little more than the span at its left: what came there holds into it.
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const lead = Math.min(p.maxSilence, (asked.to - asked.from) / 10)
        const wider = Math.ceil(pixels * (1 + lead / (asked.to - asked.from)))
        const [from, to] = [iso(asked.from - lead - shift), iso(asked.to - shift)]
        const query = { mode: 'plot', from, to, pixels: wider, asOf }
        const plot = await get<Plot>(`/series/${p.id}/samples`, query, signal)
        return inOrder(plot.items.map((s) => later(trendPoint(s), shift)))
      },
      meta: { live: true },
      placeholderData: (held?: TrendPoint[], query?: { queryKey: readonly unknown[] }) =>
        query?.queryKey[1] === p.id && query.queryKey[5] === shift && query.queryKey[6] === asOf ? held : undefined,
      structuralSharing: false,
      staleTime: follow ? round : 60_000,
      gcTime: 120_000,
      enabled: pixels > 0,
    })),
    combine: together,
  })
  const live = useLivePoints(picked, follow && shift === 0, span)
  useEffect(() => {
    // A tab that nobody saw was given no frames and has missed what the stream brought.
    const seen = () => {
      if (document.visibilityState === 'visible') void client.invalidateQueries({ queryKey: ['plot'] })
    }
    document.addEventListener('visibilitychange', seen)
    return () => document.removeEventListener('visibilitychange', seen)
  }, [client])

  const series = useMemo(
    () =>
      picked.map((p, place) => {
        const plotted = plots[place]
        const points = follow && plotted ? withLive(plotted, live.get(p.id) ?? [], span) : plotted
        const maxSilence = follow ? Math.max(p.maxSilence, streamStep) : p.maxSilence
        return draw({ ...p, maxSilence }, p.slot ?? place, points, span, pixels, now + shift)
      }),
    [picked, plots, live, follow, span, pixels, now, shift],
  )
  return {
    series,
    problem,
    loading,
    retry: () => void client.refetchQueries({ queryKey: ['plot'], type: 'active' }),
  }
}

const later = (p: TrendPoint, by: number): TrendPoint => (by === 0 ? p : { ...p, t: p.t + by })

const floor = (t: number, step: number) => Math.floor(t / step) * step

// Outside the hook, so that it is the same function at each render and its answer is kept.
function together(results: UseQueryResult<TrendPoint[]>[]) {
  return {
    plots: results.map((r) => r.data),
    problem: results.find((r) => r.error)?.error ?? undefined,
    loading: results.some((r) => r.isFetching && (r.isPlaceholderData || r.data === undefined)),
  }
}

/** useMovingSpan is the span of a view. Where it moves with time it steps by whole pixels, a second at least. */
function useMovingSpan(view: View, pixels: number): { span: Interval; now: number } {
  const second = useSecond()
  const follow = 'last' in view
  const step = follow ? Math.max(1_000, durationMillis(view.last) / Math.max(1, pixels)) : 60_000
  const stepped = Math.ceil(second / step) * step
  const span = useMemo(() => spanOf(view, stepped), [view, stepped])
  // The present of a held view matters only for what is still missing at its right edge.
  return { span, now: step > 1_000 ? stepped - step : stepped }
}

function useLivePoints(picked: Picked[], follow: boolean, span: Interval): Map<string, TrendPoint[]> {
  const { store } = useLive()
  const [points, setPoints] = useState<Map<string, TrendPoint[]>>(new Map())
  const ids = picked.map((p) => p.id).join(',')
  const from = useRef(span.from)
  useEffect(() => {
    from.current = span.from
  })
  useEffect(() => {
    if (!follow || ids === '') return
    const wanted = new Set(ids.split(','))
    return store.onBatch((batch) => {
      const fresh = batch.filter((v) => wanted.has(v.series) && v.sample)
      if (fresh.length === 0) return
      setPoints((held) => {
        const next = new Map(held)
        for (const v of fresh) {
          if (!v.sample) continue
          const list = (next.get(v.series) ?? []).filter((p) => p.t >= from.current)
          if ((list.at(-1)?.t ?? -Infinity) < v.ms) list.push(trendPoint(v.sample))
          next.set(v.series, list.slice(-mostLive))
        }
        return next
      })
    })
  }, [store, follow, ids])
  return points
}
