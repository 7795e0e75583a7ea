import { afterEach, describe, expect, it, vi } from 'vitest'

import type { Sample } from '../api/types'
import { plotFile, wideHeader, wideRow } from './wide'

const sample = (n: number, value: Sample['value'] = n): Sample => ({
  time: new Date(n * 1000).toISOString(),
  gatewayTime: '',
  value,
  status: { code: 0, name: 'Good', class: 'good' },
  origin: 'measured',
  revision: 0,
  commit: '1',
})
const power = { id: 'p', name: 'Power, main', unit: 'kW', type: 'float64' as const, maxSilence: 0 }
const mode = { id: 'm', name: 'Mode', unit: '', type: 'string' as const, maxSilence: 0 }

afterEach(() => vi.unstubAllGlobals())

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

describe('plotFile', () => {
  const of = (plots: Record<string, Sample[]>) => {
    const asked: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      asked.push(url)
      const items = Object.entries(plots).find(([id]) => url.includes(`/series/${id}/`))?.[1] ?? []
      return Promise.resolve(Response.json({ items }))
    })
    return asked
  }
  it('puts plots of different lengths side by side', async () => {
    const asked = of({ p: [sample(1), sample(2), sample(3)], m: [sample(1, 'on')] })
    const file = await plotFile([power, mode], { from: 0, to: 4000 }, 800, undefined, new AbortController().signal)
    const lines = (await file.text()).replace('\ufeff', '').trimEnd().split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines.slice(1).map((l) => l.split(',')[1])).toEqual(['1', '2', '3'])
    expect(lines.slice(1).map((l) => l.split(',')[6])).toEqual(['on', '', ''])
    expect(asked[0]).toMatch(/mode=plot.*pixels=800/)
  })
  it('is a head alone where there is nothing', async () => {
    of({})
    const file = await plotFile([power], { from: 0, to: 1 }, 10, undefined, new AbortController().signal)
    expect((await file.text()).replace('\ufeff', '')).toBe(wideHeader([power]))
  })
})
