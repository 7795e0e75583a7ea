import { describe, expect, it } from 'vitest'

import { draw } from '../../trend/lanes'
import { assignAxes } from './axes'
import { axisPlace, layOutTrend } from './layout'

const one = (id: string, unit: string, type: 'float64' | 'string' = 'float64') =>
  draw({ id, name: id, unit, type, maxSilence: 10 }, 0, [], { from: 0, to: 100 }, 100, 100)

const series = [one('a', 'kW'), one('b', 'Cel'), one('c', 'kW'), one('d', '', 'string')]
const axes = assignAxes(series.filter((s) => s.type !== 'string'))

describe('layOutTrend', () => {
  it('lays all axes upon each other in one box and leaves them room at both sides', () => {
    const l = layOutTrend(series, axes, false, 400, 1000)
    expect(l.grids.map((g) => [g.kind, g.series.map((s) => s.id)])).toEqual([
      ['numbers', ['a', 'c', 'b']],
      ['bands', ['d']],
    ])
    expect([l.left, l.right]).toEqual([56, 56])
    const [grid] = l.grids
    const second = axes[1]
    if (!grid || !second) throw new Error('no grid')
    expect(axisPlace(grid, second, false, 56)).toEqual({ position: 'right', offset: 0 })
    expect(axisPlace(grid, second, true, 56)).toEqual({ position: 'left', offset: 0 })
    expect(l.height).toBeLessThanOrEqual(401)
  })
  it('gives each axis a lane where that was asked for', () => {
    const l = layOutTrend(series, axes, true, 400, 1000)
    expect(l.grids.map((g) => g.kind)).toEqual(['numbers', 'numbers', 'bands'])
    expect(l.right).toBe(14)
    for (const [i, g] of l.grids.entries())
      expect(l.grids[i + 1]?.top ?? l.quality.top).toBeGreaterThan(g.top + g.height)
  })
  it('is narrower beside the drawing on a phone, and has no box where nothing is to be drawn', () => {
    expect(layOutTrend(series, axes, false, 400, 360).axisWidth).toBe(40)
    expect(layOutTrend([], axes, false, 400, 360).grids).toEqual([])
  })
})
