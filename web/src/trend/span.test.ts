import { describe, expect, it } from 'vitest'

import { pan, readView, select, spanOf, writeView, zoom } from './span'

const view = (s: string) => readView(new URLSearchParams(s))

describe('the view in the address', () => {
  it('is a fixed span or the last so long', () => {
    expect(view('from=1000&to=2000')).toEqual({ from: 1000, to: 2000 })
    expect(view('last=8h')).toEqual({ last: '8h' })
    expect(spanOf({ last: '5m' }, 1_000_000)).toEqual({ from: 700_000, to: 1_000_000 })
  })
  it('falls back to the last hour', () => {
    for (const s of ['', 'from=2000&to=1000', 'last=soon', 'last=9999d', 'from=x&to=y', 'last=1ms']) {
      expect(view(s)).toEqual({ last: '1h' })
    }
  })
  it('survives the way through the address and leaves the rest of it alone', () => {
    const p = writeView(new URLSearchParams('s=a&last=1h'), { from: 1000.4, to: 2000 })
    expect(p.toString()).toBe('s=a&from=1000&to=2000')
    expect(writeView(p, { last: '7d' }).toString()).toBe('s=a&last=7d')
  })
})

describe('zoom, pan and select', () => {
  it('zooms around the middle or around a time that stays in place', () => {
    expect(zoom({ from: 0, to: 100_000 }, 0.5)).toEqual({ from: 25_000, to: 75_000 })
    expect(zoom({ from: 0, to: 100_000 }, 0.5, 0)).toEqual({ from: 0, to: 50_000 })
  })
  it('never gets shorter than a second', () => {
    const z = zoom({ from: 0, to: 1_500 }, 0.01)
    expect(z.to - z.from).toBe(1_000)
  })
  it('moves by a share', () => {
    expect(pan({ from: 100, to: 200 }, -0.5)).toEqual({ from: 50, to: 150 })
  })
  it('orders a drag and ignores a click', () => {
    expect(select(5000, 1000, 10)).toEqual({ from: 1000, to: 5000 })
    expect(select(1000, 1030, 10)).toBeUndefined()
  })
})
