import type { Assignment, PlantNode, RetentionClass, Series, Term } from '../api/types'
import { millis } from '../format/time'

/** Samples go by whole UTC days. */
export const dayMillis = 86_400_000

/** The bounds of a class in days; 0 is for ever. The node holds to the same ones. */
export const leastDays = 35
export const mostDays = 36_525

/** Until then a change that takes samples away can be taken back. */
export const grace = dayMillis

export const daysFault = (days: number): boolean =>
  !Number.isInteger(days) || (days !== 0 && (days < leastDays || days > mostDays))

/** shorter tells whether a change takes samples away; 0 is for ever. */
export const shorter = (was: number, days: number): boolean => days !== 0 && (was === 0 || days < was)

/** cutoff is the time before which samples may go by a class, in ms; undefined where it keeps for ever. */
export function cutoff(days: number, at: number): number | undefined {
  if (days === 0) return undefined
  const cut = at - days * dayMillis
  return Math.max(0, cut - (cut % dayMillis))
}

/** coming is what a class will say and does not say yet. */
export const coming = (c: Pick<RetentionClass, 'terms'>, now: number): Term | undefined =>
  c.terms.find((x) => millis(x.from) > now)

/** stateOf an assignment: it is to come, holds, or holds and ends. */
export function stateOf(a: Pick<Assignment, 'from' | 'until'>, now: number): 'coming' | 'holds' | 'ending' {
  if (millis(a.from) > now) return 'coming'
  return a.until === undefined ? 'holds' : 'ending'
}

const width: Record<Assignment['target'], number> = { org: 0, template: 1, node: 2, series: 3 }

/** byWidth orders assignments as they are looked through from behind: the widest first, then what begins first. */
export const byWidth = (a: Assignment, b: Assignment): number =>
  width[a.target] - width[b.target] || a.of.localeCompare(b.of) || millis(a.from) - millis(b.from)

/**
 * reach counts the series that an assignment to a target could concern: those that stand there now. A closer assignment
 * may take some of them out again.
 */
export function reach(
  target: Assignment['target'],
  of: string,
  series: readonly Series[],
  nodes: readonly PlantNode[],
) {
  if (target === 'series') return 1
  if (target === 'org') return series.length
  const byId = new Map(nodes.map((x) => [x.id, x]))
  const within = (id: string | undefined): boolean => {
    for (let at = id; at !== undefined; at = byId.get(at)?.parent) if (at === of) return true
    return false
  }
  return series.filter((s) => (target === 'template' ? byId.get(s.machine)?.template === of : within(s.machine))).length
}

/** share of the room that is taken, 0 to 1: of the budget, or of what samples take and what is free. */
export function used(d: { bytes: number; budget: number; free: number }): number {
  const whole = d.budget > 0 ? Math.min(d.budget, d.bytes + d.free) : d.bytes + d.free
  return whole <= 0 ? 1 : Math.min(1, Math.max(0, d.bytes / whole))
}
