import { expect, test } from 'vitest'

import type { Key } from '../i18n'
import { agreements } from '../i18n/areas/agreements'
import { figures } from '../i18n/areas/figures'
import { fill } from '../i18n/translate'
import type { Agreement } from './queries'
import {
  askedOf,
  changedParts,
  endOfDay,
  figureWords,
  lastDay,
  mySide,
  passable,
  sentences,
  someFigures,
  waitsFor,
} from './words'

const words = (lang: 'zh' | 'en') => {
  const all: Record<string, string> = { ...agreements[lang], ...figures[lang] }
  return { lang, t: (key: Key, params?: Record<string, string | number>) => fill(all[key] ?? key, params) }
}
const names = new Map([['mes-use', '制造执行系统应用率']])

test('figures are named in words', () => {
  expect(figureWords('mes-use', names, words('zh'))).toBe('制造执行系统应用率')
  expect(figureWords('mes-use@size=large', names, words('zh'))).toBe('制造执行系统应用率（规模：大型）')
  expect(figureWords('odd', names, words('en'))).toBe('odd')
  expect(someFigures(['a', 'b', 'c', 'd', 'e'], names, words('en'))).toBe('a; b; c and 2 more')
})

test('says in plain words what leaves the house', () => {
  const said = sentences(
    {
      figures: ['mes-use'],
      detail: 'aggregate',
      drill: 'none',
      onward: 'aggregate',
      since: '2024-01-01',
      until: '2026-12-31T16:00:00Z',
    },
    '示例市',
    names,
    words('zh'),
  )
  expect(said).toHaveLength(5)
  expect(said[0]).toContain('示例市')
  expect(said[0]).toContain('制造执行系统应用率')
  expect(said[0]).toContain('汇总')
  expect(said[4]).toContain('2026-12-31')
  expect(
    sentences({ figures: ['a'], detail: 'enterprise', drill: 'readings', onward: 'none' }, 'X', names, words('en'))[1],
  ).toMatch(/reading/)
})

const party = (org: string) => ({ node: 'n', org, name: { zh: org } })
const acceptance = { by: 'a', at: '', hash: '' }
const agreement = (more: Partial<Agreement>): Agreement => ({
  id: 'x',
  giver: party('g'),
  taker: party('t'),
  version: 1,
  kind: 'parent',
  figures: ['a'],
  detail: 'aggregate',
  drill: 'none',
  onward: 'none',
  until: '2027-01-01T00:00:00Z',
  purpose: 'statistics',
  words: 'w',
  hash: '',
  state: 'active',
  sides: ['giver', 'taker'],
  created: '',
  giverAccepted: acceptance,
  takerAccepted: acceptance,
  ...more,
})

test('what an organisation is in an agreement, and what waits for its word', () => {
  expect(mySide(agreement({ hosted: true }), 'g')).toBe('giver')
  expect(mySide(agreement({ hosted: true }), 't')).toBe('taker')
  expect(mySide(agreement({ sides: ['taker'] }), 'other')).toBe('taker')
  expect(waitsFor(agreement({}), 'giver')).toBeUndefined()
  const requested = agreement({ state: 'requested', giverAccepted: undefined })
  expect(waitsFor(requested, 'giver')).toBe(1)
  expect(waitsFor(requested, 'taker')).toBeUndefined()
  const revised = agreement({ proposed: { ...agreement({}), version: 2, takerAccepted: undefined } })
  expect(waitsFor(revised, 'taker')).toBe(2)
  expect(waitsFor({ ...requested, state: 'ended' }, 'giver')).toBeUndefined()
})

test('which terms a version changes', () => {
  const a = agreement({})
  expect(changedParts(a, a)).toEqual([])
  expect(changedParts({ ...a, drill: 'facts', figures: ['a', 'b'], until: '2027-01-01T08:00:00+08:00' }, a)).toEqual([
    'figures',
    'drill',
  ])
})

test('nobody passes on more than it may see', () => {
  expect(passable('aggregate', 'none')).toEqual(['none', 'aggregate'])
  expect(passable('enterprise', 'none')).toEqual(['none', 'aggregate', 'inputs'])
  expect(passable('aggregate', 'readings')).toHaveLength(5)
})

test('a last day and the instant behind it', () => {
  expect(endOfDay('2026-12-31')).toBe('2026-12-31T16:00:00.000Z')
  expect(lastDay('2026-12-31T16:00:00.000Z')).toBe('2026-12-31')
})

test('what a question was about', () => {
  expect(askedOf('{"key":"mes-use/2025","code":"91","limit":100}')).toBe('mes-use/2025 · 91')
  expect(askedOf('{"key":"mes-use/2025","id":"01a204be-422a-739c-8afe-b16b43d12ce7"}')).toBe('mes-use/2025 · 01a204be')
  expect(askedOf('{"key":"cut')).toBe('{"key":"cut')
  expect(askedOf(undefined)).toBe('')
})
