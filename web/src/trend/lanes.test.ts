import { describe, expect, it } from 'vitest'

import type { ValueType } from '../api/types'
import { draw, layOut } from './lanes'

const one = (id: string, unit: string, type: ValueType = 'float64') =>
  draw({ id, name: id, unit, type, maxSilence: 10 }, 0, [], { from: 0, to: 100 }, 100, 100)

describe('layOut', () => {
  it('gives each unit a lane and each text or boolean a band, one under the other', () => {
    const { lanes, quality, height } = layOut(
      [one('a', 'mm'), one('b', 'mm'), one('c', 'V'), one('d', '', 'string')],
      400,
    )
    expect(lanes.map((l) => [l.kind, l.series.map((s) => s.id)])).toEqual([
      ['numbers', ['a', 'b']],
      ['numbers', ['c']],
      ['bands', ['d']],
    ])
    for (const [i, lane] of lanes.entries())
      expect(lanes[i + 1]?.top ?? quality.top).toBeGreaterThan(lane.top + lane.height)
    expect(height).toBe(quality.top + quality.height)
    expect(height).toBeLessThanOrEqual(408)
  })
  it('grows rather than squeeze many units until nothing can be read', () => {
    const { lanes, height } = layOut(
      ['mm', 'V', 'A', 'W', 'Cel', 'Hz', 'bar', '%'].map((u) => one(u, u)),
      300,
    )
    expect(Math.min(...lanes.map((l) => l.height))).toBe(56)
    expect(height).toBeGreaterThan(500)
  })
})

describe('draw', () => {
  it('says nothing of what has not come yet', () => {
    const p = { id: 'a', name: 'a', unit: '1', type: 'float64' as const, maxSilence: 10 }
    expect(draw(p, 0, undefined, { from: 0, to: 100 }, 100, 100).trace.quality).toEqual([])
    expect(draw(p, 0, [], { from: 0, to: 100 }, 100, 100).trace.quality).toHaveLength(1)
  })
  it('shows a number that counts states as bands', () => {
    const p = {
      id: 'a',
      name: 'a',
      unit: '1',
      type: 'int64' as const,
      maxSilence: 10,
      values: [{ value: '2', name: { zh: '准备' } }],
    }
    const at = (t: number, value: string) => ({
      t,
      v: Number(value),
      value,
      status: { code: 0, name: 'Good', class: 'good' as const },
    })
    const d = draw(p, 0, [at(0, '2'), at(5, '2'), at(8, '3')], { from: 0, to: 12 }, 12, 12)
    expect(d.bands).toEqual([
      { from: 0, to: 8, value: '2' },
      { from: 8, to: 12, value: '3' },
    ])
  })
  it('tells the range of what is not bad', () => {
    const at = (t: number, v: number, cls: 'good' | 'bad') => ({
      t,
      v,
      value: v,
      status: { code: 0, name: '', class: cls },
    })
    const d = draw(
      { id: 'a', name: 'a', unit: '1', type: 'float64', maxSilence: 10 },
      0,
      [at(1, 5, 'good'), at(2, -3, 'good'), at(3, 99, 'bad')],
      { from: 0, to: 10 },
      10,
      10,
    )
    expect([d.low, d.high, d.count]).toEqual([-3, 5, 2])
  })
})
