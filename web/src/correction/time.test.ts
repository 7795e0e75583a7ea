import { describe, expect, it } from 'vitest'

import { fromLocalInput } from '../format/time'
import { before, momentInput, readTime, sameTime } from './time'

describe('source times', () => {
  it('knows one moment in two writings', () => {
    expect(sameTime('2026-05-04T16:00:00.500+08:00')).toBe(sameTime('2026-05-04T08:00:00.5Z'))
    expect(sameTime('2026-05-04T08:00:00.000000000Z')).toBe('2026-05-04T08:00:00Z')
  })
  it('orders to the nanosecond', () => {
    expect(before('2026-05-04T08:00:00Z', '2026-05-04T08:00:00.000000001Z')).toBe(-1)
    expect(before('2026-05-04T08:00:00.1Z', '2026-05-04T08:00:00.01Z')).toBe(1)
    expect(before('2026-05-04T08:00:00Z', '2026-05-04T08:00:00Z')).toBe(0)
  })
  it('reads what people and spreadsheets write, year first', () => {
    const local = new Date(2026, 4, 4, 8, 0, 0).toISOString().replace('.000', '')
    for (const text of ['2026-05-04 08:00:00', '2026/5/4 8:00', '2026-05-04T08:00', '2026年5月4日 08:00'])
      expect(readTime(text), text).toBe(local)
    expect(readTime('2026-05-04T08:00:00.123456789Z')).toBe('2026-05-04T08:00:00.123456789Z')
    expect(readTime('2026-05-04 08:00:00.5')).toBe(local.replace('Z', '.5Z'))
  })
  it('guesses nothing', () => {
    for (const no of [
      '',
      '04.05.2026 08:00',
      '05/04/2026',
      '2026-02-30',
      '2026-05-04 25:00',
      '2026-13-01',
      'now',
      '2026-13-01T00:00:00Z',
    ])
      expect(readTime(no), no).toBeUndefined()
  })
  it('writes a moment as a field takes it, to the millisecond', () => {
    const at = Date.UTC(2026, 4, 4, 8, 0, 0, 7)
    expect(fromLocalInput(momentInput(at))).toBe(at)
  })
})
