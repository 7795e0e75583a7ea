import { describe, expect, it } from 'vitest'

import { lookOf, treeRows, worstRows } from './rows'
import type { NodeHealth } from './types'

const node = (id: string, kind: NodeHealth['kind'], parent?: string, score?: number) =>
  ({ id, kind, parent, score, name: { zh: id, en: id } }) as NodeHealth

const plant = [
  node('s', 'site', undefined, 70),
  node('l', 'line', 's', 60),
  node('m1', 'machine', 'l', 90),
  node('m2', 'machine', 'l', 30),
  node('m3', 'machine', 's'),
  node('m4', 'machine', 'elsewhere', 50),
]
const ids = (rows: { node: NodeHealth; level: number }[]) => rows.map((r) => `${r.level}${r.node.id}`)

describe('the parts of a plant', () => {
  it('stand below what they are in', () => {
    expect(ids(treeRows(plant, new Set()))).toEqual(['0s', '1l', '2m1', '2m2', '1m3', '0m4'])
    expect(ids(treeRows(plant, new Set(['l'])))).toEqual(['0s', '1l', '1m3', '0m4'])
    expect(treeRows(plant, new Set(['l'])).map((r) => r.open)).toEqual([true, false, undefined, undefined])
  })
  it('are listed with the worst machine first', () => {
    const rows = worstRows(plant)
    expect(ids(rows)).toEqual(['0m2', '0m4', '0m1', '0m3'])
    expect(rows[0]?.above.map((n) => n.id)).toEqual(['s', 'l'])
  })
  it('are coloured by their share', () => {
    expect([undefined, 1, 0.99, 0.989, 0.9, 0.899, 0].map(lookOf)).toEqual([
      'none',
      'good',
      'good',
      'warn',
      'warn',
      'bad',
      'bad',
    ])
  })
})
