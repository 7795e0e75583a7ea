import type { components } from '../api/schema'
import type { Text } from '../api/types'
import type { Missing, Reading, Value } from '../targets/queries'

type S = components['schemas']

/** Explanation is what one level of a figure is made of, on whichever node that level lives. */
export interface Explanation {
  level: 'population' | 'enterprise'
  node: string
  nodeName: string
  org: Text
  id: string
  key: string
  indicator: S['IndicatorBrief']
  period: S['Period']
  filter: string
  baseline?: string
  revision?: string
  commit?: string
  watermark?: string
  definition: string
  population?: { hash: string; members: number; day: string }
  readings: Reading[]
  grade?: string
  coverage: S['FigureCoverage']
  missing: Missing[]
  parts: Part[]
  enterprises: Firm[]
  next?: string
  value?: Value
  agrees?: boolean
  weakest: Weak[]
  hops: Hop[]
}

/** Part is a source of a population's enterprises. */
export interface Part {
  /** local: enterprises of that node; given: enterprises with a node of their own; or the agreement by which an account was given. */
  source: string
  kind: 'rows' | 'account'
  state: 'given' | 'offline' | 'not-delivered' | 'isolated'
  reason?: string
  codes?: string[] | null
  name?: Text
  members: number
  known: number
  at?: string
  away?: string
  open: boolean
}

/** Firm is an enterprise of a population. */
export interface Firm {
  code: string
  name?: string
  org?: string
  number?: S['FigureNumber']
  holds?: boolean
  grade?: string
  filled?: string
  missing: { name: Text; text: Text }[]
  source?: string
  /** The agreement by which it is asked, where it lives on another node. */
  via?: string
  open: boolean
}

/** Weak is a link by which the figure would break first. */
export interface Weak {
  kind: 'isolated' | 'offline' | 'missing' | 'differs' | 'grade' | 'coverage' | 'age'
  text: Text
  part?: number
  code?: string
}

/** Hop is a node that was asked on the way down. */
export interface Hop {
  node: string
  org: Text
  agreement: string
  tookMs: number
}

/** Sample is the last sample of a series, with how much of its day is covered. */
export interface Sample {
  series: string
  name: Text
  machine?: Text
  unit?: string
  time?: string
  value?: string
  status?: string
  received?: string
  day?: string
  samples: string
  coveredSeconds: number
  hops: Hop[]
}

/** Fact is a fact without what stays with the enterprise. */
export interface Fact {
  id: string
  revision: string
  kind: string
  kindName: Text
  source: string
  grade: string
  evidence?: string
  documents: string[]
  since?: string
  until?: string
  at: string
  fields: { key: string; name: Text; text: string }[]
  hidden?: number
  hops: Hop[]
}

/** Where says which level is asked for: the agreements to follow downward, and one enterprise or none. */
export interface Where {
  via: readonly string[]
  code?: string
}

/** keyOf names a level within a figure; two ways down never have the same name. */
export const keyOf = ({ via, code }: Where): string => [...via, code ? `#${code}` : ''].join('/')

/** below is where a part of a population is explained, if anything is to be seen there. */
export const below = (where: Where, part: Part): Where | undefined =>
  part.kind === 'account' && part.source ? { via: [...where.via, part.source] } : undefined

/** firmAt is where an enterprise is explained: on the node of its population, or one agreement further down. */
export const firmAt = (where: Where, firm: Firm): Where => ({
  via: firm.via ? [...where.via, firm.via] : where.via,
  code: firm.code,
})

/** Why a part cannot be opened: each has its own words. */
export type Shut = 'isolated' | 'not-delivered' | 'no-consent'

/** shutOf tells why a part cannot be opened; undefined where it can. The enterprises of rows stand at the level itself. */
export function shutOf(part: Part): Shut | undefined {
  if (part.state === 'not-delivered') return part.state
  if (part.open || part.kind === 'rows') return undefined
  return part.state === 'isolated' ? 'isolated' : 'no-consent'
}

/** firmsOf are the enterprises that stand below a part. */
export const firmsOf = (part: Part, firms: readonly Firm[]): Firm[] => firms.filter((f) => f.source === part.source)

/** alone are enterprises for which no part speaks. */
export const alone = (parts: readonly Part[], firms: readonly Firm[]): Firm[] =>
  firms.filter((f) => !f.source || !parts.some((p) => p.source === f.source))

/** covered is how much of a day is covered, in hours. */
export const covered = (s: Pick<Sample, 'coveredSeconds'>): number => Math.round(s.coveredSeconds / 360) / 10
