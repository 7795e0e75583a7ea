import { describe, expect, it } from 'vitest'

import type { Progress } from '../targets/queries'
import type { Grid, KeptFirm } from './figures'
import { compare, league, type Standing } from './league'
import { drawn } from './outline'
import { figurePath, keptFirmsOf, nameOf } from './places'
import { classOf, scaleOf, shadeOf } from './scale'
import { courseOf, plotted } from './trajectory'
import { leaves } from './wall'

describe('scale', () => {
  it('has round edges that hold all values', () => {
    expect(scaleOf([12.3, 48.9])?.edges).toEqual([10, 20, 30, 40, 50])
    expect(scaleOf([0.1, 0.34])?.edges).toEqual([0.1, 0.15, 0.2, 0.25, 0.3, 0.35])
    expect(scaleOf([-5, 5])?.edges).toEqual([-6, -4, -2, 0, 2, 4, 6])
    expect(scaleOf([])).toBeUndefined()
    expect(scaleOf([NaN])).toBeUndefined()
  })
  it('puts an edge into the class above it, and the last one into the last', () => {
    const s = { edges: [10, 20, 30, 40, 50] }
    expect([9, 10, 19.9, 20, 49, 50].map((v) => classOf(s, v))).toEqual([0, 0, 0, 1, 3, 3])
    expect([0, 1, 2, 3].map((c) => shadeOf(s, c))).toEqual([0, 1, 3, 4])
  })
  it('takes one value alone, and zero', () => {
    for (const v of [55, 0, -3]) {
      const s = scaleOf([v])
      expect(s?.edges[0]).toBeLessThanOrEqual(v)
      expect(s?.edges.at(-1)).toBeGreaterThanOrEqual(v)
      expect(s && classOf(s, v)).toBeGreaterThanOrEqual(0)
    }
  })
})

const at = (key: string, exact: string, known = 5, of = 5): Standing => ({
  key,
  name: key,
  number: exact ? { value: exact, exact, unit: '%' } : undefined,
  known,
  of,
})

describe('league', () => {
  it('compares fractions exactly', () => {
    expect(compare('200/3', '66')).toBe(1)
    expect(compare('1/3', '33333333333333333333/100000000000000000000')).toBe(1)
    expect(compare('-1/2', '-2/4')).toBe(0)
  })
  it('shares ranks, and gives none where too little is known', () => {
    const list = league([
      at('a', '40'),
      at('b', '200/3'),
      at('c', '90', 3, 5),
      at('d', '200/3'),
      at('e', ''),
      at('f', '1', 4, 5),
    ])
    expect(list.map((x) => `${x.key}${x.rank ?? '-'}`)).toEqual(['c-', 'b1', 'd1', 'a3', 'f4', 'e-'])
  })
})

const target = {
  comparator: 'at-least',
  value: '35',
  unit: '%',
  deadline: '2018-12-31',
  period: { to: '2017-12-31', label: '2017' },
  number: { value: '30.0', exact: '30', unit: '%' },
  past: [
    { period: { to: '2015-12-31', label: '2015' } },
    { period: { to: '2016-12-31', label: '2016' }, number: { value: '20.0', exact: '20', unit: '%' } },
  ],
  path: { value: '27.5', exact: '55/2', unit: '%' },
  forecast: { value: '40.0', exact: '40', unit: '%' },
} as unknown as Progress

describe('trajectory', () => {
  it('goes from the first known value, and on to the deadline', () => {
    const c = courseOf(target)
    expect(c.dots.map((d) => d.value)).toEqual([undefined, 20, 30])
    expect(c.path?.map((d) => [d.day, d.value])).toEqual([
      ['2016-12-31', 20],
      ['2018-12-31', 35],
    ])
    expect(c.forecast?.map((d) => [d.day, d.value])).toEqual([
      ['2017-12-31', 30],
      ['2018-12-31', 40],
    ])
  })
  it('begins a change at its baseline', () => {
    const c = courseOf({ ...target, comparator: 'increase-by', baseline: '2015-12-31' })
    expect(c.path?.[0]).toMatchObject({ day: '2015-12-31', value: 0 })
  })
  it('has no path and no forecast where the node says none', () => {
    const c = courseOf({ ...target, path: undefined, forecast: undefined })
    expect([c.path, c.forecast]).toEqual([undefined, undefined])
  })
  it('lays days and values over a box', () => {
    const p = plotted(courseOf(target), { left: 0, right: 1096, top: 0, bottom: 100 })
    expect([p.x('2015-12-31'), p.x('2018-12-31'), p.x('2016-12-31')]).toEqual([0, 1096, 366])
    expect(p.ticks).toEqual([0, 10, 20, 30, 40])
    expect([p.y(0), p.y(40), p.y(20)]).toEqual([100, 0, 50])
  })
})

describe('outlines', () => {
  it('fills the box, north up, with the same scale in both directions', () => {
    const square = (w: number, s: number) =>
      [
        [
          [w, s],
          [w + 1, s],
          [w + 1, s + 1],
          [w, s + 1],
          [w, s],
        ],
      ] as [number, number][][]
    const list = drawn(
      [
        { code: '330100', polygons: [square(0, 0)] },
        { code: '330200', polygons: [square(1, 0), square(3, 0)] },
      ],
      400,
      400,
    )
    expect(list.map((d) => d.code)).toEqual(['330100', '330200'])
    // Four degrees of longitude at half a degree of latitude, one of latitude: 400 px wide and 100 px high, in the middle.
    expect(list[0]?.path).toBe('M0 250L100 250L100 150L0 150L0 250Z')
    expect(list[0]?.middle).toEqual([50, 200])
    expect(list[1]?.path.match(/M/g)).toHaveLength(2)
    expect(drawn([], 1, 1)).toEqual([])
  })
})

describe('wall', () => {
  it('shows only what has a value: lists of eight, then each by itself', () => {
    const x = (i: number, known: boolean) => ({ id: String(i), number: known ? {} : undefined }) as unknown as Progress
    const list = leaves(Array.from({ length: 12 }, (_, i) => x(i, i !== 3)))
    expect(list.slice(0, 2).map((l) => l.kind === 'list' && l.list.length)).toEqual([8, 3])
    expect(list.slice(2).every((l) => l.kind === 'one')).toBe(true)
    expect(list).toHaveLength(13)
    expect(leaves([x(1, false)])).toEqual([])
  })
})

describe('kept figures', () => {
  it('call a region as policies do, or else as tiles do', () => {
    const grids = [{ tiles: [{ code: '330100', name: { zh: '杭州', en: 'Hangzhou' } }] }] as unknown as Grid[]
    const places = [{ code: '330000', name: { zh: '浙江省', en: 'Zhejiang' } }]
    expect(nameOf('330000', places, grids)?.zh).toBe('浙江省')
    expect(nameOf('330100', places, grids)?.zh).toBe('杭州')
    expect(nameOf('990000', places, grids)).toBeUndefined()
  })
  it('are opened as they were seen', () => {
    expect(figurePath('x', '')).toBe('figures/x')
    expect(figurePath('x', '2026-05-05T08:00:00Z')).toBe('figures/x?asOf=2026-05-05T08%3A00%3A00Z')
  })
  it('rank enterprises that tell their own values alone', () => {
    const firm = (code: string, inside: boolean, value?: string) =>
      ({
        code,
        name: code,
        inside,
        number: value && { value, exact: value, unit: '%' },
        missing: value ? [] : [{ text: { zh: '未经同意', en: 'not agreed' } }],
      }) as unknown as KeptFirm
    const list = [firm('a', false, '40'), firm('b', true), firm('c', false)]
    const say = (x: { zh?: string } | undefined) => x?.zh ?? ''
    const told = keptFirmsOf({ reading: 'mean' } as Progress, list, say as never)
    expect(told.map((f) => [f.key, f.known, f.reason])).toEqual([
      ['a', 1, ''],
      ['c', 0, '未经同意'],
    ])
    expect(keptFirmsOf({ reading: 'share' } as Progress, list, say as never)).toEqual([])
  })
})
