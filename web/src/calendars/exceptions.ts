import type { Exception } from './draft'
import { addDays, isDate } from './zone'

/** What is wrong with a line of a list, by number from 1. */
export interface LineFault {
  line: number
  text: string
  why: 'date' | 'order' | 'as'
}

const dayWords: Record<string, string> = {
  mon: 'mon',
  tue: 'tue',
  wed: 'wed',
  thu: 'thu',
  fri: 'fri',
  sat: 'sat',
  sun: 'sun',
  周一: 'mon',
  周二: 'tue',
  周三: 'wed',
  周四: 'thu',
  周五: 'fri',
  周六: 'sat',
  周日: 'sun',
  周天: 'sun',
}
const offWords = ['off', '休', '休息', '放假']

/**
 * parseList reads holidays and moved working days as people paste them: a line is a date or a row of dates
 * (2026-10-01..2026-10-07, also with ~ or 至), then "off", or "as" with a weekday or a date that it is worked like, and a
 * name. Without "off" or "as" it is off. Fields stand apart by spaces, tabs or commas; # begins a remark. Dates may be
 * written 2026/10/1 or 2026.10.1.
 */
export function parseList(text: string): { found: Exception[]; faults: LineFault[] } {
  const found: Exception[] = []
  const faults: LineFault[] = []
  text.split(/\r?\n/).forEach((raw, i) => {
    const line = raw.replace(/#.*$/, '').trim()
    if (line === '') return
    const read = parseLine(line)
    if (typeof read === 'string') faults.push({ line: i + 1, text: raw.trim().slice(0, 80), why: read })
    else found.push(read)
  })
  return { found, faults }
}

const dateForm = String.raw`(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?`
const rowForm = new RegExp(`^${dateForm}(?:\\s*(?:\\.\\.|~|～|至|到|—|–)\\s*${dateForm})?(?=$|[\\s,，;；])`)

function parseLine(line: string): Exception | LineFault['why'] {
  const m = rowForm.exec(line)
  if (!m) return 'date'
  const first = written(m.slice(1, 4))
  const last = m[4] === undefined ? undefined : written(m.slice(4, 7))
  if (!isDate(first) || (last !== undefined && !isDate(last))) return 'date'
  if (last !== undefined && (last < first || last > addDays(first, 365))) return 'order'
  const words = line
    .slice(m[0].length)
    .split(/[\s,，;；]+/)
    .filter(Boolean)
  const base = { date: first, last: last === first ? undefined : last }
  const named = (rest: string[]) => {
    const name = rest.join(' ').slice(0, 60)
    return name === '' ? {} : { name: { zh: name, en: name } }
  }
  const word = words[0]?.toLowerCase() ?? ''
  if (offWords.includes(word)) return { ...base, off: true, ...named(words.slice(1)) }
  const as = /^(?:as|按|补|上)[=:：]?(.*)$/.exec(word)
  if (!as) return { ...base, off: true, ...named(words) }
  // "as wed" and "as=wed", 按周三.
  const together = as[1] !== ''
  const like = (together ? as[1] : words[1]?.toLowerCase()) ?? ''
  const rest = words.slice(together ? 1 : 2)
  const day = dayWords[like]
  const date = new RegExp(`^${dateForm}$`).exec(like)
  if (day) return { ...base, as: day, ...named(rest) }
  if (date && isDate(written(date.slice(1, 4)))) return { ...base, as: written(date.slice(1, 4)), ...named(rest) }
  return 'as'
}

const written = ([y = '', m = '', d = '']: string[]) => `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`

/** merged adds exceptions to others; one of the same first date takes the place of that. The result is by date. */
export function merged(held: readonly Exception[], more: readonly Exception[]): Exception[] {
  const dates = new Set(more.map((x) => x.date))
  return [...held.filter((x) => !dates.has(x.date)), ...more].sort((a, b) => a.date.localeCompare(b.date))
}
