import type { components } from '../api/schema'
import type { Problem } from '../api/problem'
import type { SampleValue } from '../api/types'
import { iso } from '../trend/csv'
import type { Interval } from '../trend/segments'
import type { Given } from './rows'
import { sameTime } from './time'

type S = components['schemas']

export type Correction = S['CorrectionView']
export type CorrectionRequest = S['CorrectionRequest']
export type Preview = S['CorrectionPreview']
export type Change = S['CorrectedSample']
/** A kind that can be asked for; undoing is told of as a kind, too, and asked for in its own way. */
export type Kind = CorrectionRequest['kind']

export const kinds: Kind[] = ['status', 'scale', 'withdraw', 'set', 'enter']

/** Enough to ask the node with, of whatever kind. */
export interface Draft {
  kind: Kind
  span: Interval
  factor: string
  offset: string
  status: number
  values: Given[]
  reason: string
  reference: string
}

/** requestOf is a draft as the node takes it: of each kind only what belongs to it. */
export function requestOf(d: Draft): CorrectionRequest {
  const why = { reason: d.reason.trim(), ...(d.reference.trim() && { reference: d.reference.trim() }) }
  if (d.kind === 'set' || d.kind === 'enter') return { kind: d.kind, values: d.values, ...why }
  const where = { kind: d.kind, from: iso(d.span.from), to: iso(d.span.to) }
  if (d.kind === 'scale') {
    return { ...where, factor: numberOr(d.factor, 1), offset: numberOr(d.offset, 0), ...why }
  }
  return { ...where, ...(d.kind === 'status' && { status: d.status }), ...why }
}

const numberOr = (text: string, otherwise: number) => (text.trim() === '' ? otherwise : Number(text))

/** isUndo tells a correction that undoes another: its kind is none that can be asked for. */
export const isUndo = (c: Pick<Correction, 'undoes'>): boolean => c.undoes !== undefined

/** spanOf is the source time that a correction is about; of one that undoes, that of what it undid. */
export function spanOf(c: Correction, undone?: Correction): { from: string; to: string } | undefined {
  if (c.from !== undefined && c.to !== undefined) return { from: c.from, to: c.to }
  const [first, last] = [c.values?.at(0), c.values?.at(-1)]
  if (first && last) return { from: first.time, to: last.time }
  return undone && undone.id !== c.id ? spanOf(undone) : undefined
}

/**
 * standing tells which corrections count: one that was undone counts again when what undid it was undone. What undoes
 * what is not in the list counts.
 */
export function standing(list: Correction[]): Set<string> {
  const byId = new Map(list.map((c) => [c.id, c]))
  const counts = (c: Correction, depth = 0): boolean => {
    if (c.undoneBy === undefined) return true
    const by = byId.get(c.undoneBy)
    return by === undefined || depth > list.length ? false : !counts(by, depth + 1)
  }
  return new Set(list.filter((c) => counts(c)).map((c) => c.id))
}

/**
 * rowOf finds the value that a refusal is about: named by its place (body.values[3].time) or by its time.
 * The values are those that were sent.
 */
export function rowOf(problem: Problem, values: Given[]): { row: number; message: string } | undefined {
  for (const f of problem.faults) {
    const message = [f.message, f.mend].filter(Boolean).join(' ')
    const place = /^body\.values\[(\d+)\]/.exec(f.location ?? '')?.[1]
    if (place !== undefined) return { row: Number(place), message }
    if (f.location === 'body.values' && typeof f.value === 'string') {
      const at = sameTime(f.value)
      const row = values.findIndex((v) => sameTime(v.time) === at)
      if (row >= 0) return { row, message }
    }
  }
  return undefined
}

/** height is a number to be drawn, NaN where a sample has none that is good or uncertain. */
export function height(s: { value: SampleValue; status: { class: string }; withdrawn?: boolean } | undefined): number {
  if (!s || s.withdrawn || s.status.class === 'bad' || s.value === null) return NaN
  const n = typeof s.value === 'boolean' ? Number(s.value) : s.value === '' ? NaN : Number(s.value)
  return Number.isFinite(n) ? n : NaN
}
