import { configOf, isSchema, type Schema } from '../connect/schema'

interface Nesting {
  type?: string
  items?: { type?: string }
}

/** isNested tells what a line of a form cannot hold: an object, or a list of objects. It is written as JSON. */
function isNested(p: Nesting): boolean {
  return p.type === 'object' || (p.type === 'array' && p.items?.type === 'object')
}

export interface Split {
  /** Fields that the form of a schema can hold. */
  plain: Schema
  /** Fields that are written as JSON. */
  nested: Schema
}

/** split parts a kind's schema; undefined when it is none. */
export function split(schema: unknown): Split | undefined {
  if (!isSchema(schema)) return undefined
  const part = (nested: boolean): Schema => ({
    required: schema.required,
    properties: Object.fromEntries(Object.entries(schema.properties).filter(([, p]) => isNested(p) === nested)),
  })
  return { plain: part(false), nested: part(true) }
}

type Values = Record<string, unknown>

/** toFields is a configuration as the form shows it: what is nested becomes indented JSON. */
export function toFields(s: Split, config: unknown): Values {
  const held = (config ?? {}) as Values
  const out: Values = {}
  for (const name of Object.keys(s.plain.properties)) out[name] = held[name]
  for (const name of Object.keys(s.nested.properties)) {
    out[name] = held[name] === undefined ? undefined : JSON.stringify(held[name], null, 2)
  }
  return out
}

/** toConfig is what the form says, as it is sent. The JSON in it has been checked. */
export function toConfig(s: Split, fields: Values): Values {
  const out = configOf(s.plain, fields)
  for (const name of Object.keys(s.nested.properties)) {
    const text = fields[name]
    if (typeof text === 'string' && text.trim() !== '') out[name] = JSON.parse(text)
  }
  return out
}

/** jsonFault tells why a text is no JSON; undefined when it is, or when it is empty. */
export function jsonFault(text: string | undefined): string | undefined {
  if (!text || text.trim() === '') return undefined
  try {
    JSON.parse(text)
    return undefined
  } catch (e) {
    return e instanceof Error ? e.message : String(e)
  }
}

/** remoteSchema gives the schema of a remote broker the form of all others: titles in Chinese stand elsewhere in it. */
export function remoteSchema(raw: unknown): Schema | undefined {
  if (!isSchema(raw)) return undefined
  const titled = Object.entries(raw.properties).map(([name, p]) => {
    const zh = (p as { 'x-title-zh'?: string })['x-title-zh']
    return [name, zh ? { ...p, 'x-zh': { title: zh } } : p] as const
  })
  return { required: raw.required, properties: Object.fromEntries(titled) }
}
