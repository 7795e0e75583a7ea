import { describe, expect, it } from 'vitest'

import { rowsInView } from './window'

describe('rowsInView', () => {
  it('builds what is seen and a few more, and keeps the height of the whole', () => {
    const r = rowsInView(1000, 30, 3000, 600, 5)
    expect(r).toEqual({ first: 95, last: 125, before: 2850, after: 26250 })
    expect(r.before + r.after + (r.last - r.first) * 30).toBe(30_000)
  })
  it('stays within the list at both ends', () => {
    expect(rowsInView(10, 30, 0, 600)).toEqual({ first: 0, last: 10, before: 0, after: 0 })
    expect(rowsInView(100, 30, 99_999, 600)).toMatchObject({ first: 100, last: 100, after: 0 })
  })
})
