import { durationMillis } from '../../format/duration'
import type { Interval } from '../../trend/segments'
import type { TrendView } from './address'

const longest = 5 * 366 * 86_400_000

/**
 * shiftOf is how many ms before a span that begins at `from` the span to compare with begins. Whole days and weeks are
 * days of the calendar in the browser's zone: over a change of clocks "yesterday at eight" stays at eight. undefined
 * for what is no such distance.
 */
export function shiftOf(compare: string | undefined, from: number): number | undefined {
  if (!compare) return undefined
  const whole = /^(\d{1,4})([dw])$/.exec(compare)
  if (whole) {
    const days = Number(whole[1]) * (whole[2] === 'w' ? 7 : 1)
    const then = new Date(from)
    then.setDate(then.getDate() - days)
    const shift = from - then.getTime()
    return shift > 0 && shift <= longest ? shift : undefined
  }
  const ms = durationMillis(compare)
  return ms >= 1_000 && ms <= longest ? ms : undefined
}

/** spanOfView is what a view shows at a moment. Today ends at the next midnight, so that its shape stays. */
export function spanOfView(view: TrendView, now: number): Interval {
  if ('from' in view) return { from: view.from, to: view.to }
  if ('last' in view) return { from: now - durationMillis(view.last), to: now }
  const from = new Date(now)
  from.setHours(0, 0, 0, 0)
  const to = new Date(from)
  to.setDate(to.getDate() + 1)
  return { from: from.getTime(), to: to.getTime() }
}
