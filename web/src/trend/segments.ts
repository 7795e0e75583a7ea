import type { Sample, SampleValue, Status } from '../api/types'
import { plotValue } from '../format/number'
import { millis } from '../format/time'

/** A sample as the trend holds it: source time in ms, its height (NaN where it has none), its status. */
export interface TrendPoint {
  t: number
  v: number
  value: SampleValue
  status: Status
  origin?: string
}

export interface Interval {
  from: number
  to: number
}

/** quality of a stretch of time that is not plainly good; "gap" is time for which nothing came at all. */
export interface QualityInterval extends Interval {
  quality: 'bad' | 'uncertain' | 'gap'
  name: string
}

export interface Trace {
  /** [time, height], with height null where the line must break. */
  line: [number, number | null][]
  /** Points with a break on both sides: a line would not show them. */
  lone: [number, number][]
  quality: QualityInterval[]
}

export interface Rule {
  span: Interval
  /** The longest time between two samples of a healthy source, ms. */
  maxSilence: number
  /** The time of one pixel, ms: within it the node has left samples out, so a distance there says nothing. */
  pixel: number
  /** The present by the node's clock: nothing is missing after it. */
  now: number
}

export function trendPoint(s: Sample): TrendPoint {
  return { t: millis(s.time), v: plotValue(s.value), value: s.value, status: s.status, origin: s.origin }
}

/** inOrder sorts by source time and leaves out what comes twice, as first and min of one pixel do. */
export function inOrder(points: TrendPoint[]): TrendPoint[] {
  const sorted = [...points].sort((a, b) => a.t - b.t)
  return sorted.filter((p, i) => {
    const before = sorted[i - 1]
    return p.t !== before?.t || p.value !== before.value || p.status.code !== before.status.code
  })
}

/**
 * trace makes the line of one series and the band of its quality. The line breaks at every bad sample and wherever the
 * distance to the sample before is longer than the source's longest silence; what is not there is never drawn.
 */
export function trace(points: TrendPoint[], rule: Rule): Trace {
  const longest = Math.max(rule.maxSilence || 0, rule.pixel)
  const out: Trace = { line: [], lone: [], quality: [] }
  const mark = (from: number, to: number, quality: QualityInterval['quality'], name: string) => {
    const last = out.quality.at(-1)
    if (last?.quality === quality && last.name === name && from <= last.to) last.to = Math.max(last.to, to)
    else if (to > from) out.quality.push({ from, to, quality, name })
  }
  const end = Math.min(rule.span.to, rule.now)
  let before: TrendPoint | undefined
  const first = points[0]
  if (!first) {
    if (end > rule.span.from) mark(rule.span.from, end, 'gap', '')
    return out
  }
  if (first.t - rule.span.from > longest) mark(rule.span.from, first.t, 'gap', '')
  points.forEach((p, i) => {
    const next = points[i + 1]
    const silent = before !== undefined && p.t - before.t > longest
    const bad = p.status.class === 'bad'
    if (silent && before && before.status.class !== 'bad') mark(before.t + longest, p.t, 'gap', '')
    if (bad) {
      // A bad mark holds until something better comes.
      mark(p.t, next ? next.t : Math.max(end, p.t + rule.pixel), 'bad', p.status.name)
      out.line.push([p.t, null])
    } else {
      if (silent) out.line.push([p.t, null])
      out.line.push([p.t, Number.isNaN(p.v) ? null : p.v])
      if (p.status.class === 'uncertain') {
        mark(p.t, Math.min(next ? next.t : end, p.t + longest), 'uncertain', p.status.name)
      }
    }
    before = p
  })
  if (before && before.status.class !== 'bad' && end - before.t > longest) mark(before.t + longest, end, 'gap', '')
  out.lone = lonePoints(out.line)
  return out
}

function lonePoints(line: [number, number | null][]): [number, number][] {
  const lone: [number, number][] = []
  line.forEach(([t, v], i) => {
    if (v === null) return
    if ((line[i - 1]?.[1] ?? null) === null && (line[i + 1]?.[1] ?? null) === null) lone.push([t, v])
  })
  return lone
}

export interface Band extends Interval {
  value: SampleValue
}

/** bands are the stretches in which a text or a boolean kept its value. They end at bad samples and at gaps. */
export function bands(points: TrendPoint[], rule: Rule): Band[] {
  const longest = Math.max(rule.maxSilence || 0, rule.pixel)
  const end = Math.min(rule.span.to, rule.now)
  const out: Band[] = []
  points.forEach((p, i) => {
    if (p.status.class === 'bad' || p.value === null) return
    const next = points[i + 1]
    const to = Math.min(next ? next.t : end, p.t + longest)
    const last = out.at(-1)
    if (last?.value === p.value && last.to >= p.t) last.to = Math.max(last.to, to)
    else if (to > p.t) out.push({ from: p.t, to, value: p.value })
  })
  return out
}

/** sampleAt is the sample that holds at a time: the last one at or before it, unless it is bad or too old to hold. */
export function sampleAt(points: TrendPoint[], t: number, longest: number): TrendPoint | undefined {
  let low = 0
  let high = points.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((points[mid]?.t ?? Infinity) <= t) low = mid + 1
    else high = mid
  }
  const p = points[low - 1]
  if (!p) return undefined
  return p.status.class === 'bad' || t - p.t <= longest ? p : undefined
}

/**
 * withLive joins what the node plotted with what the stream has brought since. Of what is before the span only the last
 * stays: it tells how the span begins.
 */
export function withLive(plotted: TrendPoint[], live: TrendPoint[], span: Interval): TrendPoint[] {
  const after = plotted.at(-1)?.t ?? -Infinity
  const fresh = live.filter((p) => p.t > after && p.t <= span.to)
  const all = inOrder([...plotted, ...fresh])
  return all.slice(Math.max(0, all.findIndex((p) => p.t >= span.from) - 1))
}
