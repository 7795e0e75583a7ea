import { get } from '../api/client'
import type { Plot, Sample } from '../api/types'
import { iso } from './csv'
import type { Picked } from './lanes'
import type { Interval } from './segments'

const parts = ['time', 'value', 'status', 'origin', 'revision'] as const

type Column = Pick<Picked, 'name' | 'unit' | 'type'>

/** wideHeader names five columns for each series; the unit is the UCUM code. */
export function wideHeader(series: Column[]): string {
  const cells = series.flatMap((s) =>
    parts.map((part) => `${s.name} ${part}${part === 'value' && s.unit && s.unit !== '1' ? ` [${s.unit}]` : ''}`),
  )
  return line(cells.map(safe))
}

/** wideRow puts one sample of each series side by side; a series that has none is left empty. */
export function wideRow(series: Column[], samples: (Sample | undefined)[]): string {
  const cells = series.flatMap((s, i) => {
    const sample = samples[i]
    if (!sample) return parts.map(() => '')
    const { value } = sample
    const text = value === null ? '' : String(value)
    return [
      sample.time,
      s.type === 'string' ? safe(text) : text,
      sample.status.name,
      sample.origin,
      String(sample.revision),
    ]
  })
  return line(cells)
}

const line = (cells: string[]) => `${cells.map(quote).join(',')}\r\n`

// A spreadsheet runs text that begins like a formula; an apostrophe keeps it text.
const safe = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quote = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell)

/** plotFile writes what is drawn of the series side by side. The mark at its head tells spreadsheets that it is UTF-8. */
export async function plotFile(
  series: Picked[],
  span: Interval,
  pixels: number,
  asOf: string | undefined,
  signal: AbortSignal,
): Promise<Blob> {
  const query = { mode: 'plot', from: iso(span.from), to: iso(span.to), pixels, asOf }
  const plots = await Promise.all(series.map((s) => get<Plot>(`/series/${s.id}/samples`, query, signal)))
  const rows = Math.max(0, ...plots.map((p) => p.items.length))
  const text = Array.from({ length: rows }, (_, i) =>
    wideRow(
      series,
      plots.map((p) => p.items[i]),
    ),
  )
  return new Blob(['\ufeff', wideHeader(series), ...text], { type: 'text/csv;charset=utf-8' })
}
