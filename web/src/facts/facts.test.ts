import { describe, expect, it } from 'vitest'

import { dayAfter, dayBegins, dayOf, holds, type Fact } from './queries'

const fact = (since: string, until?: string) => ({ since, until }) as Fact

describe('days are those of China', () => {
  it('begin at 16:00 UTC of the day before', () => {
    expect(dayBegins('2026-05-01')).toBe('2026-04-30T16:00:00.000Z')
    expect(dayOf(Date.parse('2026-04-30T16:00:00Z'))).toBe('2026-05-01')
    expect(dayOf(Date.parse('2026-04-30T15:59:59Z'))).toBe('2026-04-30')
    expect(dayAfter('2026-02-28')).toBe('2026-03-01')
  })
  it('tell when a fact holds, the last day included', () => {
    expect(holds(fact('2026-04-30T16:00:00Z', '2026-05-01T16:00:00Z'))).toEqual({ from: '2026-05-01', lasting: false })
    expect(holds(fact('2025-12-31T16:00:00Z', '2026-12-31T16:00:00Z'))).toEqual({
      from: '2026-01-01',
      to: '2026-12-31',
      lasting: false,
    })
    expect(holds(fact('2025-12-31T16:00:00Z'))).toEqual({ from: '2026-01-01', lasting: true })
  })
})
