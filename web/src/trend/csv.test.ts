import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Sample } from '../api/types'
import { csvHeader, csvRow, exportSpan } from './csv'

const sample = (time: string, value: Sample['value']): Sample => ({
  time,
  gatewayTime: time,
  value,
  status: { code: 0x80310000, name: 'BadNoCommunication', class: 'bad' },
  flags: ['noValue', 'gatewayTime'],
  origin: 'replayed',
  revision: 0,
  commit: '9007199254740993',
})

afterEach(() => vi.unstubAllGlobals())

describe('csvRow', () => {
  it('keeps every digit and quotes what needs it', () => {
    const row = csvRow(
      { id: 'x', label: 'Speed, "actual"', unit: 'mm/s', type: 'float64' },
      sample('2026-05-05T01:02:03.123456789Z', -0.1),
    )
    expect(row).toBe(
      'x,"Speed, ""actual""",mm/s,2026-05-05T01:02:03.123456789Z,2026-05-05T01:02:03.123456789Z,-0.1,0x80310000,BadNoCommunication,noValue gatewayTime,replayed,0,9007199254740993\r\n',
    )
  })
  it('keeps a text that looks like a formula from being run', () => {
    expect(csvRow({ id: 'x', label: 'l', unit: '', type: 'string' }, sample('t', '=1+1'))).toContain(",'=1+1,")
    expect(csvRow({ id: 'x', label: 'l', unit: '', type: 'int64' }, sample('t', '-12'))).toContain(',-12,')
  })
})

describe('exportSpan', () => {
  const span = { from: Date.parse('2026-05-05T00:00:00Z'), to: Date.parse('2026-05-05T00:00:10Z') }
  it('walks the pages to the end and tells how far it is', async () => {
    const pages = [
      { items: [sample('2026-05-05T00:00:00Z', 1), sample('2026-05-05T00:00:05Z', 2)], next: 'c1' },
      { items: [sample('2026-05-05T00:00:09Z', 3)] },
    ]
    const asked: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      asked.push(url)
      return Promise.resolve(new Response(JSON.stringify(pages[asked.length - 1])))
    })
    const told: number[] = []
    const file = await exportSpan(
      [{ id: 'x', label: 'l', unit: '1', type: 'float64' }],
      span,
      new AbortController().signal,
      (p) => told.push(p.share),
    )
    const bytes = new Uint8Array(await file.arrayBuffer())
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const lines = (await file.text()).replace('\ufeff', '').split('\r\n')
    expect(`${lines[0]}\r\n`).toBe(csvHeader)
    expect(lines).toHaveLength(5)
    expect(told).toEqual([0.5, 1])
    expect(asked[1]).toContain('cursor=c1')
  })
})
