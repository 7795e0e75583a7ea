import { describe, expect, it } from 'vitest'

import { percent, steps } from './percent'

describe('percent', () => {
  it('never shows all where one is missing', () => {
    expect(percent('en', 1)).toBe('100%')
    expect(percent('en', 9999 / 10_000)).toBe('99.9%')
    expect(percent('zh', 2 / 3)).toBe('66.6%')
    expect(percent('zh', 0)).toBe('0%')
    expect(percent('en', 0.29)).toBe('29%')
  })
})

describe('steps', () => {
  it('are few, round, and hold the most', () => {
    expect(steps(0)).toEqual([0, 1])
    expect(steps(3)).toEqual([0, 1, 2, 3])
    expect(steps(15)).toEqual([0, 5, 10, 15])
    expect(steps(16)).toEqual([0, 5, 10, 15, 20])
    expect(steps(10_000)).toEqual([0, 5000, 10_000])
    for (let most = 1; most < 5000; most += 7) {
      const lines = steps(most)
      expect(lines.length, String(most)).toBeLessThanOrEqual(5)
      expect(lines.at(-1)).toBeGreaterThanOrEqual(most)
    }
  })
})
