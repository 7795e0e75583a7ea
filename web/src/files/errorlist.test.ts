import { describe, expect, it } from 'vitest'

import { errorList, field } from './errorlist'
import { formatOf } from './transfer'

describe('the list of errors', () => {
  it('quotes, and disarms what a spreadsheet would run', () => {
    expect(field('kW.h')).toBe('kW.h')
    expect(field('a,"b"')).toBe('"a,""b"""')
    expect(field('=1+1')).toBe("'=1+1")
    expect(field('two\nlines')).toBe('"two\nlines"')
  })
  it('has a row for each error, with its cell', async () => {
    const one = {
      sheet: '点位 Points',
      row: 731,
      cell: 'I731',
      column: 'unit',
      value: 'kWh',
      code: 'point-unit',
      message: { zh: '不是 UCUM 单位', en: 'not a UCUM unit' },
      mend: { zh: '请写成 kW.h', en: 'write kW.h' },
    }
    const heads = ['sheet', 'row', 'cell', 'column', 'value', 'wrong', 'mend', 'code']
    const text = await errorList([one], heads, (t) => t.en ?? '').text()
    expect(text.split('\r\n').slice(1)).toEqual([
      '点位 Points,731,I731,unit,kWh,not a UCUM unit,write kW.h,point-unit',
      '',
    ])
  })
})

describe('formatOf', () => {
  it('goes by the ending', () => {
    expect(formatOf('厂.XLSX')).toBe('xlsx')
    expect(formatOf('a.b.yml')).toBe('yaml')
    expect(formatOf('plant.xls')).toBeUndefined()
    expect(formatOf('plant')).toBeUndefined()
  })
})
