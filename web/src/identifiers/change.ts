import type { Value } from './queries'

/** Where a record says which template it follows: the node sets them. */
export const isTemplateMark = (index: number | undefined) => index === 1000 || index === 1001

/** From this index on the values are a template's items. */
export const firstItem = 2000

/** changesOf is what makes a record into another: values to put at their indexes, and indexes that go. */
export function changesOf(was: Value[], now: Value[]): { put: Value[]; removed: number[] } {
  const before = new Map(was.map((v) => [v.index, v]))
  const left = new Set(now.map((v) => v.index))
  const same = (a: Value, b: Value | undefined) =>
    a.type === b?.type && a.data === b.data && a.permissions === b.permissions
  return {
    put: now.filter((v) => !same(v, before.get(v.index))),
    removed: was.map((v) => v.index ?? 0).filter((i) => !left.has(i) && !isTemplateMark(i)),
  }
}

/** nextIndex is the first index from 1 on that is not taken. */
export function nextIndex(taken: number[]): number {
  const all = new Set(taken)
  let i = 1
  while (all.has(i)) i++
  return i
}
