import { contentOf, fieldsOf, type Content, type Field } from '../fields/field'
import type { Text } from '../api/types'
import type { components } from '../api/schema'
import { canonical, evaluate, type Node } from './calc'

type S = components['schemas']

/** A condition on a field that was asked before; all of a list hold, or what hangs on them is not asked. */
export interface Condition {
  field: string
  known?: boolean
  is?: string
  in?: string[]
  atLeast?: string
  atMost?: string
}

export interface Section {
  id: string
  name: Text
  help?: Text
  when?: Condition[]
  fields: { key: string; help?: Text; when?: Condition[] }[]
}

export interface Calculated {
  key: string
  own: boolean
  field: Field
  value: Node
  rounding: string
}

export type AttachmentKind = S['AttachmentKind']
export type Attachment = S['Attachment']
export type DraftFault = S['DraftFault']

/** A form as the node lays it out. */
export interface Form {
  fields: Field[]
  sections: Section[]
  calculated: Calculated[]
  attachments: AttachmentKind[]
  reason: boolean
  /** Of the case; absent where there is none yet. */
  caseRevision: number | undefined
}

export type Draft = Omit<S['DraftView'], 'form' | 'content'> & { content: Content; form?: Form }

export const draftOf = (d: S['DraftView']): Draft => ({
  ...d,
  content: contentOf(d.content),
  form: d.form && {
    fields: fieldsOf(d.form.fields),
    sections: d.form.sections as unknown as Section[],
    calculated: d.form.calculated as unknown as Calculated[],
    attachments: d.form.attachments,
    reason: d.form.reason,
    caseRevision: d.form.caseRevision,
  },
})

const number = /^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$/

/** same compares two values as the node does: numbers by their value. */
function compare(a: string, b: string): number | undefined {
  if (!number.test(a) || !number.test(b)) return undefined
  const v = (s: string) => {
    const [head = '', rest = ''] = s.replace('-', '').split('.')
    return (s.startsWith('-') ? -1n : 1n) * BigInt(head + rest.padEnd(18, '0'))
  }
  const [x, y] = [v(a), v(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

export function holds(list: Condition[] | undefined, record: Content): boolean {
  return (list ?? []).every((c) => {
    const v = record[c.field]
    const known = v !== undefined && v !== null && v !== '' && !(Array.isArray(v) && v.length === 0)
    if (c.known !== undefined && c.known !== known) return false
    if (!c.is && !c.in?.length && !c.atLeast && !c.atMost) return true
    if (!known || (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'boolean')) return false
    const word = String(v).trim()
    const same = (x: string) => x === word || compare(x, word) === 0
    if (c.is && !same(c.is)) return false
    if (c.in?.length && !c.in.some(same)) return false
    const [low, high] = [c.atLeast && compare(word, c.atLeast), c.atMost && compare(word, c.atMost)]
    return !(c.atLeast && (low === undefined || low === -1)) && !(c.atMost && (high === undefined || high === 1))
  })
}

/** asked are the fields that are asked, by what is filled in so far. */
export function asked(form: Form, content: Content): Set<string> {
  const out = new Set<string>()
  const record: Content = {}
  for (const s of form.sections) {
    if (!holds(s.when, record)) continue
    for (const q of s.fields) {
      if (!holds(q.when, record)) continue
      out.add(q.key)
      if (q.key in content) record[q.key] = content[q.key]
    }
  }
  return out
}

/** worked are the fields that are worked out, as far as they are known. */
export function worked(form: Form, content: Content): Content {
  const there = asked(form, content)
  const fields = [...form.fields, ...form.calculated.filter((c) => !c.own).map((c) => c.field)]
  const own = new Set(form.calculated.filter((c) => c.own).map((c) => c.key))
  const seen = Object.fromEntries(Object.entries(content).filter(([key]) => there.has(key) && !own.has(key)))
  const out: Content = {}
  for (const c of form.calculated) {
    const v = evaluate(c.value, fields, seen, out)
    const shown = v && canonical(v, c.field, c.rounding)
    if (shown !== undefined) out[c.key] = shown
  }
  return out
}
