import type { components } from '../../api/schema'
import { millis } from '../../format/time'
import type { Interval } from '../../trend/segments'

type Row = Pick<components['schemas']['RollupRow'], 'from' | 'to' | 'coveredSeconds' | 'integral'>

/** What weighs by time: the mean over the time with a good value, and the integral in unit·seconds. */
export interface Weighted {
  mean: number | null
  integral: number | null
}

const minute = 60_000
const hour = 60 * minute
// A longer span by finer rows would bring more than it tells.
const mostRows = 400

/** levelOf names the roll-up rows of which a span may be made up; undefined where its bounds cut every kind. */
export function levelOf({ from, to }: Interval): 'minute' | 'hour' | 'day' | undefined {
  const fits = (step: number) => from % step === 0 && to % step === 0 && (to - from) / step <= mostRows
  if (fits(minute)) return 'minute'
  if (fits(hour)) return 'hour'
  // Days follow the calendar of the site: whether they fit is told by the rows.
  return from % minute === 0 && to % minute === 0 ? 'day' : undefined
}

/**
 * weighted adds up the rows of a span. It is exact or nothing: undefined where a row reaches beyond the span (days and
 * hours follow the calendar of the site), or where a row with good values has no integral.
 */
export function weighted(rows: Row[], span: Interval): Weighted | undefined {
  let seconds = 0
  let integral = 0
  for (const row of rows) {
    if (millis(row.from) < span.from || millis(row.to) > span.to) return undefined
    if (row.coveredSeconds === 0) continue
    if (row.integral === null) return undefined
    seconds += row.coveredSeconds
    integral += row.integral
  }
  return seconds > 0 ? { mean: integral / seconds, integral } : { mean: null, integral: null }
}
