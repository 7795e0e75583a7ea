import { durationMillis } from '../../format/duration'
import { colourCount } from '../../trend/colours'
import type { Interval } from '../../trend/segments'
import { maxAxes } from './axes'
import { shiftOf } from './offset'

/** How many series one trend takes. */
export const maxSeries = 12

export const viewPresets = ['15m', '1h', '8h', '24h', '7d', '30d'] as const

/** TrendView is a span that moves with time (the last so-and-so long, or today), or a fixed one. Times in ms. */
export type TrendView = { last: string } | { today: true } | Interval

export const moves = (v: TrendView): v is { last: string } | { today: true } => !('from' in v)

export interface Choice {
  id: string
  /** Index of its colour. */
  colour: number
  /** The axis that it was moved to; by its unit where it is left out. */
  axis?: number
  /** How its samples are joined; by its type where it is left out. */
  line?: 'line' | 'step'
  hidden?: boolean
}

export interface AxisRange {
  low: number
  high: number
}

export const eventKinds = ['condition', 'data', 'correction', 'change'] as const
export type EventKind = (typeof eventKinds)[number]

/** Address is all that a link hands on: who opens it sees the same. */
export interface Address {
  series: Choice[]
  view: TrendView
  /** How far back the second drawing of each series lies: "1d", "7d", "36h". */
  compare?: string
  /** RFC 3339: what was known then. */
  asOf?: string
  /** Each axis in a lane of its own. */
  lanes: boolean
  /** By axis; undefined follows the values. */
  ranges: (AxisRange | undefined)[]
  /** The two cursors, ms. */
  a?: number
  b?: number
  /** Events that are not shown. */
  without: EventKind[]
}

const shortest = 1_000
const longest = 5 * 366 * 86_400_000

/** readAddress takes the trend out of a page's address. What makes no sense there is left out. */
export function readAddress(params: URLSearchParams): Address {
  const asOf = params.get('asOf') ?? ''
  const compare = params.get('compare') ?? ''
  const without = (params.get('without') ?? '').split(',')
  return {
    series: readSeries(params.get('s') ?? ''),
    view: readView(params),
    compare: shiftOf(compare, 0) === undefined ? undefined : compare,
    asOf: Number.isNaN(Date.parse(asOf)) ? undefined : asOf,
    lanes: params.get('lanes') === '1',
    ranges: Array.from({ length: maxAxes }, (_, i) => readRange(params.get(`y${i + 1}`))),
    a: readTime(params.get('a')),
    b: readTime(params.get('b')),
    without: eventKinds.filter((k) => without.includes(k)),
  }
}

/** writeAddress puts the trend into a page's address and keeps what else stands there. */
export function writeAddress(params: URLSearchParams, to: Address): URLSearchParams {
  const next = new URLSearchParams(params)
  const set = (key: string, value: string | undefined) => {
    if (value === undefined || value === '') next.delete(key)
    else next.set(key, value)
  }
  set('s', to.series.map(writeChoice).join(','))
  const { view } = to
  const time = (ms: number | undefined) => (ms === undefined ? undefined : String(Math.round(ms)))
  set('last', 'last' in view ? view.last : 'today' in view ? 'today' : undefined)
  set('from', 'from' in view ? time(view.from) : undefined)
  set('to', 'from' in view ? time(view.to) : undefined)
  set('compare', to.compare)
  set('asOf', to.asOf)
  set('lanes', to.lanes ? '1' : undefined)
  for (let i = 0; i < maxAxes; i++) {
    const range = to.ranges[i]
    set(`y${i + 1}`, range && `${range.low}..${range.high}`)
  }
  set('a', time(to.a))
  set('b', time(to.b))
  set('without', to.without.join(','))
  return next
}

function readView(params: URLSearchParams): TrendView {
  const from = readTime(params.get('from'))
  const to = readTime(params.get('to'))
  if (from !== undefined && to !== undefined && to - from >= 1 && to - from <= longest) return { from, to }
  const last = params.get('last') ?? ''
  if (last === 'today') return { today: true }
  const ms = durationMillis(last)
  return { last: ms >= shortest && ms <= longest ? last : '1h' }
}

// Between 1970 and 2200, as the node answers for.
function readTime(text: string | null): number | undefined {
  const ms = text === null || text === '' ? NaN : Number(text)
  return ms > 0 && ms < 7_258_118_400_000 ? ms : undefined
}

function readRange(text: string | null): AxisRange | undefined {
  const m = /^(.+)\.\.(.+)$/.exec(text ?? '')
  const low = Number(m?.[1])
  const high = Number(m?.[2])
  return Number.isFinite(low) && Number.isFinite(high) && low < high ? { low, high } : undefined
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function readSeries(text: string): Choice[] {
  const seen = new Set<string>()
  const choices: Choice[] = []
  for (const part of text.split(',')) {
    const [id = '', ...marks] = part.split('~')
    if (!uuid.test(id) || seen.has(id) || choices.length === maxSeries) continue
    seen.add(id)
    const one: Choice = { id, colour: choices.length }
    for (const mark of marks) {
      const n = /^[ca]\d+$/.test(mark) ? Number(mark.slice(1)) : NaN
      if (mark.startsWith('c') && n < colourCount) one.colour = n
      else if (mark.startsWith('a') && n >= 1 && n <= maxAxes) one.axis = n - 1
      else if (mark === 'l') one.line = 'line'
      else if (mark === 's') one.line = 'step'
      else if (mark === 'h') one.hidden = true
    }
    choices.push(one)
  }
  return choices
}

function writeChoice(c: Choice, place: number): string {
  return [
    c.id,
    ...(c.colour === place ? [] : [`c${c.colour}`]),
    ...(c.axis === undefined ? [] : [`a${c.axis + 1}`]),
    ...(c.line === undefined ? [] : [c.line === 'step' ? 's' : 'l']),
    ...(c.hidden ? ['h'] : []),
  ].join('~')
}

/** freeColour is the first colour that no chosen series has. */
export function freeColour(series: Choice[]): number {
  const used = new Set(series.map((s) => s.colour))
  for (let i = 0; i < colourCount; i++) if (!used.has(i)) return i
  return 0
}

/** pick adds a series at the end; a full trend and one that has it already stay as they are. */
export function pick(series: Choice[], id: string): Choice[] {
  if (series.length >= maxSeries || series.some((s) => s.id === id)) return series
  return [...series, { id, colour: freeColour(series) }]
}
