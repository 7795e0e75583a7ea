import type { NodeHealth } from './types'

export interface PartRow {
  node: NodeHealth
  level: number
  /** undefined: it has nothing below it. */
  open: boolean | undefined
  /** What it stands in, from the outermost in. */
  above: NodeHealth[]
}

/** treeRows lists the parts of the plant that are shown: below every part that is not closed. */
export function treeRows(nodes: NodeHealth[], closed: ReadonlySet<string>): PartRow[] {
  const here = new Set(nodes.map((n) => n.id))
  const below = new Map<string, NodeHealth[]>()
  for (const n of nodes) {
    const parent = n.parent && here.has(n.parent) ? n.parent : ''
    below.set(parent, [...(below.get(parent) ?? []), n])
  }
  const rows: PartRow[] = []
  const walk = (parent: string, level: number, above: NodeHealth[]) => {
    for (const node of below.get(parent) ?? []) {
      const open = below.has(node.id) ? !closed.has(node.id) : undefined
      rows.push({ node, level, open, above })
      if (open) walk(node.id, level + 1, [...above, node])
    }
  }
  walk('', 0, [])
  return rows
}

/** worstRows lists the machines alone, those of the lowest score first; without a score last. */
export function worstRows(nodes: NodeHealth[]): PartRow[] {
  const byId = new Map(nodes.map((n) => [n.id, n]))
  const above = (n: NodeHealth): NodeHealth[] => {
    const up = n.parent ? byId.get(n.parent) : undefined
    return up ? [...above(up), up] : []
  }
  return nodes
    .filter((n) => n.kind === 'machine')
    .map((node) => ({ node, level: 0, open: undefined, above: above(node) }))
    .sort((a, b) => byScore(a.node, b.node))
}

/** byScore puts what is worst first. */
export function byScore(a: { score?: number }, b: { score?: number }): number {
  return (a.score ?? 101) - (b.score ?? 101)
}

export type Look = 'good' | 'warn' | 'bad' | 'none'

/** lookOf is how a share is coloured: nearly all, most, less. */
export function lookOf(share: number | undefined): Look {
  if (share === undefined) return 'none'
  return share >= 0.99 ? 'good' : share >= 0.9 ? 'warn' : 'bad'
}
