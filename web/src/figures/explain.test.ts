import { expect, test } from 'vitest'

import {
  alone,
  below,
  covered,
  decimal,
  firmAt,
  firmsOf,
  given,
  keyOf,
  shutOf,
  told,
  type Firm,
  type Part,
} from './explain'

const part = (more: Partial<Part>): Part => ({
  source: 'a1',
  kind: 'account',
  state: 'given',
  name: { zh: '甲市' },
  members: 3,
  known: 3,
  open: true,
  ...more,
})
const firm = (code: string, more: Partial<Firm> = {}): Firm => ({ code, name: code, missing: [], open: true, ...more })

test('the way down, hop by hop', () => {
  const top = { via: [] }
  const city = below(top, part({ source: 'a1' }))
  expect(city).toEqual({ via: ['a1'] })
  const park = city && below(city, part({ source: 'b2' }))
  expect(park && keyOf(park)).toBe('a1/b2/')
  expect(park && keyOf(firmAt(park, firm('91')))).toBe('a1/b2/#91')
  expect(park && keyOf(firmAt(park, firm('91', { via: 'c3' })))).toBe('a1/b2/c3/#91')
})

test('enterprises of the node itself, or with nodes of their own, are below the level they are told at', () => {
  expect(below({ via: ['a1'] }, part({ source: 'local', kind: 'rows' }))).toBeUndefined()
  expect(below({ via: ['a1'] }, part({ source: 'given', kind: 'rows' }))).toBeUndefined()
  // Whom a giver takes from may be its own affair.
  expect(below({ via: ['a1'] }, part({ source: '' }))).toBeUndefined()
  const list = [firm('1', { source: 'local' }), firm('2', { source: 'given' }), firm('3'), firm('4', { source: 'x' })]
  const parts = [part({ source: 'local', kind: 'rows' }), part({ source: 'given', kind: 'rows' })]
  expect(firmsOf(part({ source: 'given' }), list).map((f) => f.code)).toEqual(['2'])
  expect(alone(parts, list).map((f) => f.code)).toEqual(['3', '4'])
})

test('what may not be opened says why', () => {
  expect(shutOf(part({}))).toBeUndefined()
  expect(shutOf(part({ open: false }))).toBe('no-consent')
  expect(shutOf(part({ state: 'isolated', open: false }))).toBe('isolated')
  expect(shutOf(part({ state: 'not-delivered' }))).toBe('not-delivered')
  // Its node may be back before the last state is: asking tells.
  expect(shutOf(part({ state: 'offline', away: '2026-01-01T00:00:00Z' }))).toBeUndefined()
  expect(shutOf(part({ source: 'local', kind: 'rows', open: false }))).toBeUndefined()
})

test('the cover of a day in hours', () => {
  expect(covered({ coveredSeconds: 86_400 })).toBe(24)
  expect(covered({ coveredSeconds: 5_400 })).toBe(1.5)
})

test('values as they came, as people read them', () => {
  expect(['16604999999/50', '-1/3', '2/1', '870333.38', '1/0'].map(decimal)).toEqual([
    '332099999.98',
    '-0.333',
    '2',
    '870333.38',
    '1/0',
  ])
  expect(given('money', '87033338')).toBe(87033338)
  expect(given('choice', 'online')).toBe('online')
  expect([told('true'), told('20.5'), told(undefined)]).toEqual([true, '20.5', null])
})
