import type { Actual } from './figures'

/** A page of the wall: a list of targets, or one target with its places and its way. */
export type Leaf = { kind: 'list'; list: Actual[] } | { kind: 'one'; of: Actual }

/** How many targets are read from afar on one page. */
export const perLeaf = 8

/** How long a page stands, ms. */
export const stands = 15_000

/** leaves are the pages of a region: only what has a value is shown. */
export function leaves(list: Actual[]): Leaf[] {
  const known = list.filter((x) => x.number)
  const out: Leaf[] = []
  for (let i = 0; i < known.length; i += perLeaf) out.push({ kind: 'list', list: known.slice(i, i + perLeaf) })
  return [...out, ...known.map((of) => ({ kind: 'one' as const, of }))]
}
