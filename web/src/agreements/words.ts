import { date, millis } from '../format/time'
import type { I18n, Key } from '../i18n'
import { nameParts, populationWords } from '../figures/population'
import type { Agreement, Side, Terms } from './queries'

/** Names of indicators by id; one that the node does not know is told by its id. */
export type Names = ReadonlyMap<string, string>

/** figureWords names what an agreement is about: the indicator and whose. */
export function figureWords(word: string, names: Names, i18n: Pick<I18n, 't' | 'lang'>): string {
  const { indicator, filter } = nameParts(word)
  const name = names.get(indicator) ?? indicator
  return filter === 'all' ? name : i18n.t('agreements.figureOf', { name, population: populationWords(filter, i18n) })
}

/** someFigures names the first few and tells how many more there are. */
export function someFigures(words: readonly string[], names: Names, i18n: Pick<I18n, 't' | 'lang'>, most = 3): string {
  const shown = words.slice(0, most).map((w) => figureWords(w, names, i18n))
  const list = shown.join(i18n.lang === 'zh' ? '、' : '; ')
  return words.length > most ? i18n.t('agreements.andMore', { list, n: words.length - most }) : list
}

/** What the sentences are said of. */
export type Said = Pick<Terms, 'figures' | 'detail' | 'drill' | 'onward' | 'since'> & { until?: string }

/** sentences tell in plain words what leaves the house: what the taker sees, may open, may pass on, and until when. */
export function sentences(of: Said, taker: string, names: Names, i18n: Pick<I18n, 't' | 'lang'>): string[] {
  const { t } = i18n
  const seen = of.detail === 'aggregate' && of.drill === 'none' ? 'totals' : of.detail
  const out = [
    t(`agreements.sees.${seen}`, { taker, figures: someFigures(of.figures, names, i18n, 6) }),
    t(`agreements.opens.${of.drill}`),
    t(`agreements.passes.${of.onward}`),
  ]
  if (of.since) out.push(t('agreements.sinceDay', { day: of.since }))
  // The end is the instant behind the last day.
  if (of.until) out.push(t('agreements.untilDay', { day: date(millis(of.until) - 1) }))
  return out
}

export const tones: Record<Agreement['state'], string> = {
  requested: 'tag warning',
  offered: 'tag warning',
  agreed: 'tag info',
  active: 'tag good',
  expired: 'tag',
  ended: 'tag',
}

export const sideKey: Record<Side, Key> = { giver: 'agreements.giver', taker: 'agreements.taker' }

/** mySide is what an organisation is in an agreement. One node may hold both sides: then the organisation of the page decides. */
export function mySide(a: Pick<Agreement, 'giver' | 'taker' | 'sides' | 'hosted'>, org: string): Side {
  if (a.giver.org === org && (a.hosted || a.sides.includes('giver'))) return 'giver'
  if (a.taker.org === org) return 'taker'
  return a.sides.includes('giver') ? 'giver' : 'taker'
}

/** waitsFor is the version that this side has not accepted and the other has: what is to be answered. */
export function waitsFor(a: Agreement, side: Side): number | undefined {
  if (a.state === 'ended' || a.state === 'expired') return undefined
  const newest = a.proposed ?? a
  const mine = side === 'giver' ? newest.giverAccepted : newest.takerAccepted
  return mine ? undefined : newest.version
}

const parts = [
  'kind',
  'figures',
  'detail',
  'drill',
  'onward',
  'since',
  'from',
  'until',
  'purpose',
  'words',
  'basis',
] as const
export type Changed = (typeof parts)[number]

/** changedParts are the terms in which a version differs from the one before it. */
export function changedParts(now: Terms, before: Terms): Changed[] {
  return parts.filter((p) => {
    if (p === 'from' || p === 'until') return millis(now[p]) !== millis(before[p]) && Boolean(now[p] ?? before[p])
    return JSON.stringify(now[p] ?? '') !== JSON.stringify(before[p] ?? '')
  })
}

const levels = ['none', 'aggregate', 'inputs', 'facts', 'readings'] as const
export type Level = (typeof levels)[number]

/** passable are the levels that a taker may be let pass on: nothing deeper than it may see itself. */
export function passable(detail: Terms['detail'], drill: Terms['drill']): Level[] {
  const deepest = Math.max(levels.indexOf(drill), levels.indexOf(detail === 'enterprise' ? 'inputs' : 'aggregate'))
  return levels.slice(0, deepest + 1)
}

/** endOfDay is the instant behind a day of China, as the API takes the end of a span. */
export const endOfDay = (day: string): string =>
  new Date(new Date(`${day}T00:00:00+08:00`).getTime() + 86_400_000).toISOString()

/** dayBefore is the last day of a span that ends at an instant: the day of China, for a form. */
export const lastDay = (until: string): string => new Date(millis(until) - 1 + 8 * 3_600_000).toISOString().slice(0, 10)

/** What was asked for over the link, in words where the console knows the verb. */
export const verbKey = (verb: string): Key | undefined => verbs[verb]

const verbs: Partial<Record<string, Key>> = {
  explain: 'agreements.verb.explain',
  sample: 'agreements.verb.sample',
  fact: 'agreements.verb.fact',
  prove: 'agreements.verb.prove',
}

/** askedOf is what a question was about, out of its body: the figure, the enterprise in it, and the thing that was opened. */
export function askedOf(body: string | undefined): string {
  try {
    const q = JSON.parse(body ?? '') as { key?: string; code?: string; id?: string }
    return [q.key, q.code, q.id?.slice(0, 8)].filter(Boolean).join(' · ')
  } catch {
    return body ?? '' // a long one is cut
  }
}
