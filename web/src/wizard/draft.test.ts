import { describe, expect, it } from 'vitest'

import { chosen, emptyDraft, keyOf, pointsOf, readDraft, suits, writeDraft, type Template } from './draft'
import { stepsOf, type Order } from './save'

const meter: Template = {
  id: 'meter',
  version: '1.0.0',
  source: '',
  name: { en: 'Meter' },
  class: 'x',
  driver: 'modbus',
  tested: 'none',
  link: { order: 'CDAB' },
  points: [
    { key: 'a', name: { en: 'A' }, type: 'float64', unit: 'V', address: 'holding:0', encoding: 'f32', order: 'ABCD' },
    { key: 'b', name: { en: 'B' }, type: 'int64', unit: '1', address: 'holding:2', encoding: 'u16' },
  ],
}

describe('a draft', () => {
  it('begins anew with another device and keeps the address within one protocol', () => {
    const first = chosen(emptyDraft, 'modbus', meter)
    expect(first).toMatchObject({ part: 2, template: 'meter', unit: '1', config: { order: 'CDAB' } })
    const filled = { ...first, config: { address: '10.0.0.5' }, unit: '7', changes: { a: { encoding: 'u16' } } }
    expect(chosen(filled, 'modbus')).toMatchObject({ config: { address: '10.0.0.5' }, unit: '7', changes: {} })
    expect(chosen(filled, 'opcua')).toMatchObject({ config: {}, unit: '' })
    expect(chosen(filled, 'mqtt').part).toBe(1)
  })
  it('lasts over a reload, but for secrets', () => {
    const d = { ...chosen(emptyDraft, 'opcua'), config: { endpoint: 'opc.tcp://x', password: 'p' } }
    expect(readDraft(writeDraft(d, ['password']))).toEqual({ ...d, config: { endpoint: 'opc.tcp://x' } })
    expect(readDraft('nonsense')).toBe(emptyDraft)
    expect(readDraft(null)).toBe(emptyDraft)
  })
  it('decodes as chosen, and leaves the other points alone', () => {
    const points = pointsOf({ changes: { a: { encoding: 'u32', order: 'DCBA' } }, added: [] }, meter)
    expect(points.map((p) => [p.encoding, p.order])).toEqual([
      ['u32', 'DCBA'],
      ['u16', undefined],
    ])
  })
  it('takes only readings of the type that the point has', () => {
    expect(suits('float64', 'int64')).toBe(true)
    expect(suits('int64', 'float64')).toBe(false)
    expect(suits('string', 'string')).toBe(true)
  })
})

describe('keyOf', () => {
  it('makes keys of addresses and names, each once', () => {
    expect(keyOf('holding:100', new Set())).toBe('holding.100')
    expect(keyOf('AFDP', new Set(['afdp', 'afdp.2']))).toBe('afdp.3')
    expect(keyOf('温度', new Set())).toBe('point')
    expect(keyOf('1st', new Set())).toBe('p.1st')
  })
})

describe('a save', () => {
  const order: Order = {
    org: 'o',
    draft: { ...chosen(emptyDraft, 'modbus', meter), changes: { a: { encoding: 'u32' } } },
    gateway: 'g',
    linkName: 'l',
    config: {},
    name: { en: 'M' },
    places: { site: { en: 'S' }, line: { en: 'L' } },
  }
  it('makes what is missing, from the top', () => {
    expect(stepsOf(order).map((s) => s.name)).toEqual(['site', 'line', 'machine', 'points', 'link', 'connection'])
  })
  it('knows what an earlier try has made', () => {
    const made = { site: 's', line: 'l', machine: 'm', points: ['a'] }
    expect(stepsOf(order).flatMap((s) => (s.done(made) ? [] : [s.name]))).toEqual(['link', 'connection'])
  })
  it('needs neither places nor a link where they exist', () => {
    const there = { ...order, places: {}, draft: { ...order.draft, changes: {}, link: 'x', parent: 'p' } }
    expect(stepsOf(there).map((s) => s.name)).toEqual(['machine', 'connection'])
  })
})
