import { get } from '../api/client'
import type { Page, Sample, Series } from '../api/types'
import { millis } from '../format/time'
import type { Interval } from './segments'

const columns = [
  'series',
  'name',
  'unit',
  'time',
  'gatewayTime',
  'value',
  'statusCode',
  'status',
  'flags',
  'origin',
  'revision',
  'commit',
]

export const csvHeader = `${columns.join(',')}\r\n`

export interface CsvSeries extends Pick<Series, 'id' | 'unit' | 'type'> {
  label: string
}

/** csvRow writes one sample with all that is known of it, every digit kept (RFC 4180; the unit is the UCUM code). */
export function csvRow(series: CsvSeries, s: Sample): string {
  const value =
    s.value === null ? '' : typeof s.value === 'string' && series.type === 'string' ? safe(s.value) : String(s.value)
  const fields = [
    series.id,
    safe(series.label),
    series.unit,
    s.time,
    s.gatewayTime,
    value,
    `0x${s.status.code.toString(16).toUpperCase().padStart(8, '0')}`,
    s.status.name,
    (s.flags ?? []).join(' '),
    s.origin,
    String(s.revision),
    s.commit,
  ]
  return `${fields.map(quote).join(',')}\r\n`
}

// A spreadsheet runs text that begins like a formula; an apostrophe keeps it text.
const safe = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quote = (field: string) => (/[",\r\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : field)

export interface Progress {
  /** 0 to 1: the share of the spans that has come. */
  share: number
  rows: number
}

/**
 * exportSpan fetches every raw sample of the series in the span, page by page, and returns the file. The mark at its
 * head tells Excel that it is UTF-8.
 */
export async function exportSpan(
  series: CsvSeries[],
  span: Interval,
  signal: AbortSignal,
  progress: (p: Progress) => void,
): Promise<Blob> {
  const parts: Blob[] = [new Blob(['\ufeff', csvHeader])]
  let rows = 0
  for (const [i, one] of series.entries()) {
    let cursor: string | undefined
    do {
      const page: Page<Sample> = await get(
        `/series/${one.id}/samples`,
        { mode: 'raw', from: iso(span.from), to: iso(span.to), limit: 1000, cursor },
        signal,
      )
      const items = page.items ?? []
      // Each page becomes a Blob at once, so that the browser may keep a long file on its disk.
      parts.push(new Blob([items.map((s) => csvRow(one, s)).join('')]))
      rows += items.length
      cursor = page.next
      const reached = items.at(-1)
      const share = cursor && reached ? (millis(reached.time) - span.from) / (span.to - span.from) : 1
      progress({ share: (i + Math.min(1, Math.max(0, share))) / series.length, rows })
    } while (cursor)
  }
  return new Blob(parts, { type: 'text/csv;charset=utf-8' })
}

/** iso is a time in ms as the API takes it. */
export const iso = (ms: number): string => new Date(ms).toISOString()

/** save hands a file to the person. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
