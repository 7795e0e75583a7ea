import type { LiveState, NodeKind, PlantNode } from '../api/types'

export interface TreeNode {
  node: PlantNode
  children: TreeNode[]
}

export interface Row {
  node: PlantNode
  level: number
  expanded: boolean | undefined
  position: number
  siblings: number
}

export type Counts = Record<LiveState, number>

const order: NodeKind[] = ['site', 'area', 'line', 'machine']

const numerals = '一二三四五六七八九'

/** counted writes Chinese numerals up to 99 as figures: by sound, line two (二号线) would stand before line one. */
export function counted(name: string): string {
  return name.replace(
    /([一二三四五六七八九])?(十)?([一二三四五六七八九])?/g,
    (all, tens?: string, ten?: string, ones?: string) => {
      if (all === '') return ''
      const digit = (c: string | undefined) => (c ? numerals.indexOf(c) + 1 : 0)
      if (ten) return String((tens ? digit(tens) : 1) * 10 + digit(ones))
      return [tens, ones].map((c) => (c ? String(digit(c)) : '')).join('')
    },
  )
}

/**
 * buildTree hangs the nodes under their parents, machines after lines after areas, then by name. A node whose parent
 * is not among them (not visible, or retired) becomes a root rather than vanish.
 */
export function buildTree(nodes: PlantNode[], name: (n: PlantNode) => string, locale: string): TreeNode[] {
  const byId = new Map<string, TreeNode>(nodes.map((node) => [node.id, { node, children: [] }]))
  const roots: TreeNode[] = []
  for (const t of byId.values()) {
    const parent = t.node.parent ? byId.get(t.node.parent) : undefined
    if (parent && parent !== t) parent.children.push(t)
    else roots.push(t)
  }
  const collator = new Intl.Collator(locale, { numeric: true })
  const inOrder = new Map(nodes.map((node) => [node.id, counted(name(node))]))
  const sort = (list: TreeNode[]) => {
    list.sort(
      (a, b) =>
        order.indexOf(a.node.kind) - order.indexOf(b.node.kind) ||
        collator.compare(inOrder.get(a.node.id) ?? '', inOrder.get(b.node.id) ?? ''),
    )
    for (const t of list) sort(t.children)
  }
  sort(roots)
  return roots
}

/**
 * visibleRows lists what is shown: below every node that is not closed. With a search only the matching nodes with
 * what is above and below them are shown, and all of that is open.
 */
export function visibleRows(
  roots: TreeNode[],
  closed: ReadonlySet<string>,
  matches?: (n: PlantNode) => boolean,
): Row[] {
  const rows: Row[] = []
  const keep = matches && found(roots, matches)
  const walk = (list: TreeNode[], level: number) => {
    const shown = keep ? list.filter((t) => keep.has(t.node.id)) : list
    shown.forEach((t, i) => {
      const open = keep !== undefined || !closed.has(t.node.id)
      const expanded = t.children.length > 0 ? open : undefined
      rows.push({ node: t.node, level, expanded, position: i + 1, siblings: shown.length })
      if (expanded) walk(t.children, level + 1)
    })
  }
  walk(roots, 1)
  return rows
}

function found(roots: TreeNode[], matches: (n: PlantNode) => boolean): Set<string> {
  const keep = new Set<string>()
  const walk = (t: TreeNode, above: boolean): boolean => {
    const self = above || matches(t.node)
    let below = false
    for (const c of t.children) below = walk(c, self) || below
    if (self || below) keep.add(t.node.id)
    return self || below
  }
  for (const t of roots) walk(t, false)
  return keep
}

/** rollUp adds the counts of every node into all that are above it. `own` holds the counts of the machines. */
export function rollUp(roots: TreeNode[], own: ReadonlyMap<string, Counts>): Map<string, Counts> {
  const sums = new Map<string, Counts>()
  const walk = (t: TreeNode): Counts => {
    const sum = { live: 0, stale: 0, silent: 0, ...own.get(t.node.id) }
    for (const c of t.children) {
      const below = walk(c)
      sum.live += below.live
      sum.stale += below.stale
      sum.silent += below.silent
    }
    sums.set(t.node.id, sum)
    return sum
  }
  for (const t of roots) walk(t)
  return sums
}

/** worst is the state that a whole shows: one silent point among live ones makes it stale, all silent makes it silent. */
export function worst(c: Counts | undefined): LiveState | undefined {
  if (!c || c.live + c.stale + c.silent === 0) return undefined
  if (c.live === 0 && c.stale === 0) return 'silent'
  return c.stale > 0 || c.silent > 0 ? 'stale' : 'live'
}

/** pathTo lists the nodes from the root down to one, itself last. */
export function pathTo(nodes: PlantNode[], id: string): PlantNode[] {
  const byId = new Map(nodes.map((n) => [n.id, n]))
  const path: PlantNode[] = []
  for (let n = byId.get(id); n && !path.includes(n); n = n.parent ? byId.get(n.parent) : undefined) path.unshift(n)
  return path
}
