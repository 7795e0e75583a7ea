import { describe, expect, it } from 'vitest'

import type { StatusClass } from '../api/types'
import { bands, inOrder, sampleAt, trace, withLive, type Rule, type TrendPoint } from './segments'

const names: Record<StatusClass, string> = { good: 'Good', uncertain: 'UncertainLastUsableValue', bad: 'BadTimeout' }
const point = (t: number, v: number | null, cls: StatusClass = 'good'): TrendPoint => ({
  t,
  v: v ?? NaN,
  value: v,
  status: { code: cls === 'good' ? 0 : cls === 'bad' ? 0x800a0000 : 0x40900000, name: names[cls], class: cls },
})
const rule: Rule = { span: { from: 0, to: 100 }, maxSilence: 10, pixel: 1, now: 1000 }

describe('trace', () => {
  it('draws through neighbours that are close enough', () => {
    const got = trace(
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((t) => point(t, t)),
      rule,
    )
    expect(got.line.every(([, v]) => v !== null)).toBe(true)
    expect(got.quality).toEqual([])
  })
  it('breaks where the source kept silent for longer than it may, and says so on the band', () => {
    const got = trace([point(0, 1), point(5, 2), point(40, 3), point(50, 4), point(60, 5)], {
      ...rule,
      span: { from: 0, to: 60 },
    })
    expect(got.line).toEqual([
      [0, 1],
      [5, 2],
      [40, null],
      [40, 3],
      [50, 4],
      [60, 5],
    ])
    expect(got.quality).toEqual([{ from: 15, to: 40, quality: 'gap', name: '' }])
  })
  it('breaks at a bad sample, which holds until a better one comes', () => {
    const got = trace([point(0, 1), point(8, null, 'bad'), point(50, 4), point(59, 4)], {
      ...rule,
      span: { from: 0, to: 60 },
    })
    expect(got.line).toEqual([
      [0, 1],
      [8, null],
      [50, null],
      [50, 4],
      [59, 4],
    ])
    expect(got.quality).toEqual([{ from: 8, to: 50, quality: 'bad', name: 'BadTimeout' }])
  })
  it('keeps an uncertain value in the line and marks it', () => {
    const got = trace([point(0, 1), point(5, 2, 'uncertain'), point(10, 3)], { ...rule, span: { from: 0, to: 15 } })
    expect(got.line).toEqual([
      [0, 1],
      [5, 2],
      [10, 3],
    ])
    expect(got.quality).toEqual([{ from: 5, to: 10, quality: 'uncertain', name: 'UncertainLastUsableValue' }])
  })
  it('does not break within a pixel, where the node leaves samples out', () => {
    const got = trace([point(0, 1), point(40, 9), point(50, 2)], { ...rule, pixel: 50, span: { from: 0, to: 60 } })
    expect(got.line.every(([, v]) => v !== null)).toBe(true)
  })
  it('marks what is missing at both ends, but not the future', () => {
    const got = trace([point(30, 1), point(35, 1)], { ...rule, now: 80 })
    expect(got.quality).toEqual([
      { from: 0, to: 30, quality: 'gap', name: '' },
      { from: 45, to: 80, quality: 'gap', name: '' },
    ])
    expect(trace([], { ...rule, now: 60 }).quality).toEqual([{ from: 0, to: 60, quality: 'gap', name: '' }])
  })
  it('lists single points between breaks, which a line cannot show', () => {
    const got = trace([point(0, 1), point(30, 2), point(60, 3), point(65, 3)], rule)
    expect(got.lone).toEqual([
      [0, 1],
      [30, 2],
    ])
  })
})

describe('bands', () => {
  it('join equal neighbours and end at a bad sample', () => {
    const text = (t: number, value: string, cls: StatusClass = 'good') => ({ ...point(t, 0, cls), value })
    const got = bands([text(0, 'Prep'), text(5, 'Prep'), text(10, 'Layer 1'), text(14, '', 'bad'), text(20, 'Prep')], {
      ...rule,
      now: 24,
    })
    expect(got).toEqual([
      { from: 0, to: 10, value: 'Prep' },
      { from: 10, to: 14, value: 'Layer 1' },
      { from: 20, to: 24, value: 'Prep' },
    ])
  })
})

describe('sampleAt', () => {
  const points = [point(0, 1), point(10, 2), point(20, null, 'bad'), point(60, 3)]
  it('gives the value that holds', () => {
    expect(sampleAt(points, 12, 10)?.v).toBe(2)
    expect(sampleAt(points, 10, 10)?.v).toBe(2)
    expect(sampleAt(points, -1, 10)).toBeUndefined()
  })
  it('gives the bad mark as long as it stands, but never a value that is too old', () => {
    expect(sampleAt(points, 45, 10)?.status.class).toBe('bad')
    expect(sampleAt(points, 75, 10)).toBeUndefined()
  })
})

describe('withLive', () => {
  it('appends only what is newer and keeps one of what has left the span', () => {
    const got = withLive([point(0, 1), point(1, 1), point(9, 2)], [point(8, 0), point(9, 2), point(12, 3)], {
      from: 5,
      to: 20,
    })
    expect(got.map((p) => p.t)).toEqual([1, 9, 12])
  })
  it('leaves out the same sample told twice', () => {
    expect(inOrder([point(3, 1), point(1, 1), point(3, 1)]).map((p) => p.t)).toEqual([1, 3])
  })
})
