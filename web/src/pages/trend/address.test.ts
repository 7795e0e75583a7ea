import { describe, expect, it } from 'vitest'

import { freeColour, maxSeries, pick, readAddress, writeAddress, type Address } from './address'

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const read = (text: string) => readAddress(new URLSearchParams(text))

describe('the address', () => {
  it('hands on every part of a view', () => {
    const all: Address = {
      series: [
        { id: id(1), colour: 0 },
        { id: id(2), colour: 7, axis: 3, line: 'step', hidden: true },
        { id: id(3), colour: 2, line: 'line' },
      ],
      view: { from: 1_700_000_000_000, to: 1_700_000_060_000 },
      compare: '36h',
      asOf: '2026-11-22T05:00:00.000Z',
      lanes: true,
      ranges: [undefined, { low: -1.5, high: 1e6 }, undefined, { low: 0, high: 100 }],
      a: 1_700_000_010_000,
      b: 1_700_000_020_000,
      without: ['change'],
    }
    const text = writeAddress(new URLSearchParams('kept=1'), all).toString()
    expect(text).toContain('kept=1')
    expect(read(text)).toEqual(all)
  })
  it('hands on a view that moves', () => {
    for (const last of ['15m', '30d', 'today']) {
      const a = read(`last=${last}`)
      expect(a.view).toEqual(last === 'today' ? { today: true } : { last })
      expect(writeAddress(new URLSearchParams(), a).get('last')).toBe(last)
    }
  })
  it('has nothing in it for what is usual', () => {
    expect(writeAddress(new URLSearchParams(), { ...read(''), view: { last: '1h' } }).toString()).toBe('last=1h')
  })
  it('takes what makes no sense as the usual', () => {
    const a = read(
      `s=${id(1)}~c99~a9~zz,junk,${id(1)}&from=5&to=4&last=banana&compare=-1d&asOf=soon&y1=9..3&a=x&without=sun`,
    )
    expect(a).toEqual({
      series: [{ id: id(1), colour: 0 }],
      view: { last: '1h' },
      compare: undefined,
      asOf: undefined,
      lanes: false,
      ranges: [undefined, undefined, undefined, undefined],
      a: undefined,
      b: undefined,
      without: [],
    })
  })
  it('takes no more series than are drawn', () => {
    const many = Array.from({ length: 20 }, (_, i) => id(i)).join(',')
    expect(read(`s=${many}`).series).toHaveLength(maxSeries)
  })
})

describe('pick', () => {
  it('gives each series a colour that none has, and stops when full', () => {
    let series = pick(pick(pick([], id(1)), id(2)), id(3)).filter((s) => s.id !== id(2))
    expect(freeColour(series)).toBe(1)
    series = pick(series, id(4))
    expect(series.map((s) => s.colour)).toEqual([0, 2, 1])
    expect(pick(series, id(4))).toBe(series)
    for (let i = 10; i < 40; i++) series = pick(series, id(i))
    expect(series).toHaveLength(maxSeries)
    expect(new Set(series.map((s) => s.colour)).size).toBe(maxSeries)
  })
})
