import { describe, expect, it } from 'vitest'

import type { NodeKind, PlantNode } from '../api/types'
import { buildTree, counted, pathTo, rollUp, visibleRows, worst } from './tree'

const node = (id: string, kind: NodeKind, parent?: string): PlantNode => ({
  id,
  kind,
  parent,
  org: 'o',
  name: { zh: id, en: id },
  from: '2026-01-01T00:00:00Z',
  etag: '"1"',
})

const nodes = [
  node('m10', 'machine', 'l'),
  node('m2', 'machine', 'l'),
  node('s', 'site'),
  node('a', 'area', 's'),
  node('l', 'line', 'a'),
  node('direct', 'machine', 's'),
  node('lost', 'machine', 'gone'),
]
const tree = buildTree(nodes, (n) => n.name.en ?? '', 'en')
const ids = (rows: { node: PlantNode }[]) => rows.map((r) => r.node.id)

describe('the plant tree', () => {
  it('counts in Chinese: line two after line one, the tenth after the ninth', () => {
    expect(['二号线', '一号线', '九车间', '十车间', '第二十三区', '温度'].map(counted)).toEqual([
      '2号线',
      '1号线',
      '9车间',
      '10车间',
      '第23区',
      '温度',
    ])
    const lines = ['二号线', '十号线', '一号线'].map((id) => node(id, 'line'))
    const sorted = buildTree(lines, (n) => n.name.zh ?? '', 'zh-CN').map((t) => t.node.id)
    expect(sorted).toEqual(['一号线', '二号线', '十号线'])
  })
  it('stands in the order site, area, line, machine, and counts m2 before m10', () => {
    expect(ids(visibleRows(tree, new Set()))).toEqual(['s', 'a', 'l', 'm2', 'm10', 'direct', 'lost'])
  })
  it('hides what is below a closed node and tells levels and positions', () => {
    const rows = visibleRows(tree, new Set(['a']))
    expect(ids(rows)).toEqual(['s', 'a', 'direct', 'lost'])
    expect(rows[2]).toMatchObject({ level: 2, position: 2, siblings: 2, expanded: undefined })
    expect(rows[1]?.expanded).toBe(false)
  })
  it('shows a match with its way up and all below it, even under a closed node', () => {
    expect(ids(visibleRows(tree, new Set(['s']), (n) => n.id === 'm2'))).toEqual(['s', 'a', 'l', 'm2'])
    expect(ids(visibleRows(tree, new Set(), (n) => n.id === 'l'))).toEqual(['s', 'a', 'l', 'm2', 'm10'])
  })
  it('rolls the states of the machines up to the site', () => {
    const sums = rollUp(
      tree,
      new Map([
        ['m2', { live: 3, stale: 1, silent: 0 }],
        ['direct', { live: 2, stale: 0, silent: 4 }],
      ]),
    )
    expect(sums.get('l')).toEqual({ live: 3, stale: 1, silent: 0 })
    expect(sums.get('s')).toEqual({ live: 5, stale: 1, silent: 4 })
    expect(worst(sums.get('s'))).toBe('stale')
    expect(worst({ live: 0, stale: 0, silent: 2 })).toBe('silent')
    expect(worst({ live: 2, stale: 0, silent: 0 })).toBe('live')
    expect(worst(sums.get('m10'))).toBeUndefined()
  })
  it('finds the way to a node', () => {
    expect(pathTo(nodes, 'm2').map((n) => n.id)).toEqual(['s', 'a', 'l', 'm2'])
    expect(pathTo(nodes, 'none')).toEqual([])
  })
})
