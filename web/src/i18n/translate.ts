import type { Text } from '../api/types'
import type { Lang } from '../format/time'
import { en } from './en'
import { zh, type Key } from './zh'

const catalogues: Record<Lang, Record<Key, string>> = { zh, en }

export type Params = Record<string, string | number>

/**
 * translate fills {name} places of a text. A text of two forms, "{n} point|{n} points", takes the first for n = 1.
 */
export function translate(lang: Lang, key: Key, params?: Params): string {
  return fill(catalogues[lang][key], params)
}

export function fill(text: string, params?: Params): string {
  const forms = text.split('|')
  const form = (forms.length === 2 && Number(params?.n) !== 1 ? forms[1] : forms[0]) ?? text
  return params ? form.replace(/\{(\w+)\}/g, (all, name: string) => String(params[name] ?? all)) : form
}

/** nameIn picks the language that is shown, or the other one where only that was given. */
export function nameIn(lang: Lang, name: Text | string | undefined): string {
  if (name === undefined) return ''
  if (typeof name === 'string') return name
  const [first, second] = lang === 'en' ? [name.en, name.zh] : [name.zh, name.en]
  return first || second || ''
}
