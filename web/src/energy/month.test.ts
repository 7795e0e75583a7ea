import { describe, expect, it } from 'vitest'

import { cellOf, monthOf, monthsBack } from './month'

describe('months', () => {
  it('go back over the turn of a year', () => {
    expect(monthsBack('2026-02', 4)).toEqual(['2026-02', '2026-01', '2025-12', '2025-11'])
    expect(monthOf('2026-10-31')).toBe('2026-10')
  })
})

describe('a day of the strip', () => {
  const day = (expected: number, actual: number, named = true) => cellOf({ expected, actual, named })
  it('tells what is missing', () => {
    expect(day(24, 24)).toEqual({ tone: 'full', missing: 0 })
    expect(day(20, 18)).toEqual({ tone: 'part', missing: 2 })
    expect(day(25, 22)).toEqual({ tone: 'little', missing: 3 })
    expect(day(23, 0)).toEqual({ tone: 'empty', missing: 23 })
  })
  it('says nothing of days that are not due, or on which no meter is named', () => {
    expect(day(0, 0)).toEqual({ tone: 'none', missing: 0 })
    expect(day(0, 0, false)).toEqual({ tone: 'unnamed', missing: 0 })
  })
})
