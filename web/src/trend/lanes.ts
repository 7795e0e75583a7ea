import type { Point, ValueType } from '../api/types'
import { bands, trace, type Band, type Interval, type Trace, type TrendPoint } from './segments'

/** A series as it is picked for the trend. */
export interface Picked {
  id: string
  name: string
  /** The UCUM code. */
  unit: string
  type: ValueType
  values?: Point['values']
  /** ms */
  maxSilence: number
  /** Index of its colour; its place among the picked where it is left out. */
  slot?: number
}

/** A series with its samples and what is drawn of them. */
export interface Drawn extends Picked {
  slot: number
  points: TrendPoint[]
  trace: Trace
  /** For text and booleans. */
  bands: Band[]
  low: number
  high: number
  count: number
}

/** A lane is a strip of the trend with a height axis of its own: one for each unit, one for each text or boolean. */
export interface Lane {
  kind: 'numbers' | 'bands'
  unit: string
  series: Drawn[]
  top: number
  height: number
}

/** isNumeric tells whether a series is drawn as a line: text, booleans and numbers that name states are bands. */
export const isNumeric = (p: Pick<Picked, 'type' | 'values'>): boolean =>
  p.type === 'float64' || (p.type === 'int64' && !p.values?.length)

const nothing: Trace = { line: [], lone: [], quality: [] }

/** draw makes what is drawn of a series. Until its samples have come (undefined) nothing is, not even that none are there. */
export function draw(
  p: Picked,
  slot: number,
  points: TrendPoint[] | undefined,
  span: Interval,
  pixels: number,
  now: number,
): Drawn {
  if (!points) return { ...p, slot, points: [], trace: nothing, bands: [], low: Infinity, high: -Infinity, count: 0 }
  const rule = { span, maxSilence: p.maxSilence, pixel: (span.to - span.from) / Math.max(1, pixels), now }
  let low = Infinity
  let high = -Infinity
  let count = 0
  for (const { t, v, status } of points) {
    if (t < span.from || t >= span.to || status.class === 'bad' || Number.isNaN(v)) continue
    low = Math.min(low, v)
    high = Math.max(high, v)
    count++
  }
  const quality = trace(points, rule)
  return { ...p, slot, points, trace: quality, bands: isNumeric(p) ? [] : bands(points, rule), low, high, count }
}

const bandHeight = 24
// The name of a band stands above it.
const bandHead = 12
const space = 14
const leastLane = 56

export interface Layout {
  lanes: Lane[]
  quality: { top: number; height: number }
  height: number
}

/**
 * layOut gives each lane its place. Lanes of numbers share what is left of the wanted height, but none gets less than
 * it needs to be read: then the whole grows.
 */
export function layOut(series: Drawn[], wanted: number): Layout {
  const numbers = new Map<string, Drawn[]>()
  for (const s of series) if (isNumeric(s)) numbers.set(s.unit, [...(numbers.get(s.unit) ?? []), s])
  const others = series.filter((s) => !isNumeric(s))
  const qualityHeight = Math.max(1, series.length) * 7 + 2
  const fixed = others.length * (bandHead + bandHeight + space) + qualityHeight + space
  const share = numbers.size > 0 ? Math.max(leastLane, (wanted - fixed - numbers.size * space) / numbers.size) : 0
  const lanes: Lane[] = []
  let top = 8
  for (const [unit, group] of numbers) {
    lanes.push({ kind: 'numbers', unit, series: group, top, height: share })
    top += share + space
  }
  for (const s of others) {
    top += bandHead
    lanes.push({ kind: 'bands', unit: '', series: [s], top, height: bandHeight })
    top += bandHeight + space
  }
  return { lanes, quality: { top, height: qualityHeight }, height: top + qualityHeight }
}
