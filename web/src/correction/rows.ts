import type { SampleValue, ValueType } from '../api/types'
import { before, readTime } from './time'

/** A row that a person typed or pasted. */
export interface Row {
  time: string
  value: string
}

export interface Given {
  time: string
  value: string | number | boolean
}

/** What is wrong with a row: its time, its value, or that its time stands twice. */
export type RowFault = 'time' | 'value' | 'twice'

export const mostGiven = 10_000

/**
 * pasted takes rows out of text from a spreadsheet (tabs), a CSV (commas, semicolons, quotes) or a list. A first row
 * whose time is none is taken for a heading.
 */
export function pasted(text: string): Row[] {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .filter((l) => l.trim() !== '')
  const tab = lines.some((l) => l.includes('\t'))
  const mark = tab ? '\t' : lines.some((l) => l.includes(';')) ? ';' : lines.some((l) => /[,，]/.test(l)) ? ',' : ''
  const rows = lines.map((line): Row => {
    const cells = mark === '' ? lastGap(line) : cellsOf(mark === ',' ? line.replace(/，/g, ',') : line, mark)
    return { time: (cells[0] ?? '').trim(), value: (cells[1] ?? '').trim() }
  })
  const [first] = rows
  return first && readTime(first.time) === undefined && rows.length > 1 ? rows.slice(1) : rows
}

// "2026-05-04 08:00 12.5": the value is what stands after the last gap.
function lastGap(line: string): string[] {
  const m = /^\s*(.+?)\s+(\S+)\s*$/.exec(line)
  return m ? [m[1] ?? '', m[2] ?? ''] : [line, '']
}

function cellsOf(line: string, mark: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? ''
    if (quoted) {
      if (c !== '"') cell += c
      else if (line[i + 1] === '"') {
        cell += c
        i++
      } else quoted = false
    } else if (c === '"' && cell.trim() === '') {
      quoted = true
      cell = ''
    } else if (c === mark) {
      cells.push(cell)
      cell = ''
    } else cell += c
  }
  return [...cells, cell]
}

/** readValue takes a typed value as the node takes one of the series' type; undefined where it is none. */
export function readValue(text: string, type: ValueType): Given['value'] | undefined {
  const t = text.trim()
  switch (type) {
    case 'float64': {
      const n = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(t) ? Number(t) : NaN
      return Number.isFinite(n) ? n : undefined
    }
    case 'int64': {
      if (!/^[+-]?\d{1,19}$/.test(t)) return undefined
      const n = BigInt(t.replace('+', ''))
      // Digits, because a JSON number of a browser holds only 53 bits.
      return BigInt.asIntN(64, n) === n ? n.toString() : undefined
    }
    case 'bool':
      if (/^(true|1|yes|on|是|真|开)$/i.test(t)) return true
      return /^(false|0|no|off|否|假|关)$/i.test(t) ? false : undefined
    default:
      return text
  }
}

/** editable is a value as it stands in a field. */
export const editable = (v: SampleValue): string => (v === null ? '' : String(v))

export interface Read {
  /** In order of time, as the node wants them. */
  values: Given[]
  /** The rows that they came from, in the same order; empty ones are left out. */
  rows: Row[]
  /** By place in the given rows. */
  faults: Map<number, RowFault>
}

/** readRows makes values of typed rows, in order of time. */
export function readRows(rows: Row[], type: ValueType): Read {
  const faults = new Map<number, RowFault>()
  const good: { row: Row; given: Given; place: number }[] = []
  rows.forEach((row, place) => {
    if (row.time.trim() === '' && row.value.trim() === '') return
    const time = readTime(row.time)
    const value = row.value === '' && type !== 'string' ? undefined : readValue(row.value, type)
    if (time === undefined) faults.set(place, 'time')
    else if (value === undefined) faults.set(place, 'value')
    else good.push({ row, given: { time, value }, place })
  })
  good.sort((a, b) => before(a.given.time, b.given.time))
  good.forEach((g, i) => {
    if (i > 0 && good[i - 1]?.given.time === g.given.time) faults.set(g.place, 'twice')
  })
  return { values: good.map((g) => g.given), rows: good.map((g) => g.row), faults }
}
