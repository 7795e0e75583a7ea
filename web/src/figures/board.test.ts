import { describe, expect, test } from 'vitest'

import { boardOf, changeOf, fits, kindsOf, marksOf, sinceOf } from './board'
import type { Figure } from './queries'

const figure = (indicator: string, label: string, more: Partial<Figure> = {}): Figure => ({
  id: `${indicator}-${label}`,
  keeper: 'k',
  indicator,
  name: { zh: '率', en: 'Rate' },
  filter: 'all',
  key: `${indicator}/${label}`,
  period: { kind: 'year', label, from: `${label}-01-01`, to: `${label}-12-31` },
  revision: '1',
  at: '',
  watermark: '',
  hash: '',
  definition: { hash: '', changed: false },
  readings: [],
  coverage: { known: 1, of: 1 },
  missing: [],
  manual: [],
  ...more,
})

describe('the board', () => {
  test('has a row for each indicator and population, and the last periods in their order', () => {
    const list = ['2024', '2019', '2025', '2020', '2021', '2022', '2023'].map((y) => figure('a', y))
    const { periods, rows } = boardOf([...list, figure('a', '2025', { filter: 'size=large' }), figure('b', '2025')])
    expect(periods).toEqual(['2020', '2021', '2022', '2023', '2024', '2025'])
    expect(rows.map((r) => [r.indicator, r.filter, r.cells.size])).toEqual([
      ['a', 'all', 7],
      ['a', 'size=large', 1],
      ['b', 'all', 1],
    ])
  })
  test('leaves values of single enterprises to their own pages', () => {
    expect(boardOf([figure('a', '2025', { code: '91' })]).rows).toEqual([])
  })
  test('has the kinds of period that there are', () => {
    const month = figure('a', '2025-06', { period: { kind: 'month', label: '2025-06', from: '', to: '' } })
    expect(kindsOf([month, figure('a', '2025')])).toEqual(['year', 'month'])
  })
  test('begins six periods back', () => {
    expect(sinceOf('year', '2025')).toBe('2020')
    expect(sinceOf('quarter', '2026-Q2')).toBe('2025-Q1')
    expect(sinceOf('quarter', '2026-Q1', 1)).toBe('2026-Q1')
    expect(sinceOf('month', '2026-03')).toBe('2025-10')
    expect(sinceOf('moment', '2026-06-30')).toBe('2026-01-01')
    expect(sinceOf('day', '2026-03-02')).toBe('2026-02-25')
  })
  test('is searched by name and id', () => {
    expect(fits(figure('machine-networking', '2025'), 'NETWORK')).toBe(true)
    expect(fits(figure('x', '2025'), '率')).toBe(true)
    expect(fits(figure('x', '2025'), 'y')).toBe(false)
  })
})

describe('marks', () => {
  test('a figure that was restated after it was handed in says so, before all else', () => {
    expect(marksOf(figure('a', '2025'))).toEqual([])
    expect(marksOf(figure('a', '2025', { revision: '2' }))).toEqual(['restated'])
    expect(marksOf(figure('a', '2025', { revision: '2', seal: { state: 'accepted', changed: true } }))).toEqual([
      'changed',
    ])
    expect(marksOf(figure('a', '2025', { definition: { hash: '', changed: true } }))).toEqual(['definition'])
  })
  test('what a revision changed', () => {
    const now = { value: '50', known: 3, of: 4 }
    expect(changeOf(now)).toBe('first')
    expect(changeOf(now, { ...now, value: '49' })).toBe('value')
    expect(changeOf(now, { ...now, known: 2 })).toBe('coverage')
    expect(changeOf(now, now)).toBe('below')
  })
})
