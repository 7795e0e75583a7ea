import type { Lang } from '../format/time'

interface Property {
  type?: string
  title?: string
  description?: string
  enum?: string[]
  default?: unknown
  minimum?: number
  maximum?: number
  examples?: string[]
  format?: string
  'x-zh'?: { title?: string; description?: string }
}

/** Schema is as much of JSON Schema as the drivers use: a flat object of plain values and lists of text. */
export interface Schema {
  required?: string[]
  properties: Record<string, Property>
}

/** isSchema tells whether what came is of this form. */
export function isSchema(v: unknown): v is Schema {
  return typeof v === 'object' && v !== null && 'properties' in v && typeof v.properties === 'object'
}

export interface Field {
  name: string
  kind: 'text' | 'integer' | 'boolean' | 'list'
  title: string
  help: string
  required: boolean
  options?: string[]
  /** The driver's default, as it is shown. */
  fallback?: string
  example?: string
  min?: number
  max?: number
  /** Not to be read over somebody's shoulder. */
  secret: boolean
}

export function fieldsOf(schema: Schema, lang: Lang): Field[] {
  return Object.entries(schema.properties).map(([name, p]) => {
    const zh = lang === 'zh' ? p['x-zh'] : undefined
    return {
      name,
      kind: kindOf(p.type),
      title: zh?.title ?? p.title ?? name,
      help: zh?.description ?? p.description ?? '',
      required: schema.required?.includes(name) ?? false,
      options: p.enum,
      fallback: p.default === undefined ? undefined : JSON.stringify(p.default).replace(/^"|"$/g, ''),
      example: p.examples?.join(lang === 'zh' ? '，' : ', '),
      min: p.minimum,
      max: p.maximum,
      secret: p.format === 'password',
    }
  })
}

function kindOf(type: string | undefined): Field['kind'] {
  if (type === 'integer' || type === 'number') return 'integer'
  if (type === 'boolean') return 'boolean'
  return type === 'array' ? 'list' : 'text'
}

/** configOf keeps what was filled in; what is left empty takes the driver's default. */
export function configOf(schema: Schema, values: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const name of Object.keys(schema.properties)) {
    const v = values[name]
    if (v === undefined || v === null || v === '' || (Array.isArray(v) && v.length === 0)) continue
    if (v === schema.properties[name]?.default) continue
    out[name] = v
  }
  return out
}
