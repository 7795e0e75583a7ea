import type { Bucket, Text } from '../api/types'
import { millis } from '../format/time'
import { addDays, wall } from './zone'

export interface Bar {
  key: string
  /** Of the row, 0 to 1. */
  from: number
  to: number
  /** It began on the row above. */
  goesOn: boolean
  shift?: Text
  crew?: Text
  /** By the plant's clock: 08:00–16:00. */
  clock: string
  hours: number
}

export interface Row {
  date: string
  bars: Bar[]
  exception?: Text
  works: boolean
}

const day = 86_400_000

/**
 * rowsOf lays the shifts of a preview out by production day, one row each, from the start of the day by the plant's clock.
 * A shift that reaches into the next day goes on in the next row. Where the clocks change, a row shows what they show.
 */
export function rowsOf(buckets: readonly Bucket[], zone: string, dayStart: number, first: string, days: number): Row[] {
  const rows = Array.from({ length: days }, (_, i): Row => ({ date: addDays(first, i), bars: [], works: false }))
  const byDate = new Map(rows.map((r) => [r.date, r]))
  const zero = Date.parse(`${first}T00:00:00Z`) + dayStart * 60_000
  const at = (ms: number) => (wall(zone, ms) - zero) / day
  for (const b of buckets) {
    const its = byDate.get(b.day)
    if (its) {
      its.works ||= b.works
      its.exception ??= b.exception
    }
    if (!b.works) continue
    const [lo, hi] = [millis(b.from), millis(b.to)]
    const [begin, end] = [at(lo), at(hi)]
    const clock = `${hm(wall(zone, lo))}–${hm(wall(zone, hi))}`
    for (let r = Math.max(0, Math.floor(begin)); r < Math.min(days, end); r++) {
      rows[r]?.bars.push({
        key: `${b.from}/${r}`,
        from: Math.max(0, begin - r),
        to: Math.min(1, end - r),
        goesOn: begin < r,
        shift: b.shift,
        crew: b.crew,
        clock,
        hours: b.hours,
      })
    }
  }
  return rows
}

const hm = (ms: number) => new Date(ms).toISOString().slice(11, 16)

/** shiftsIn names the shifts that a preview shows, each once, in the order in which they come: a colour goes with each. */
export function shiftsIn(rows: readonly Row[]): string[] {
  const seen = new Set<string>()
  for (const r of rows) for (const b of r.bars) seen.add(keyOf(b.shift))
  return [...seen]
}

export const keyOf = (name: Text | undefined): string => `${name?.zh ?? ''}/${name?.en ?? ''}`
