import type { components } from '../api/schema'

type S = components['schemas']

/** What one level of a figure is made of, on whichever node that level lives. Integers of 64 bits come as strings of digits. */
export type Explanation = Omit<S['FigureExplanation'], 'revision'> & { revision?: string }
/** A source of a population's enterprises. */
export type Part = S['FigureExplainedPart']
export type Firm = S['FigureExplainedFirm']
/** The last sample of a series, with how much of its day is covered. */
export type Sample = Omit<S['FigureSample'], 'samples'> & { samples: string }
/** A fact without what stays with the enterprise. */
export type Fact = S['FigureFact']

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

/** decimal is a fraction such as 1/3 to three places; anything else as it is. */
export function decimal(value: string): string {
  const [, sign = '', over, under] = /^(-?)(\d+)\/(\d+)$/.exec(value) ?? []
  if (!over || !under || !/[1-9]/.test(under)) return value
  const digits = String((BigInt(over) * BigInt(1000)) / BigInt(under)).padStart(4, '0')
  const places = digits.slice(-3).replace(/0+$/, '')
  return sign + digits.slice(0, -3) + (places && `.${places}`)
}

/** given is a fact's value as its field has it: what is no text came as JSON. */
export function given(type: string, text: string): unknown {
  return ['integer', 'money', 'boolean', 'list'].includes(type) ? JSON.parse(text) : text
}

/** told is the value of a sample, which came as a word. */
export const told = (value: string | undefined): string | boolean | null =>
  value === 'true' || value === 'false' ? value === 'true' : (value ?? null)
