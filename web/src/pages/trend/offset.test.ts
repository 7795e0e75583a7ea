import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { shiftOf, spanOfView } from './offset'

const hour = 3_600_000
const zone = process.env.TZ

beforeEach(() => {
  process.env.TZ = 'Europe/Berlin'
})
afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

describe('shiftOf', () => {
  it('is a day of the calendar, also over a change of clocks', () => {
    expect(shiftOf('1d', new Date(2026, 5, 10, 8).getTime())).toBe(24 * hour)
    // Clocks went forward on 29 March and back on 25 October 2026.
    expect(shiftOf('1d', new Date(2026, 2, 29, 8).getTime())).toBe(23 * hour)
    expect(shiftOf('1d', new Date(2026, 9, 25, 8).getTime())).toBe(25 * hour)
    expect(shiftOf('7d', new Date(2026, 9, 26, 8).getTime())).toBe(7 * 24 * hour + hour)
    expect(shiftOf('1w', new Date(2026, 5, 10, 8).getTime())).toBe(7 * 24 * hour)
  })
  it('is exact for a free distance', () => {
    expect(shiftOf('36h', new Date(2026, 2, 29, 8).getTime())).toBe(36 * hour)
    expect(shiftOf('1h30m', 0)).toBe(1.5 * hour)
  })
  it('is nothing for what is no distance', () => {
    for (const bad of [undefined, '', '0d', '-1h', 'today', '999999h', '5ms']) expect(shiftOf(bad, 0)).toBeUndefined()
  })
})

describe('spanOfView', () => {
  it('moves with time, or stays', () => {
    expect(spanOfView({ last: '1h' }, 10 * hour)).toEqual({ from: 9 * hour, to: 10 * hour })
    expect(spanOfView({ from: 1, to: 2 }, 10 * hour)).toEqual({ from: 1, to: 2 })
  })
  it('is the whole of today, 23 hours where the clocks go forward', () => {
    const { from, to } = spanOfView({ today: true }, new Date(2026, 2, 29, 15).getTime())
    expect(from).toBe(new Date(2026, 2, 29).getTime())
    expect(to - from).toBe(23 * hour)
  })
})
