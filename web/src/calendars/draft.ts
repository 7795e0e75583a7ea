import type { CalendarDefinition, Text } from '../api/types'

// A definition as the editor holds it: lists are there even where they are empty. All functions give a new one.

export interface Shift {
  id: string
  name: Text
  start: string
  end: string
}

export interface Crew {
  id: string
  name: Text
}

export interface Turn {
  shift: string
  crew?: string
}

export interface Pattern {
  from?: string
  shifts: Shift[]
  crews: Crew[]
  week?: Record<string, Turn[]>
  cycle?: { first?: string; days: Turn[][] }
}

export interface Exception {
  date: string
  last?: string
  name?: Text
  off?: boolean
  as?: string
  turns?: Turn[]
}

export interface Draft {
  zone: string
  dayStart: string
  monthStart: number
  patterns: Pattern[]
  exceptions: Exception[]
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const clock = (text: string): number => {
  const m = /^(\d\d):(\d\d)$/.exec(text)
  return m ? Number(m[1]) * 60 + Number(m[2]) : NaN
}
const two = (n: number) => String(n).padStart(2, '0')

/** clockText writes minutes from midnight as a time of day. */
export const clockText = (minutes: number): string => {
  const m = ((minutes % 1440) + 1440) % 1440
  return `${two(Math.floor(m / 60))}:${two(m % 60)}`
}

/** clockOf reads a time of day as people type it; what is none stays as it is, for the node to say so. */
export function clockOf(text: string): string {
  const m = /^(\d{1,2})(?:[:：.]?(\d\d))?$/.exec(text.trim())
  return m ? `${(m[1] ?? '').padStart(2, '0')}:${m[2] ?? '00'}` : text.trim()
}

export const minutesOf = (text: string): number => clock(text)

/** lengthOf a shift in minutes: one that ends when it begins lasts a day. NaN where a time is missing. */
export function lengthOf(s: Pick<Shift, 'start' | 'end'>): number {
  const m = (((clock(s.end) - clock(s.start)) % 1440) + 1440) % 1440
  return m === 0 ? 1440 : m
}

/** endAfter is the end of a shift of so many minutes. */
export const endAfter = (start: string, minutes: number): string => clockText(clock(start) + minutes)

/** toDraft takes a definition as the node tells it, or a file; lengths become ends. */
export function toDraft(d: CalendarDefinition): Draft {
  return {
    zone: d.zone,
    dayStart: d.dayStart ?? '00:00',
    monthStart: d.monthStart ?? 1,
    patterns: (d.patterns ?? []).map((p) => ({
      from: p.from,
      shifts: (p.shifts ?? []).map((s) => ({
        id: s.id,
        name: s.name,
        start: s.start,
        end: s.end ?? (s.length ? endAfter(s.start, goMinutes(s.length)) : ''),
      })),
      crews: p.crews ?? [],
      week: p.week && Object.fromEntries(Object.entries(p.week).map(([day, turns]) => [day, turns ?? []])),
      cycle: p.cycle && { first: p.cycle.first, days: p.cycle.days.map((x) => x ?? []) },
    })),
    exceptions: (d.exceptions ?? []).map((x) => ({ ...x, turns: x.turns ?? undefined })),
  }
}

const goMinutes = (text: string): number => {
  const m = /^(?:(\d+)h)?(?:(\d+)m)?(?:0s)?$/.exec(text)
  return m ? Number(m[1] ?? 0) * 60 + Number(m[2] ?? 0) : NaN
}

/** toDefinition is what the node is sent: what says nothing is left out. */
export function toDefinition(d: Draft): CalendarDefinition {
  return {
    zone: d.zone,
    dayStart: d.dayStart === '00:00' ? undefined : d.dayStart,
    monthStart: d.monthStart === 1 ? undefined : d.monthStart,
    patterns: d.patterns.map((p) => ({ ...p, from: p.from || undefined })),
    exceptions: d.exceptions.map((x) => ({
      ...x,
      last: x.last || undefined,
      name: x.name && (x.name.zh || x.name.en) ? x.name : undefined,
    })),
  }
}

/** replaced is a list with one of its items another, or without it. */
export function replaced<T>(list: readonly T[], at: number, item?: T): T[] {
  return item === undefined ? list.filter((_, i) => i !== at) : list.map((x, i) => (i === at ? item : x))
}

/** freeId is an id that none has yet: "shift-3". */
export function freeId(taken: readonly { id: string }[], word: string): string {
  for (let n = taken.length + 1; ; n++) if (!taken.some((x) => x.id === `${word}-${n}`)) return `${word}-${n}`
}

const everyTurns = (p: Pattern, change: (turns: Turn[]) => Turn[]): Pattern => ({
  ...p,
  week: p.week && Object.fromEntries(Object.entries(p.week).map(([day, turns]) => [day, change(turns)])),
  cycle: p.cycle && { ...p.cycle, days: p.cycle.days.map(change) },
})

/** withoutShift takes a shift away, and every turn of it. */
export const withoutShift = (p: Pattern, id: string): Pattern =>
  everyTurns({ ...p, shifts: p.shifts.filter((s) => s.id !== id) }, (turns) => turns.filter((x) => x.shift !== id))

/** withoutCrew takes a crew away; its turns stay, worked by nobody in particular. */
export const withoutCrew = (p: Pattern, id: string): Pattern =>
  everyTurns({ ...p, crews: p.crews.filter((c) => c.id !== id) }, (turns) =>
    turns.map((x) => (x.crew === id ? { shift: x.shift } : x)),
  )

/** addShift adds one of eight hours, after the last. */
export function addShift(p: Pattern, name: Text): Pattern {
  const start = p.shifts.at(-1)?.end ?? '08:00'
  return { ...p, shifts: [...p.shifts, { id: freeId(p.shifts, 'shift'), name, start, end: endAfter(start, 480) }] }
}

/** What is worked on a day: not this shift, this shift by nobody in particular (''), or by a crew. */
export const worked = (turns: readonly Turn[], shift: string): string | undefined => {
  const turn = turns.find((x) => x.shift === shift)
  return turn && (turn.crew ?? '')
}

/** turned is a day with a shift worked otherwise; undefined takes it away. */
export function turned(turns: readonly Turn[], shift: string, crew: string | undefined): Turn[] {
  const others = turns.filter((x) => x.shift !== shift)
  return crew === undefined ? others : [...others, crew === '' ? { shift } : { shift, crew }]
}

/** byWeek makes a pattern go by the week; what its cycle had on the first seven days is taken over. */
export function byWeek(p: Pattern): Pattern {
  if (p.week) return p
  const days = p.cycle?.days ?? []
  const week: Record<string, Turn[]> = {}
  weekdays.forEach((day, i) => (week[day] = days[i % Math.max(1, days.length)] ?? []))
  return { ...p, week, cycle: undefined }
}

/** byCycle makes a pattern go in a cycle of days; a week becomes a cycle of seven that begins on a Monday. */
export function byCycle(p: Pattern, monday: string): Pattern {
  if (p.cycle) return p
  const { week } = p
  const days = week ? weekdays.map((day) => week[day] ?? []) : [[]]
  return { ...p, cycle: { first: days.length > 1 ? monday : undefined, days }, week: undefined }
}

/** resized is a cycle of another number of days: cut, or begun anew from its own beginning. */
export function resized(days: readonly Turn[][], count: number): Turn[][] {
  return Array.from({ length: count }, (_, i) => days[i] ?? days[i % Math.max(1, days.length)] ?? [])
}

/** addPattern begins another pattern on a date, like the last one. */
export function addPattern(d: Draft, from: string): Draft {
  const last = d.patterns.at(-1)
  const first = d.patterns.length === 0
  const next = last ? { ...last, from } : { from: first ? undefined : from, shifts: [], crews: [] }
  return { ...d, patterns: [...d.patterns, next] }
}
