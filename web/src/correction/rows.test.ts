import { describe, expect, it } from 'vitest'

import { pasted, readRows, readValue } from './rows'

describe('pasted', () => {
  it('takes two columns of a spreadsheet, without its heading', () => {
    expect(pasted('时间\t值\r\n2026-05-04 08:00\t12.5\r\n2026-05-04 09:00\t13\r\n')).toEqual([
      { time: '2026-05-04 08:00', value: '12.5' },
      { time: '2026-05-04 09:00', value: '13' },
    ])
  })
  it('takes a CSV with quotes, commas or semicolons, and a list with gaps', () => {
    expect(pasted('\ufeff2026-05-04T08:00:00Z,"a ""b"", c"\n')).toEqual([
      { time: '2026-05-04T08:00:00Z', value: 'a "b", c' },
    ])
    expect(pasted('2026-05-04 08:00;1,5')).toEqual([{ time: '2026-05-04 08:00', value: '1,5' }])
    expect(pasted('2026-05-04 08:00  12.5')).toEqual([{ time: '2026-05-04 08:00', value: '12.5' }])
  })
  it('keeps a single row that is no time, so that it is told to be wrong', () => {
    expect(pasted('yesterday\t3')).toEqual([{ time: 'yesterday', value: '3' }])
  })
})

describe('readValue', () => {
  it('takes numbers that are finite', () => {
    expect(readValue(' -1.5e3 ', 'float64')).toBe(-1500)
    for (const no of ['', '1,5', 'NaN', 'Infinity', '1e999', '0x10'])
      expect(readValue(no, 'float64'), no).toBeUndefined()
  })
  it('keeps every digit of a whole number and none beyond 64 bits', () => {
    expect(readValue('9223372036854775807', 'int64')).toBe('9223372036854775807')
    expect(readValue('-9223372036854775808', 'int64')).toBe('-9223372036854775808')
    expect(readValue('+7', 'int64')).toBe('7')
    for (const no of ['9223372036854775808', '1.0', '', 'x']) expect(readValue(no, 'int64'), no).toBeUndefined()
  })
  it('takes yes and no in both languages, and texts as they are', () => {
    expect(readValue('是', 'bool')).toBe(true)
    expect(readValue('0', 'bool')).toBe(false)
    expect(readValue('maybe', 'bool')).toBeUndefined()
    expect(readValue(' a ', 'string')).toBe(' a ')
  })
})

describe('readRows', () => {
  it('puts rows in order of time, to the nanosecond, and leaves empty ones out', () => {
    const read = readRows(
      [
        { time: '2026-05-04T08:00:00.000000002Z', value: '2' },
        { time: '', value: ' ' },
        { time: '2026-05-04T16:00:00.000000001+08:00', value: '1' },
        { time: '2026-05-04T08:00:00Z', value: '0' },
      ],
      'float64',
    )
    expect(read.faults.size).toBe(0)
    expect(read.values).toEqual([
      { time: '2026-05-04T08:00:00Z', value: 0 },
      { time: '2026-05-04T08:00:00.000000001Z', value: 1 },
      { time: '2026-05-04T08:00:00.000000002Z', value: 2 },
    ])
    expect(read.rows.map((r) => r.value)).toEqual(['0', '1', '2'])
  })
  it('tells which row has no time, no value, or a time that stands twice', () => {
    const read = readRows(
      [
        { time: '2026-05-04T08:00:00Z', value: '1' },
        { time: '2026-02-30 08:00', value: '1' },
        { time: '2026-05-04T09:00:00Z', value: '' },
        { time: '2026-05-04T10:00:00+02:00', value: '4' },
      ],
      'float64',
    )
    expect([...read.faults]).toEqual([
      [1, 'time'],
      [2, 'value'],
      [3, 'twice'],
    ])
  })
})
