import { describe, expect, it } from 'vitest'

import type { Field } from '../fields/field'
import { asked, holds, worked, type Form } from './form'

const field = (key: string, type: Field['type']): Field => ({ key, name: { zh: key, en: key }, type })
const form: Form = {
  fields: [
    field('kind', 'choice'),
    field('days', 'integer'),
    { ...field('items', 'list'), fields: [field('price', 'money')] },
    field('total', 'money'),
  ],
  sections: [
    {
      id: 'a',
      name: { zh: '', en: '' },
      fields: [
        { key: 'kind' },
        { key: 'days', when: [{ field: 'kind', is: 'short' }] },
        { key: 'items' },
        { key: 'total' },
      ],
    },
  ],
  calculated: [
    {
      key: 'total',
      own: true,
      field: field('total', 'money'),
      value: { op: 'sum', field: 'items.price' },
      rounding: 'half-up',
    },
    {
      key: 'perDay',
      own: false,
      field: field('perDay', 'money'),
      value: {
        op: '/',
        args: [
          { op: 'field', field: 'total' },
          { op: 'field', field: 'days' },
        ],
      },
      rounding: 'down',
    },
  ],
  attachments: [],
  reason: false,
  caseRevision: 0,
}

describe('a form', () => {
  it('asks by what is filled in', () => {
    expect([...asked(form, { kind: 'short' })]).toEqual(['kind', 'days', 'items', 'total'])
    expect([...asked(form, { kind: 'long' })]).toEqual(['kind', 'items', 'total'])
  })
  it('works fields out in their order, without what is not asked', () => {
    const items = [{ price: 1000 }, { price: 2001 }]
    expect(worked(form, { kind: 'short', days: 3, items, total: 5 })).toEqual({ total: 3001, perDay: 1000 })
    expect(worked(form, { kind: 'long', days: 3, items })).toEqual({ total: 3001 })
    expect(worked(form, { kind: 'short', items: [{}] })).toEqual({})
  })
  it('compares numbers by their value', () => {
    expect(holds([{ field: 'a', atLeast: '0.3' }], { a: '0.30' })).toBe(true)
    expect(holds([{ field: 'a', atMost: '-1' }], { a: -2 })).toBe(true)
    expect(holds([{ field: 'a', is: '1.0' }], { a: 1 })).toBe(true)
    expect(holds([{ field: 'a', in: ['x'] }], {})).toBe(false)
    expect(holds([{ field: 'a', known: false }], { a: '' })).toBe(true)
  })
})
