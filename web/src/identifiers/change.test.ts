import { describe, expect, it } from 'vitest'

import { changesOf, nextIndex } from './change'

const was = [
  { index: 1, type: 'URL', data: 'https://a.example', permissions: '1110' },
  { index: 2, type: 'NOTE', data: 'inside', permissions: '1100' },
  { index: 1000, type: 'TEMPLATE_ID', data: 'x', permissions: '1110' },
]

describe('the changes of a record', () => {
  it('are none where nothing is changed', () => {
    expect(changesOf(was, [...was])).toEqual({ put: [], removed: [] })
  })
  it('are what is new or another, and what is gone', () => {
    const now = [{ index: 1, type: 'URL', data: 'https://b.example', permissions: '1110' }]
    expect(changesOf(was, now)).toEqual({ put: now, removed: [2] })
  })
  it('leave alone what names the template', () => {
    expect(changesOf(was, []).removed).toEqual([1, 2])
  })
})

describe('the next index', () => {
  it('is the first that is free', () => {
    expect(nextIndex([])).toBe(1)
    expect(nextIndex([1, 2, 4])).toBe(3)
  })
})
