import { describe, expect, it } from 'vitest'

import { around, asked, longest, readSpan, writeSpan } from './span'

const p = (text: string) => new URLSearchParams(text)

describe('the span of data health', () => {
  it('is the last day where the address does not say', () => {
    for (const text of [
      '',
      'last=x',
      'last=-1h',
      'last=32d',
      'from=5',
      'from=9&to=5',
      `from=1&to=${longest + 2}`,
      'last=2s',
    ]) {
      expect(readSpan(p(text)), text).toEqual({ last: '24h' })
    }
  })
  it('goes into the address and back', () => {
    for (const span of [{ last: '24h' }, { last: '7d' }, { from: 1_700_000_000_000, to: 1_700_000_500_000 }]) {
      const params = writeSpan(p('node=x&last=1h&from=1&to=2'), span)
      expect(readSpan(params)).toEqual(span)
      expect(params.get('node')).toBe('x')
    }
    expect(writeSpan(p('last=1h'), { last: '24h' }).toString()).toBe('')
  })
  it('asks the same for a minute', () => {
    const at = Date.UTC(2026, 2, 1, 8, 0, 1)
    expect(asked({ last: '1h' }, at)).toEqual({ from: '2026-03-01T07:01:00.000Z' })
    expect(asked({ last: '1h' }, at + 58_000)).toEqual(asked({ last: '1h' }, at))
    expect(asked({ from: at, to: at + 1000 }, 0)).toEqual({
      from: '2026-03-01T08:00:01.000Z',
      to: '2026-03-01T08:00:02.000Z',
    })
  })
  it('shows the edges of a gap', () => {
    expect(around(1_000_000, 1_010_000)).toEqual({ from: 940_000, to: 1_070_000 })
    expect(around(0, 1_000_000)).toEqual({ from: -500_000, to: 1_500_000 })
    expect(around(0, 40 * 86_400_000).from).toBe(-6 * 3_600_000)
  })
})
