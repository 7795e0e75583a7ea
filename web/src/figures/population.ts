import type { I18n, Key } from '../i18n'
import type { Target } from '../targets/queries'

/** The filter that leaves nobody out. */
export const everybody = 'all'

/** One condition of a population: all of its values are listed, any of them will do. */
export interface Condition {
  key: 'designated' | 'industry' | 'size' | 'tag' | 'cluster'
  values: string[]
}

/** conditionsOf reads the canonical text of a population; what it does not know stays out. */
export function conditionsOf(filter: string): Condition[] {
  const out: Condition[] = []
  if (filter === everybody || filter === '') return out
  for (const part of filter.split('&')) {
    const at = part.indexOf('=')
    const key = part.slice(0, at) as Condition['key']
    const last = out.at(-1)
    if (last?.key === key) last.values.push(part.slice(at + 1))
    else out.push({ key, values: [part.slice(at + 1)] })
  }
  return out
}

/** filterText is the canonical text of a target's population: the conditions in their order, values ascending. */
export function filterText(of: Target['filter']): string {
  const parts: string[] = []
  if (of?.designated !== undefined) parts.push(`designated=${of.designated}`)
  for (const [key, values] of [
    ['industry', of?.industry],
    ['size', of?.size],
    ['tag', of?.tags],
    ['cluster', of?.cluster],
  ] as const) {
    for (const v of [...new Set(values ?? [])].sort()) parts.push(`${key}=${v}`)
  }
  return parts.join('&') || everybody
}

/** populationWords says whom a filter means. */
export function populationWords(filter: string, { t, lang }: Pick<I18n, 't' | 'lang'>): string {
  const list = conditionsOf(filter)
  if (list.length === 0) return t('figures.everybody')
  const or = lang === 'zh' ? '、' : ' / '
  const words = list.map(({ key, values }) => {
    if (key === 'designated') return t(values[0] === 'true' ? 'figures.designated' : 'figures.notDesignated')
    const named = values.map((v) => word(key, v, t))
    return t(`figures.of.${key}`, { values: named.join(or) })
  })
  return words.join(lang === 'zh' ? '，' : ', ')
}

const sizes = ['large', 'medium', 'small', 'micro']
const tags = ['key', 'backbone', 'chain-leader', 'specialised', 'pilot', 'demonstration']

function word(key: Condition['key'], value: string, t: I18n['t']): string {
  if (key === 'size' && sizes.includes(value)) return t(`figures.size.${value}` as Key)
  if (key === 'tag' && tags.includes(value)) return t(`figures.tag.${value}` as Key)
  // GB/T 4754
  return key === 'industry' && value === 'C' ? t('figures.manufacturing') : value
}

/** nameParts takes a word of an agreement, "id" or "id@population", apart. */
export function nameParts(word: string): { indicator: string; filter: string } {
  const at = word.indexOf('@')
  return at < 0 ? { indicator: word, filter: everybody } : { indicator: word.slice(0, at), filter: word.slice(at + 1) }
}

/** nameWord puts it together again. */
export const nameWord = (indicator: string, filter: string): string =>
  filter === everybody ? indicator : `${indicator}@${filter}`
