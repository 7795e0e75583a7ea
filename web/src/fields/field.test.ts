import { describe, expect, it } from 'vitest'

import { changes, fenOf, find, fromForm, money, toForm, valueText, yuanOf, type Field, type Words } from './field'
import { placeOf } from './faults'

const name = (zh: string, en: string) => ({ zh, en })
const fields: Field[] = [
  { key: 'code', name: name('编号', 'Code'), type: 'text' },
  { key: 'year', name: name('年度', 'Year'), type: 'integer' },
  { key: 'staff', name: name('人员', 'Staff'), type: 'integer', unit: '人' },
  { key: 'revenue', name: name('收入', 'Revenue'), type: 'money' },
  { key: 'rate', name: name('比例', 'Rate'), type: 'decimal' },
  { key: 'listed', name: name('在册', 'Listed'), type: 'boolean' },
  { key: 'at', name: name('时间', 'Time'), type: 'time' },
  {
    key: 'size',
    name: name('规模', 'Size'),
    type: 'choice',
    calc: 'size',
    options: [{ id: 'large', name: name('大型', 'Large') }],
  },
  {
    key: 'tags',
    name: name('标签', 'Tags'),
    type: 'list',
    since: 'from',
    fields: [
      {
        key: 'tag',
        name: name('标签名', 'Tag'),
        type: 'choice',
        options: [{ id: 'pilot', name: name('试点', 'Pilot') }],
      },
      { key: 'from', name: name('起', 'From'), type: 'date' },
    ],
  },
]
const zh: Words = { lang: 'zh', n: (t) => t?.zh ?? '', yes: '是', no: '否', org: (id) => `组织 ${id}` }
const en: Words = { ...zh, lang: 'en', n: (t) => t?.en ?? '', yes: 'Yes', no: 'No' }
const field = (key: string) => {
  const f = find(fields, key)
  if (!f) throw new Error(key)
  return f
}

describe('money', () => {
  it('reads yuan into whole fen, and nothing else', () => {
    for (const [text, fen] of [
      ['1280000', 128000000],
      ['1,280,000.5', 128000050],
      ['0.07', 7],
      ['-3.10', -310],
      [' 12 ', 1200],
    ] as const)
      expect(fenOf(text), text).toBe(fen)
    for (const text of ['', '1.234', '12元', '.5', '1e6', '99999999999999999'])
      expect(fenOf(text), text).toBeUndefined()
  })
  it('writes fen as yuan, however many there are', () => {
    expect(yuanOf(128000050)).toBe('1280000.50')
    expect(yuanOf(7)).toBe('0.07')
    expect(yuanOf(-310)).toBe('-3.10')
    expect(yuanOf('123456789012345678901')).toBe('1234567890123456789.01')
    expect(money('zh', 128000050)).toBe('1,280,000.50')
    expect(money('zh', 100)).toBe('1')
  })
})

describe('a value in words', () => {
  it('groups what has a unit, and leaves a year alone', () => {
    expect(valueText(field('year'), 2025, zh)).toBe('2025')
    expect(valueText(field('staff'), 12345, zh)).toBe('12,345 人')
    expect(valueText(field('staff'), 12345, en)).toBe('12345')
    expect(valueText(field('revenue'), 128000050, en)).toBe('1,280,000.50 CNY')
  })
  it('names choices, answers and the items of a list', () => {
    expect(valueText(field('size'), 'large', en)).toBe('Large')
    expect(valueText(field('size'), 'gone', en)).toBe('gone')
    expect(valueText(field('listed'), false, zh)).toBe('否')
    expect(valueText(field('tags'), [{ tag: 'pilot', from: '2026-01-01' }], zh)).toBe('试点')
    expect(valueText(field('code'), undefined, zh)).toBe('')
  })
})

describe('a form', () => {
  const content = {
    code: 'A1',
    staff: 320,
    revenue: 7,
    rate: '0.1250',
    listed: false,
    at: '2026-05-01T08:00:00.123456789Z',
    size: 'large',
    tags: [{ tag: 'pilot', from: '2026-01-01' }],
  }
  it('gives back what it was given, to the last digit, without what the node works out', () => {
    expect(fromForm(fields, toForm(fields, content), content)).toEqual({ ...content, size: undefined })
  })
  it('makes numbers of digits and leaves the rest for the node to judge', () => {
    const boxes = {
      code: ' B ',
      year: '2025',
      staff: 'many',
      revenue: '12.5',
      rate: '0.3',
      listed: 'true',
      tags: [{}, { tag: 'pilot' }],
    }
    expect(fromForm(fields, boxes)).toEqual({
      code: 'B',
      year: 2025,
      staff: 'many',
      revenue: 1250,
      rate: '0.3',
      listed: true,
      tags: [{ tag: 'pilot' }],
    })
  })
  it('leaves out what is empty', () => {
    expect(fromForm(fields, { code: '', staff: undefined, tags: [{ tag: '' }] }, content)).toEqual({})
  })
})

describe('changes', () => {
  it('names the fields that differ, and of a list the items that came and went', () => {
    const before = { code: 'A', tags: [{ tag: 'pilot', from: '2026-01-01' }] }
    const after = {
      code: 'A',
      staff: 3,
      tags: [
        { tag: 'pilot', from: '2026-01-01' },
        { tag: 'pilot', from: '2026-06-01' },
      ],
    }
    expect(changes(fields, before, after, zh).map((c) => [c.field.key, c.gone, c.come])).toEqual([
      ['staff', [], ['3 人']],
      ['tags', [], ['试点 · 2026-06-01']],
    ])
  })
})

describe('the place of a fault', () => {
  it('is the path of its box', () => {
    expect(placeOf('body.content.tags[2].from')).toEqual(['content', 'tags', 2, 'from'])
    expect(placeOf('body.reason')).toEqual(['reason'])
    expect(placeOf(undefined)).toEqual([])
  })
})
