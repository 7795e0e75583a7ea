import { durationMillis } from '../format/duration'

/** The spans that data health offers; the node takes up to 31 days. */
export const presets = ['1h', '8h', '24h', '7d', '30d'] as const
export const longest = 31 * 86_400_000
const standard = '24h'

/** HealthSpan moves with the time, or is fixed. Times in ms. */
export type HealthSpan = { last: string } | { from: number; to: number }

/** readSpan takes the span out of a page's address. What makes no sense there is the last day. */
export function readSpan(params: URLSearchParams): HealthSpan {
  const from = Number(params.get('from') ?? NaN)
  const to = Number(params.get('to') ?? NaN)
  if (from > 0 && to > from && to - from <= longest && to < 7_258_118_400_000) return { from, to }
  const last = params.get('last') ?? ''
  const ms = durationMillis(last)
  return { last: ms >= 60_000 && ms <= longest ? last : standard }
}

/** writeSpan puts a span into an address; the standard one needs no words. */
export function writeSpan(params: URLSearchParams, span: HealthSpan): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const key of ['last', 'from', 'to']) next.delete(key)
  if ('last' in span) {
    if (span.last !== standard) next.set('last', span.last)
  } else {
    next.set('from', String(Math.round(span.from)))
    next.set('to', String(Math.round(span.to)))
  }
  return next
}

/**
 * asked are the bounds that the node is asked for. A moving span begins on a whole minute and leaves the end to the
 * node: so all who look within a minute ask the same question, which is answered once.
 */
export function asked(span: HealthSpan, now: number): { from: string; to?: string } {
  if ('from' in span) return { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() }
  const from = Math.ceil((now - durationMillis(span.last)) / 60_000) * 60_000
  return { from: new Date(from).toISOString() }
}

/** around is what a trend shows of a gap: the gap with as much before and after as it takes to see its edges. */
export function around(from: number, to: number): { from: number; to: number } {
  const margin = Math.min(Math.max((to - from) / 2, 60_000), 6 * 3_600_000)
  return { from: Math.round(from - margin), to: Math.round(to + margin) }
}
