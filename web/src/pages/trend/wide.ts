import { get } from '../../api/client'
import type { Page, Plot, Sample } from '../../api/types'
import { millis } from '../../format/time'
import { iso, type Progress } from '../../trend/csv'
import type { Interval } from '../../trend/segments'

/** A series as it stands in the head of a file. */
export interface WideSeries {
  id: string
  label: string
  /** The UCUM code. */
  unit: string
  text: boolean
}

const parts = ['time', 'value', 'status', 'origin', 'revision'] as const

/** wideHeader names five columns for each series. */
export function wideHeader(series: WideSeries[]): string {
  const cells = series.flatMap((s) =>
    parts.map((part) => `${s.label} ${part}${part === 'value' && s.unit && s.unit !== '1' ? ` [${s.unit}]` : ''}`),
  )
  return line(cells.map(safe))
}

/** wideRow puts one sample of each series side by side; a series that has none is left empty. */
export function wideRow(series: WideSeries[], samples: (Sample | undefined)[]): string {
  const cells = series.flatMap((s, i) => {
    const sample = samples[i]
    if (!sample) return parts.map(() => '')
    const { value } = sample
    const text = value === null ? '' : String(value)
    return [sample.time, s.text ? safe(text) : text, sample.status.name, sample.origin, String(sample.revision)]
  })
  return line(cells)
}

const line = (cells: string[]) => `${cells.map(quote).join(',')}\r\n`

// A spreadsheet runs text that begins like a formula; an apostrophe keeps it text.
const safe = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quote = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell)

interface Reader {
  items: Sample[]
  next: string | undefined
  done: boolean
}

/** How to read a page of a series: raw samples page by page, or the plot at once. */
export type Read = (id: string, cursor: string | undefined, signal: AbortSignal) => Promise<Page<Sample>>

export const readRaw =
  (span: Interval, asOf: string | undefined): Read =>
  (id, cursor, signal) =>
    get(
      `/series/${id}/samples`,
      { mode: 'raw', from: iso(span.from), to: iso(span.to), limit: 10_000, cursor, asOf },
      signal,
    )

export const readPlot =
  (span: Interval, pixels: number, asOf: string | undefined): Read =>
  async (id, _, signal) => {
    const query = { mode: 'plot', from: iso(span.from), to: iso(span.to), pixels, asOf }
    const plot = await get<Plot>(`/series/${id}/samples`, query, signal)
    return { items: plot.items }
  }

/**
 * wideFile writes the samples of all series side by side, page by page: never more than a page of each is held. The mark
 * at its head tells spreadsheets that it is UTF-8.
 */
export async function wideFile(
  series: WideSeries[],
  span: Interval,
  read: Read,
  signal: AbortSignal,
  progress: (p: Progress) => void,
): Promise<Blob> {
  const out: Blob[] = [new Blob(['\ufeff', wideHeader(series)])]
  const readers: Reader[] = series.map(() => ({ items: [], next: undefined, done: false }))
  const reached = series.map(() => 0)
  let rows = 0
  for (;;) {
    await Promise.all(
      readers.map(async (r, i) => {
        const id = series[i]?.id
        if (r.done || r.items.length > 0 || id === undefined) return
        const page = await read(id, r.next, signal)
        r.items = page.items ?? []
        r.next = page.next
        r.done = page.next === undefined
        const last = r.items.at(-1)
        reached[i] = r.done || !last ? 1 : (millis(last.time) - span.from) / (span.to - span.from)
      }),
    )
    // As many rows as every series that goes on can fill; at the end as many as the longest has left.
    const open = readers.filter((r) => !r.done)
    const n =
      open.length > 0
        ? Math.min(...open.map((r) => r.items.length))
        : Math.max(0, ...readers.map((r) => r.items.length))
    const text: string[] = []
    for (let i = 0; i < n; i++) {
      text.push(
        wideRow(
          series,
          readers.map((r) => r.items[i]),
        ),
      )
    }
    // Each round becomes a Blob at once, so that the browser may keep a long file on its disk.
    out.push(new Blob([text.join('')]))
    for (const r of readers) r.items = r.items.slice(n)
    rows += n
    progress({ share: reached.reduce((sum, x) => sum + Math.min(1, Math.max(0, x)), 0) / series.length, rows })
    if (readers.every((r) => r.done && r.items.length === 0)) break
  }
  return new Blob(out, { type: 'text/csv;charset=utf-8' })
}
