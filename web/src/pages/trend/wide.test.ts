import { describe, expect, it } from 'vitest'

import type { Page, Sample } from '../../api/types'
import { wideFile, wideHeader, wideRow, type WideSeries } from './wide'

const sample = (n: number, value: Sample['value'] = n): Sample => ({
  time: new Date(n * 1000).toISOString(),
  gatewayTime: '',
  value,
  status: { code: 0, name: 'Good', class: 'good' },
  origin: 'measured',
  revision: 0,
  commit: '1',
})
const power: WideSeries = { id: 'p', label: 'Power, main', unit: 'kW', text: false }
const mode: WideSeries = { id: 'm', label: 'Mode', unit: '', text: true }

describe('wideRow', () => {
  it('has five columns for each series, empty where one has no more', () => {
    expect(wideHeader([power, mode])).toBe(
      '"Power, main time","Power, main value [kW]","Power, main status","Power, main origin","Power, main revision",Mode time,Mode value,Mode status,Mode origin,Mode revision\r\n',
    )
    expect(wideRow([power, mode], [sample(1, -0.5), undefined])).toBe(
      '1970-01-01T00:00:01.000Z,-0.5,Good,measured,0,,,,,\r\n',
    )
  })
  it('keeps a text that looks like a formula from being run, and a number as it is', () => {
    expect(wideRow([mode], [sample(1, '=1+1')])).toContain(",'=1+1,")
    expect(wideRow([power], [sample(1, null)])).toContain('Z,,Good')
  })
})

describe('wideFile', () => {
  // Pages of uneven lengths, as they come when the series have different rates.
  const pages =
    (all: Sample[], size: number) =>
    (cursor: string | undefined): Page<Sample> => {
      const at = Number(cursor ?? 0)
      const more = at + size < all.length
      return { items: all.slice(at, at + size), next: more ? String(at + size) : undefined }
    }
  it('loses and doubles nothing, whatever the pages', async () => {
    const long = Array.from({ length: 23 }, (_, i) => sample(i))
    const short = Array.from({ length: 8 }, (_, i) => sample(i, `t${i}`))
    const of: Record<string, ReturnType<typeof pages>> = { p: pages(long, 5), m: pages(short, 3) }
    const told: number[] = []
    const file = await wideFile(
      [power, mode],
      { from: 0, to: 23_000 },
      (id, cursor) => Promise.resolve(of[id]?.(cursor) ?? { items: [] }),
      new AbortController().signal,
      (p) => told.push(p.share),
    )
    const lines = (await file.text()).replace('\ufeff', '').trimEnd().split('\r\n')
    expect(lines).toHaveLength(24)
    const cells = lines.slice(1).map((l) => l.split(','))
    expect(cells.map((c) => c[1])).toEqual(long.map((s) => String(s.value)))
    expect(cells.map((c) => c[6]).filter(Boolean)).toEqual(short.map((s) => s.value))
    expect(told.at(-1)).toBe(1)
    expect([...told]).toEqual([...told].sort((a, b) => a - b))
  })
  it('is a head alone where there is nothing', async () => {
    const file = await wideFile(
      [power],
      { from: 0, to: 1 },
      () => Promise.resolve({ items: null }),
      new AbortController().signal,
      () => undefined,
    )
    expect((await file.text()).replace('\ufeff', '')).toBe(wideHeader([power]))
  })
})
