import { describe, expect, it } from 'vitest'

import { bracketed, shortType } from './queries'

describe('an anchor', () => {
  it('is written as an element string', () => {
    expect(bracketed('/01/09506000134352')).toBe('(01)09506000134352')
    expect(bracketed('/01/09506000134352/10/A%2F%28b/21/7')).toBe('(01)09506000134352(10)A/\\(b(21)7')
  })
})

describe('a link type', () => {
  it('is short where it is GS1’s', () => {
    expect(shortType('https://gs1.org/voc/pip')).toBe('gs1:pip')
    expect(shortType('https://schema.org/review')).toBe('https://schema.org/review')
  })
})
