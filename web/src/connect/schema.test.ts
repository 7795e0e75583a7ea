import { describe, expect, it } from 'vitest'

import modbus from '../../../internal/connect/driver/modbus/schema.json'
import { configOf, fieldsOf } from './schema'

describe('the schema of the Modbus driver', () => {
  it('gives every field a name and a help in both languages', () => {
    for (const lang of ['zh', 'en'] as const) {
      const fields = fieldsOf(modbus, lang)
      expect(fields.map((f) => f.name)).toContain('address')
      for (const f of fields) {
        expect(f.title, f.name).not.toBe('')
        expect(f.help, f.name).not.toBe('')
        expect(/[\u4e00-\u9fff]/.test(f.title + f.help), `${lang} ${f.name}`).toBe(lang === 'zh')
      }
    }
  })
  it('tells what must be given and within which range', () => {
    const fields = fieldsOf(modbus, 'en')
    expect(fields.find((f) => f.name === 'address')).toMatchObject({ required: true, kind: 'text' })
    expect(fields.find((f) => f.name === 'maxRegisters')).toMatchObject({
      kind: 'integer',
      min: 1,
      max: 125,
      fallback: '125',
    })
    expect(fields.find((f) => f.name === 'order')?.options).toEqual(['ABCD', 'CDAB', 'BADC', 'DCBA'])
  })
})

describe('configOf', () => {
  it('leaves out what is empty or the default', () => {
    const values = { address: '10.0.0.5', maxRegisters: 125, maxGap: 0, order: undefined, avoid: [], name: 'x' }
    expect(configOf(modbus, values)).toEqual({ address: '10.0.0.5', maxGap: 0 })
  })
})
