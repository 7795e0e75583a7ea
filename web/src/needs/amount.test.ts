import { describe, expect, it } from 'vitest'

import { amountOf } from './amount'

describe('an amount', () => {
  it('is read in yuan and in ten thousands, exactly', () => {
    for (const [text, fen] of [
      ['50000', 5_000_000],
      ['5万', 5_000_000],
      ['1.25 万元', 1_250_000],
      ['0.000001万', 1],
      ['1,200.5元', 120_050],
      ['0', 0],
    ] as const) {
      expect(amountOf(text), text).toBe(fen)
    }
    for (const text of ['', '-1', '五万', '5万5', '1.2345678万', '1e3', '99999999999999999万']) {
      expect(amountOf(text), text).toBeUndefined()
    }
  })
})
