import { describe, expect, it } from 'vitest'

import { assignAxes, axisOf, sideOf, sides } from './axes'

const s = (id: string, unit: string, axis?: number) => ({ id, unit, axis })
const told = (list: ReturnType<typeof s>[]) => assignAxes(list).map((a) => [a.slot, a.units, a.series])

describe('assignAxes', () => {
  it('gives each unit an axis', () => {
    expect(told([s('a', 'kW'), s('b', 'Cel'), s('c', 'kW')])).toEqual([
      [0, ['kW'], ['a', 'c']],
      [1, ['Cel'], ['b']],
    ])
  })
  it('lets further units share the last of four', () => {
    expect(told(['A', 'V', 'W', 'Hz', 'K', 'bar', 'K'].map((u, i) => s(String(i), u)))).toEqual([
      [0, ['A'], ['0']],
      [1, ['V'], ['1']],
      [2, ['W'], ['2']],
      [3, ['Hz', 'K', 'bar'], ['3', '4', '5', '6']],
    ])
  })
  it('keeps what was moved where it was put, and the rest of its unit together elsewhere', () => {
    const axes = assignAxes([s('a', 'kW'), s('b', 'kW', 0), s('c', 'kW'), s('d', 'Cel', 9)])
    expect(axisOf(axes, 'b')).toBe(0)
    expect(axisOf(axes, 'a')).toBe(1)
    expect(axisOf(axes, 'c')).toBe(1)
    expect(axisOf(axes, 'd')).toBe(2)
    expect(axisOf(axes, 'x')).toBeUndefined()
  })
  it('puts even ones at the left, odd ones at the right, from the drawing outwards', () => {
    const axes = assignAxes([s('a', 'A'), s('b', 'V', 2), s('c', 'W', 3)])
    expect(sides(axes)).toEqual({ left: 2, right: 1 })
    expect(sideOf(axes, 0)).toEqual({ side: 'left', place: 0 })
    expect(sideOf(axes, 2)).toEqual({ side: 'left', place: 1 })
    expect(sideOf(axes, 3)).toEqual({ side: 'right', place: 0 })
  })
})
