import { describe, expect, it } from 'vitest'

import type { PlantNode, Series } from '../api/types'
import type { LiveValue } from '../live/store'
import { buildEntries, countStates, inState, matching, sameList, sortEntries, type Sort } from './entries'

const series = (id: string, machine: string, name: string, unit: string, type = 'float64') =>
  ({ id, machine, name: { zh: name, en: name }, unit, type, maxSilence: '5s' }) as unknown as Series
const node = (id: string, name: string) =>
  ({ id, name: { zh: name, en: name }, kind: 'machine' }) as unknown as PlantNode
const n = (name: Series['name']) => name.zh ?? ''

const list = [
  series('a', 'm10', 'Speed', '{rev}/min'),
  series('b', 'm2', 'Temperature', 'Cel'),
  series('c', 'm2', 'speed 2', '1'),
  series('d', 'm2', 'State', '', 'string'),
  series('e', 'm10', 'Count', '1', 'int64'),
]
const nodes = [node('m10', 'Press 10'), node('m2', 'Press 2')]
const live = (value: unknown, ms: number, state = 'live') => ({ sample: { value }, ms, state }) as unknown as LiveValue
const values = new Map<string, LiveValue>([
  ['a', live(5, 100_000)],
  ['b', live(-3, 90_000)],
  ['d', live('run', 99_000)],
  ['e', live('12', 98_000, 'stale')],
])
const read = (id: string) => values.get(id)
const entries = await buildEntries(list, nodes, n, 'zh-CN')
const sorted = async (sort: Sort) => (await sortEntries(entries, sort, 'zh-CN', read)).map((e) => e.id).join('')

describe('the list of all points', () => {
  it('is sorted by machine or name as people count, always in the same order', async () => {
    expect(await sorted({ by: 'machine', down: false })).toBe('cdbea')
    expect(await sorted({ by: 'machine', down: true })).toBe('aebdc')
    expect(await sorted({ by: 'name', down: false })).toBe('eacdb')
  })
  it('is sorted by what was there at the click; what has no value stands last either way', async () => {
    expect(await sorted({ by: 'value', down: false })).toBe('baedc')
    expect(await sorted({ by: 'value', down: true })).toBe('deabc')
    expect(await sorted({ by: 'age', down: false })).toBe('adebc')
    expect(await sorted({ by: 'age', down: true })).toBe('bedac')
  })
  it('is searched by machine, point and unit, each word somewhere', () => {
    const found = (search: string, machine?: string) =>
      matching(entries, search, machine)
        .map((e) => e.id)
        .join('')
    expect(found('')).toBe('abcde')
    expect(found('press 2')).toBe('bcd')
    expect(found('speed 10')).toBe('a')
    expect(found('°c')).toBe('b')
    expect(found('r/min')).toBe('a')
    expect(found('', 'm10')).toBe('ae')
    expect(found('nothing')).toBe('')
  })
  it('is counted and filtered by state', () => {
    expect(countStates(entries, read, 100_000)).toEqual({ live: 2, stale: 2, silent: 1 })
    expect(inState(entries, 'stale', read, 100_000).map((e) => e.id)).toEqual(['b', 'e'])
    expect(inState(entries, 'silent', read, 100_000).map((e) => e.id)).toEqual(['c'])
  })
  it('knows when nothing changed', () => {
    expect(sameList([1, 2], [1, 2])).toBe(true)
    expect(sameList([1, 2], [2, 1])).toBe(false)
  })
})
