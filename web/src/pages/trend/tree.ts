import type { PlantNode } from '../../api/types'
import { buildTree, type TreeNode } from '../../plant/tree'

/** A series as the tree knows it. */
export interface Leaf {
  id: string
  machine: string
  label: string
  unit: string
}

export interface PickRow {
  id: string
  kind: PlantNode['kind'] | 'org' | 'point'
  label: string
  unit: string
  level: number
  /** undefined for points. */
  expanded?: boolean
  position: number
  siblings: number
  /** Points at or under it. */
  points: number
}

interface Branch {
  id: string
  kind: PickRow['kind']
  label: string
  unit: string
  /** What a search looks at: its name and those above it, in lower case. */
  text: string
  children: Branch[]
  points: number
}

/**
 * plantTree hangs the points under their machines and the machines where they stand, all under the organisation. Where
 * no point is below there is nothing to pick: such branches are left out. A machine that is not in the plant (any more)
 * hangs under the organisation itself.
 */
export function plantTree(
  org: { id: string; label: string },
  nodes: PlantNode[],
  leaves: Leaf[],
  name: (n: PlantNode) => string,
  locale: string,
): Branch[] {
  const byMachine = new Map<string, Leaf[]>()
  for (const leaf of leaves) byMachine.set(leaf.machine, [...(byMachine.get(leaf.machine) ?? []), leaf])
  const lower = (text: string) => text.toLocaleLowerCase(locale)
  const point = (leaf: Leaf, above: string): Branch => ({
    id: leaf.id,
    kind: 'point',
    label: leaf.label,
    unit: leaf.unit,
    text: `${above} ${lower(`${leaf.label} ${leaf.unit}`)}`,
    children: [],
    points: 1,
  })
  const branch = (t: TreeNode, above: string): Branch => {
    const label = name(t.node)
    const text = `${above} ${lower(label)}`
    const children = [
      ...t.children.map((c) => branch(c, text)),
      ...(byMachine.get(t.node.id) ?? []).map((leaf) => point(leaf, text)),
    ].filter((c) => c.points > 0)
    return { id: t.node.id, kind: t.node.kind, label, unit: '', text, children, points: count(children) }
  }
  const text = lower(org.label)
  const known = new Set(nodes.map((n) => n.id))
  const children = [
    ...buildTree(nodes, name, locale).map((t) => branch(t, text)),
    ...leaves.filter((leaf) => !known.has(leaf.machine)).map((leaf) => point(leaf, text)),
  ].filter((c) => c.points > 0)
  return [{ id: org.id, kind: 'org', label: org.label, unit: '', text, children, points: count(children) }]
}

const count = (of: Branch[]) => of.reduce((sum, c) => sum + c.points, 0)

// A plant of a few machines is open down to them; their points come when a machine is opened.
const openKinds: PickRow['kind'][] = ['org', 'site', 'area', 'line']

/**
 * pickRows lists what is shown of the tree. `toggled` holds what a person opened or closed. With words only the points
 * that have all of them, in their own name or those above, are shown, with what is above them.
 */
export function pickRows(roots: Branch[], toggled: ReadonlySet<string>, search: string): PickRow[] {
  const words = search.split(/\s+/).filter(Boolean)
  const rows: PickRow[] = []
  const hits = new Map<Branch, number>()
  const look = (b: Branch): number => {
    const n =
      b.kind === 'point'
        ? Number(words.every((w) => b.text.includes(w)))
        : b.children.reduce((sum, c) => sum + look(c), 0)
    hits.set(b, n)
    return n
  }
  if (words.length > 0) roots.forEach(look)
  const walk = (list: Branch[], level: number) => {
    const shown = words.length > 0 ? list.filter((b) => hits.get(b)) : list
    shown.forEach((b, i) => {
      const open = words.length > 0 ? !toggled.has(b.id) : openKinds.includes(b.kind) !== toggled.has(b.id)
      const expanded = b.kind === 'point' ? undefined : open
      const points = words.length > 0 ? (hits.get(b) ?? 0) : b.points
      rows.push({
        id: b.id,
        kind: b.kind,
        label: b.label,
        unit: b.unit,
        level,
        expanded,
        position: i + 1,
        siblings: shown.length,
        points,
      })
      if (expanded) walk(b.children, level + 1)
    })
  }
  walk(roots, 1)
  return rows
}
