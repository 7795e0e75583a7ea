import type { Progress } from '../targets/queries'

/** Who a place in a table belongs to, with what is known of it. */
export interface Standing {
  key: string
  name: string
  /** Shown and exact, as the node gives it. */
  number?: Progress['number']
  known: number
  of: number
  grade?: Progress['grade']
  /** Why there is no number. */
  reason?: string
}

/** A place: without a rank where too little is known for one. */
export interface Place extends Standing {
  rank?: number
}

/** The least share of what is to be known that a rank asks for. */
export const enough = 0.8

/** compare tells which of two fractions, such as 70 or 200/3, is greater; exactly. */
export function compare(a: string, b: string): number {
  const [an = 0n, ad = 1n] = a.split('/').map(BigInt)
  const [bn = 0n, bd = 1n] = b.split('/').map(BigInt)
  const [x, y] = [an * bd, bn * ad]
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * league orders by value, the greatest first. Ranks go to those of which enough is known; equal values share a rank, and the next one counts
 * those before it (1, 1, 3). Whoever has no value comes last, by name.
 */
export function league(list: Standing[]): Place[] {
  const exact = (x: Standing) => x.number?.exact ?? ''
  const [known, unknown] = [list.filter((x) => x.number), list.filter((x) => !x.number)]
  known.sort((a, b) => compare(exact(b), exact(a)) || a.key.localeCompare(b.key))
  const counted = known.filter((x) => x.of > 0 && x.known >= enough * x.of)
  return [
    ...known.map((x) =>
      counted.includes(x) ? { ...x, rank: 1 + counted.filter((y) => compare(exact(y), exact(x)) > 0).length } : x,
    ),
    ...unknown.sort((a, b) => a.name.localeCompare(b.name, 'zh')),
  ]
}
