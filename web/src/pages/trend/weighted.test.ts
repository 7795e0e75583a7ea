import { describe, expect, it } from 'vitest'

import { levelOf, weighted } from './weighted'

const at = (text: string) => Date.parse(`2026-05-05T${text}Z`)
const row = (from: string, to: string, coveredSeconds: number, integral: number | null) => ({
  from: `2026-05-05T${from}Z`,
  to: `2026-05-05T${to}Z`,
  coveredSeconds,
  integral,
})

describe('levelOf', () => {
  it('takes the rows whose bounds are those of the span', () => {
    expect(levelOf({ from: at('08:00:00'), to: at('08:15:00') })).toBe('minute')
    expect(levelOf({ from: at('00:00:00'), to: at('00:00:00') + 7 * 86_400_000 })).toBe('hour')
    expect(levelOf({ from: at('00:00:00'), to: at('00:00:00') + 90 * 86_400_000 })).toBe('day')
  })
  it('has none for a span that cuts a minute', () => {
    expect(levelOf({ from: at('08:00:00'), to: at('08:15:00.001') })).toBeUndefined()
    expect(levelOf({ from: at('08:00:30'), to: at('08:15:00') })).toBeUndefined()
  })
})

describe('weighted', () => {
  const span = { from: at('08:00:00'), to: at('08:02:00') }
  it('weighs each row by the time that has a good value', () => {
    // 10 kW for 60 s and 40 kW for 20 s: 1400 kW·s over 80 s.
    const rows = [row('08:00:00', '08:01:00', 60, 600), row('08:01:00', '08:02:00', 20, 800)]
    expect(weighted(rows, span)).toEqual({ mean: 17.5, integral: 1400 })
  })
  it('has no mean where nothing was good', () => {
    expect(weighted([], span)).toEqual({ mean: null, integral: null })
    expect(weighted([row('08:00:00', '08:01:00', 0, null)], span)).toEqual({ mean: null, integral: null })
  })
  it('says nothing where a row reaches beyond the span, or has no integral', () => {
    expect(weighted([row('07:59:00', '08:01:00', 60, 600)], span)).toBeUndefined()
    expect(weighted([row('08:01:00', '08:03:00', 60, 600)], span)).toBeUndefined()
    expect(weighted([row('08:00:00', '08:01:00', 60, null)], span)).toBeUndefined()
  })
})
