import type { Text } from '../api/types'
import { whole } from '../format/number'
import { dateTime, fromLocalInput, millis, toLocalInput, type Lang } from '../format/time'

// The fields of a pack: what an entry of a register, or a fact, is made of. Values are as the API has them: money is
// whole fen, a decimal is text, a date is a civil day, a list is an array of objects.

export type FieldType =
  'text' | 'integer' | 'decimal' | 'money' | 'boolean' | 'date' | 'time' | 'choice' | 'org' | 'list'

export interface Field {
  key: string
  name: Text
  help?: Text
  type: FieldType
  unit?: string
  required?: boolean
  /** Who may see it, where that is not as with the whole record. */
  class?: 'public' | 'internal' | 'restricted'
  search?: boolean
  maxLength?: number
  /** Bounds of numbers, as a pack writes them; money in fen. */
  min?: string
  max?: string
  /** Of a decimal: digits behind the point. */
  places?: number
  format?: string
  options?: { id: string; name: Text }[]
  /** Worked out by the node, never given. */
  calc?: string
  /** Of each item of a list. */
  fields?: Field[]
  maxItems?: number
  /** The item's days since when it holds and until when. */
  since?: string
  until?: string
}

export type Content = Record<string, unknown>

/** The answer of the API says of fields and content only that they are JSON. */
export const fieldsOf = (fields: unknown): Field[] => (Array.isArray(fields) ? (fields as Field[]) : [])
export const contentOf = (content: unknown): Content =>
  typeof content === 'object' && content !== null && !Array.isArray(content) ? { ...content } : {}

export const itemsOf = (v: unknown): Content[] => (Array.isArray(v) ? v.map(contentOf) : [])

/** find takes a field by its key; "tags.tag" is a field of a list's items. */
export function find(fields: Field[], key: string): Field | undefined {
  const [head, ...rest] = key.split('.')
  const field = fields.find((f) => f.key === head)
  return rest.length > 0 && field ? find(field.fields ?? [], rest.join('.')) : field
}

/** fenOf reads yuan as a person writes them into whole fen; undefined for what is no such amount. */
export function fenOf(yuan: string): number | undefined {
  const m = /^(-?)(\d[\d,，]*)(?:\.(\d{1,2}))?$/.exec(yuan.trim())
  if (!m) return undefined
  const fen = Number((m[2] ?? '').replace(/[,，]/g, '') + (m[3] ?? '').padEnd(2, '0'))
  return Number.isSafeInteger(fen) ? (m[1] ? -fen : fen) : undefined
}

/** yuanOf writes whole fen, a number or digits of any length, as yuan: "1280000" or "0.5" is "0.50". */
export function yuanOf(fen: number | string): string {
  const [, sign = '', digits = ''] = /^(-?)(\d+)$/.exec(String(fen)) ?? []
  if (digits === '') return String(fen)
  const padded = digits.padStart(3, '0')
  const cents = padded.slice(-2)
  return sign + padded.slice(0, -2) + (cents === '00' ? '' : `.${cents}`)
}

/** money is an amount as it is read: with groups of three digits. */
export function money(lang: Lang, fen: number | string): string {
  const [yuan = '', cents] = yuanOf(fen).split('.')
  return whole(lang, yuan) + (cents ? `.${cents}` : '')
}

/** unitOf is the unit of a field in the shown language; a Chinese counting word has none in English. */
export function unitOf(f: Field, lang: Lang): string {
  if (f.type === 'money') return lang === 'en' ? 'CNY' : '元'
  if (!f.unit || f.unit === '1' || (lang === 'en' && /[\u4e00-\u9fff]/.test(f.unit))) return ''
  return f.unit
}

export interface Words {
  lang: Lang
  n: (name: Text | undefined) => string
  yes: string
  no: string
  org: (id: string) => string
}

/** valueText is a value in words, '' where there is none. Only what has a unit is grouped: 2025 is a year. */
export function valueText(f: Field, v: unknown, w: Words): string {
  if (v === undefined || v === null || v === '') return ''
  if (f.type === 'list') {
    const join = w.lang === 'en' ? ', ' : '、'
    const first = f.fields?.[0]
    return first
      ? itemsOf(v)
          .map((item) => valueText(first, item[first.key], w))
          .join(join)
      : ''
  }
  if (typeof v === 'boolean') return v ? w.yes : w.no
  if (typeof v !== 'number' && typeof v !== 'string') return JSON.stringify(v)
  const unit = unitOf(f, w.lang)
  switch (f.type) {
    case 'money':
      return `${money(w.lang, v)} ${unit}`
    case 'integer':
      return unit ? `${whole(w.lang, v)} ${unit}` : String(v)
    case 'decimal':
      return unit ? `${v} ${unit}` : String(v)
    case 'choice':
      return w.n(f.options?.find((o) => o.id === v)?.name) || String(v)
    case 'time':
      return dateTime(millis(String(v)))
    case 'org':
      return w.org(String(v))
    default:
      return String(v)
  }
}

/** itemText is an item of a list in words, all of it. */
export const itemText = (f: Field, item: Content, w: Words): string =>
  (f.fields ?? [])
    .map((x) => valueText(x, item[x.key], w))
    .filter(Boolean)
    .join(' · ')

/** toForm makes what the boxes of a form hold; texts all, so that the node can say what is wrong with them. */
export function toForm(fields: Field[], content: Content): Content {
  const out: Content = {}
  for (const f of fields) {
    const v = content[f.key]
    if (v === undefined || v === null || f.calc) continue
    if (f.type === 'list') out[f.key] = itemsOf(v).map((item) => toForm(f.fields ?? [], item))
    else if (typeof v === 'boolean') out[f.key] = v ? 'true' : 'false'
    else if (typeof v !== 'number' && typeof v !== 'string') out[f.key] = JSON.stringify(v)
    else if (f.type === 'money') out[f.key] = yuanOf(v)
    else if (f.type === 'time') out[f.key] = toLocalInput(millis(String(v)))
    else out[f.key] = String(v)
  }
  return out
}

/**
 * fromForm makes the content of what the boxes hold. Empty boxes are left out. What was not touched stays as it was to
 * the last digit, also where a box shows less. What is no number goes as it is written: the node says so at the field.
 */
export function fromForm(fields: Field[], boxes: Content, old: Content = {}): Content {
  const before = toForm(fields, old)
  const out: Content = {}
  for (const f of fields) {
    if (f.calc) continue
    const box = boxes[f.key]
    if (f.type === 'list') {
      const items = itemsOf(box)
        .map((item, i) => fromForm(f.fields ?? [], item, itemsOf(old[f.key])[i]))
        .filter((item) => Object.keys(item).length > 0)
      if (items.length > 0) out[f.key] = items
      continue
    }
    const text = typeof box === 'string' ? box.trim() : ''
    if (text === '') continue
    if (text === before[f.key]) out[f.key] = old[f.key]
    else out[f.key] = given(f, text)
  }
  return out
}

function given(f: Field, text: string): unknown {
  switch (f.type) {
    case 'integer':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text
    case 'money':
      return fenOf(text) ?? text
    case 'boolean':
      return text === 'true'
    case 'time':
      return new Date(fromLocalInput(text)).toISOString()
    default:
      return text
  }
}

export interface Change {
  field: Field
  /** Items of a list that went and came; of other fields what stood and what stands. */
  gone: string[]
  come: string[]
}

/** changes tells field by field what two states of a record differ in. */
export function changes(fields: Field[], before: Content, after: Content, w: Words): Change[] {
  const out: Change[] = []
  for (const field of fields) {
    const [a, b] = [before[field.key], after[field.key]]
    if (JSON.stringify(a) === JSON.stringify(b)) continue
    const texts = (v: unknown) =>
      field.type === 'list' ? itemsOf(v).map((item) => itemText(field, item, w)) : [valueText(field, v, w)]
    const [gone, come] = [texts(a).filter(Boolean), texts(b).filter(Boolean)]
    out.push({
      field,
      gone: field.type === 'list' ? without(gone, come) : gone,
      come: field.type === 'list' ? without(come, gone) : come,
    })
  }
  return out
}

const without = (these: string[], those: string[]) => these.filter((x) => !those.includes(x))
