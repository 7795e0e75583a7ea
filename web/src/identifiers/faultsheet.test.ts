import { describe, expect, it } from 'vitest'

import { csvOf, faultRows } from './faultsheet'

describe('the sheet of faults', () => {
  it('is read by row, with quotes and lines in a cell', () => {
    const sheet = `\uFEFF${csvOf(['行', '列', '值', '原因', '改正'])}${csvOf(['3', '直径', 'a,"b"\nc', '不是数字', ''])}`
    expect(faultRows(sheet)).toEqual([{ row: '3', column: '直径', value: 'a,"b"\nc', reason: '不是数字', mend: '' }])
  })
  it('may be empty', () => {
    expect(faultRows('row,column,value,reason,mend\n')).toEqual([])
    expect(faultRows('')).toEqual([])
  })
})
