import { durationMillis } from '../format/duration'
import type { Interval } from './segments'

/** View is what a trend shows: the last so-and-so long, moving with time, or a fixed span. Times in ms. */
export type View = { last: string } | Interval

export const presets = ['5m', '1h', '8h', '24h', '7d'] as const

const shortest = 1_000
const longest = 5 * 366 * 86_400_000

/** readView takes the view out of a page's address; what makes no sense there becomes the last hour. */
export function readView(params: URLSearchParams): View {
  const from = Number(params.get('from'))
  const to = Number(params.get('to'))
  if (Number.isFinite(from) && Number.isFinite(to) && from > 0 && to > from) return { from, to }
  const last = params.get('last') ?? ''
  const ms = durationMillis(last)
  return { last: ms >= shortest && ms <= longest ? last : '1h' }
}

/** writeView puts the view into a page's address, so that the address can be handed on. */
export function writeView(params: URLSearchParams, view: View): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const k of ['from', 'to', 'last']) next.delete(k)
  if ('last' in view) next.set('last', view.last)
  else {
    next.set('from', String(Math.round(view.from)))
    next.set('to', String(Math.round(view.to)))
  }
  return next
}

export function spanOf(view: View, now: number): Interval {
  return 'last' in view ? { from: now - durationMillis(view.last), to: now } : view
}

/** zoom makes the span `factor` times as long around a time that stays where it is on the screen. */
export function zoom(span: Interval, factor: number, around = (span.from + span.to) / 2): Interval {
  const length = span.to - span.from
  const wanted = Math.min(longest, Math.max(shortest, length * factor))
  const share = (around - span.from) / length
  return { from: around - wanted * share, to: around + wanted * (1 - share) }
}

/** pan moves the span by a share of its length: -0.5 is half a screen into the past. */
export function pan(span: Interval, share: number): Interval {
  const by = (span.to - span.from) * share
  return { from: span.from + by, to: span.to + by }
}

/** select orders the two ends of a drag; undefined where it was too short to be meant. */
export function select(a: number, b: number, pixel: number): Interval | undefined {
  const [from, to] = a < b ? [a, b] : [b, a]
  return to - from < 4 * pixel || to - from < shortest / 10 ? undefined : { from, to }
}

/**
 * refreshEvery is how often a moving trend is asked for anew, ms. The stream adds what comes in between, so it is only
 * for what the stream left out by coalescing.
 */
export function refreshEvery(span: Interval, pixels: number): number {
  return Math.min(300_000, Math.max(10_000, ((span.to - span.from) / Math.max(1, pixels)) * 4))
}
