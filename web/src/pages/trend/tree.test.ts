import { describe, expect, it } from 'vitest'

import type { PlantNode } from '../../api/types'
import { pickRows, plantTree, type Leaf } from './tree'

const node = (id: string, kind: PlantNode['kind'], parent?: string) =>
  ({ id, kind, parent, name: { zh: id } }) as unknown as PlantNode
const leaf = (id: string, machine: string, label: string, unit = 'kW'): Leaf => ({ id, machine, label, unit })

const roots = plantTree(
  { id: 'org', label: 'Works' },
  [
    node('North', 'site'),
    node('Hall', 'area', 'North'),
    node('M1', 'machine', 'Hall'),
    node('M2', 'machine', 'Hall'),
    node('Empty', 'site'),
  ],
  [
    leaf('a', 'M1', 'Power'),
    leaf('b', 'M1', 'Temperature', '°C'),
    leaf('c', 'M2', 'Power'),
    leaf('d', 'gone', 'Power'),
  ],
  (n) => n.id,
  'en-GB',
)
const none = new Set<string>()
const told = (toggled: ReadonlySet<string>, search = '') =>
  pickRows(roots, toggled, search).map((r) => `${'.'.repeat(r.level)}${r.label}`)

describe('pickRows', () => {
  it('is open down to the machines, without what has no points', () => {
    expect(told(none)).toEqual(['.Works', '..North', '...Hall', '....M1', '....M2', '..Power'])
  })
  it('opens and closes', () => {
    expect(told(new Set(['M1']))).toEqual([
      '.Works',
      '..North',
      '...Hall',
      '....M1',
      '.....Power',
      '.....Temperature',
      '....M2',
      '..Power',
    ])
    expect(told(new Set(['North']))).toEqual(['.Works', '..North', '..Power'])
  })
  it('finds by words of the point and of what is above it', () => {
    expect(told(none, 'power m2')).toEqual(['.Works', '..North', '...Hall', '....M2', '.....Power'])
    expect(told(none, '°c')).toEqual(['.Works', '..North', '...Hall', '....M1', '.....Temperature'])
    expect(told(none, 'nothing')).toEqual([])
  })
  it('counts the points below, of a search those found', () => {
    expect(pickRows(roots, none, '')[0]?.points).toBe(4)
    expect(pickRows(roots, none, 'temperature')[0]?.points).toBe(1)
  })
})
