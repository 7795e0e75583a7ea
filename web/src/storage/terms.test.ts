import { describe, expect, it } from 'vitest'

import type { Assignment, PlantNode, Series } from '../api/types'
import { byWidth, coming, cutoff, daysFault, reach, shorter, stateOf, used } from './terms'

const day = 86_400_000
const noon = Date.UTC(2026, 10, 22, 12)

describe('a time to keep', () => {
  it('is at least what the roll-up of a month needs, or for ever', () => {
    expect([0, 35, 365, 36_525].map(daysFault)).toEqual([false, false, false, false])
    expect([1, 34, 36_526, -1, 40.5, NaN].map(daysFault)).toEqual([true, true, true, true, true, true])
  })
  it('is shorter than for ever whatever it is, and never the other way', () => {
    expect(shorter(0, 36_525)).toBe(true)
    expect(shorter(40, 0)).toBe(false)
    expect(shorter(40, 40)).toBe(false)
    expect(shorter(41, 40)).toBe(true)
  })
  it('ends at a whole UTC day', () => {
    expect(cutoff(40, noon)).toBe(Date.UTC(2026, 9, 13))
    expect(cutoff(40, Date.UTC(2026, 10, 22))).toBe(Date.UTC(2026, 9, 13))
    expect(cutoff(0, noon)).toBeUndefined()
    expect(cutoff(36_525, noon)).toBe(0)
  })
  it('tells what is to come', () => {
    const term = (ms: number, days: number) => ({ from: new Date(ms).toISOString(), days, reason: 'x' })
    const c = { terms: [term(noon - day, 365), term(noon + day, 40)] }
    expect(coming(c, noon)?.days).toBe(40)
    expect(coming(c, noon + day)).toBeUndefined()
  })
})

describe('assignments', () => {
  const a = (target: Assignment['target'], of: string, from: number, until?: number): Assignment => ({
    id: `${target}${of}${from}`,
    target,
    of,
    from: new Date(from).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
    reason: 'x',
  })
  it('are to come, hold, or end', () => {
    expect(stateOf(a('org', 'o', noon + 1000), noon)).toBe('coming')
    expect(stateOf(a('org', 'o', noon), noon)).toBe('holds')
    expect(stateOf(a('org', 'o', noon - day, noon + day), noon)).toBe('ending')
  })
  it('stand with the widest first', () => {
    const list = [a('series', 's', 1), a('org', 'o', 1), a('node', 'n', day), a('node', 'n', 1), a('template', 't', 1)]
    expect(list.sort(byWidth).map((x) => x.target)).toEqual(['org', 'template', 'node', 'node', 'series'])
    expect(list[2]?.from).toBe(new Date(1).toISOString())
  })
  it('reach what stands there', () => {
    const node = (id: string, parent?: string, template?: string) => ({ id, parent, template }) as PlantNode
    const nodes = [node('site'), node('line', 'site'), node('m1', 'line', 'mill'), node('m2', 'site', 'lathe')]
    const series = ['m1', 'm1', 'm2', 'gone'].map((machine, i) => ({ id: `s${i}`, machine }) as Series)
    expect(reach('org', 'o', series, nodes)).toBe(4)
    expect(reach('node', 'site', series, nodes)).toBe(3)
    expect(reach('node', 'line', series, nodes)).toBe(2)
    expect(reach('node', 'm2', series, nodes)).toBe(1)
    expect(reach('template', 'mill', series, nodes)).toBe(2)
    expect(reach('series', 's0', series, nodes)).toBe(1)
  })
})

describe('the disk', () => {
  it('is full by the budget, or by what is free', () => {
    expect(used({ bytes: 25, budget: 0, free: 75 })).toBe(0.25)
    expect(used({ bytes: 25, budget: 50, free: 75 })).toBe(0.5)
    expect(used({ bytes: 25, budget: 500, free: 25 })).toBe(0.5)
    expect(used({ bytes: 60, budget: 50, free: 75 })).toBe(1)
    expect(used({ bytes: 0, budget: 0, free: 0 })).toBe(1)
  })
})
