import { itemsOf, type Content, type Field } from '../fields/field'

// Fields that are worked out, for immediate display: what counts is worked out by the node (internal/office/form/calc). Both are held
// together by its testdata. Numbers are ratios of whole numbers; undefined is "not known".

/** Node is an expression as the node has read it. */
export interface Node {
  op: string
  value?: string
  field?: string
  args?: Node[]
}

interface Ratio {
  n: bigint
  /** Above zero. */
  d: bigint
}

const ratio = (n: bigint, d: bigint): Ratio => {
  const g = gcd(n < 0n ? -n : n, d)
  return g > 1n ? { n: n / g, d: d / g } : { n, d }
}
const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

const greatest = 9007199254740991n
const decimalForm = /^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$/

/** units reads a number as a whole number of its last place; undefined for what the node would refuse. */
function units(s: string, places: number): bigint | undefined {
  if (!decimalForm.test(s)) return undefined
  const [head = '', rest = ''] = s.split('.')
  const tail = rest.replace(/0+$/, '')
  if (tail.length > places) return undefined
  const v = BigInt(head + tail.padEnd(places, '0'))
  const size = v < 0n || head.startsWith('-') ? (v < 0n ? -v : v) : v
  return size > greatest ? undefined : v
}

/** given is a value of a field as the node takes it, as a whole number of its last place. */
function given(f: Field | undefined, v: unknown): Ratio | undefined {
  if (!f || (f.type !== 'integer' && f.type !== 'money' && f.type !== 'decimal')) return undefined
  const places = f.type === 'decimal' ? (f.places ?? 0) : 0
  const text = typeof v === 'number' ? String(v) : typeof v === 'string' && f.type === 'decimal' ? v.trim() : undefined
  const n = text === undefined ? undefined : units(text, places)
  if (n === undefined) return undefined
  for (const [bound, sign] of [
    [f.min, -1],
    [f.max, 1],
  ] as const) {
    const limit = bound === undefined || bound === '' ? undefined : units(bound, places)
    if (limit !== undefined && (sign < 0 ? n < limit : n > limit)) return undefined
  }
  return ratio(n, 10n ** BigInt(places))
}

/** evaluate works an expression out over the content of a form. worked are fields that were worked out before it. */
export function evaluate(node: Node, fields: Field[], content: Content, worked: Content = {}): Ratio | undefined {
  switch (node.op) {
    case 'number': {
      const [head = '', rest = ''] = (node.value ?? '').split('.')
      return ratio(BigInt(head + rest), 10n ** BigInt(rest.length))
    }
    case 'field': {
      const key = node.field ?? ''
      return given(
        fields.find((f) => f.key === key),
        key in worked ? worked[key] : content[key],
      )
    }
    case 'count': {
      const items = well(fields, content, node.field ?? '')
      return items && ratio(BigInt(items.length), 1n)
    }
    case 'sum':
    case 'least':
    case 'most': {
      const [list = '', key = ''] = (node.field ?? '').split('.')
      const items = well(fields, content, list)
      const inner = fields.find((f) => f.key === list)?.fields ?? []
      const values = items?.map((item) =>
        given(
          inner.find((f) => f.key === key),
          item[key],
        ),
      )
      if (!values?.every((v) => v !== undefined)) return undefined
      return node.op === 'sum' ? values.reduce(add) : extreme(values, node.op === 'least')
    }
  }
  const args = (node.args ?? []).map((a) => evaluate(a, fields, content, worked))
  if (!args.every((a) => a !== undefined)) return undefined
  const [a, b] = args
  if (!a) return undefined
  switch (node.op) {
    case 'neg':
      return { n: -a.n, d: a.d }
    case 'min':
    case 'max':
      return extreme(args, node.op === 'min')
  }
  if (!b) return undefined
  switch (node.op) {
    case '+':
      return add(a, b)
    case '-':
      return add(a, { n: -b.n, d: b.d })
    case '*':
      return ratio(a.n * b.n, a.d * b.d)
    case '/':
      return divide(a, b)
    case 'change': {
      const share = b.n > 0n ? divide(add(a, { n: -b.n, d: b.d }), b) : undefined
      return share && ratio(share.n * 100n, share.d)
    }
  }
  return undefined
}

/** well are the items of a list as the node takes them: what is no object, or too many, is no list to it; an empty one neither. */
function well(fields: Field[], content: Content, key: string): Content[] | undefined {
  const v = content[key]
  const most = fields.find((f) => f.key === key)?.maxItems ?? 100
  if (!Array.isArray(v) || v.length === 0 || v.length > most) return undefined
  return itemsOf(v)
}

const add = (a: Ratio, b: Ratio): Ratio => ratio(a.n * b.d + b.n * a.d, a.d * b.d)
const divide = (a: Ratio, b: Ratio): Ratio | undefined =>
  b.n === 0n ? undefined : b.n < 0n ? ratio(-a.n * b.d, a.d * -b.n) : ratio(a.n * b.d, a.d * b.n)
const extreme = (values: Ratio[], least: boolean): Ratio | undefined => {
  let best = values[0]
  for (const v of values.slice(1)) {
    const c = best ? v.n * best.d - best.n * v.d : 0n
    if (least ? c < 0n : c > 0n) best = v
  }
  return best
}

/** canonical is a value as a field keeps it: a number, or the text of a decimal; undefined where it is too large. */
export function canonical(v: Ratio, f: Pick<Field, 'type' | 'places'>, rounding: string): number | string | undefined {
  const places = f.type === 'decimal' ? (f.places ?? 0) : 0
  const scaled = v.n * 10n ** BigInt(places)
  let whole = scaled / v.d // towards zero
  const rest = scaled % v.d
  if (rounding !== 'down' && (rest < 0n ? -rest : rest) * 2n >= v.d) whole += v.n < 0n ? -1n : 1n
  if (whole > greatest || whole < -greatest) return undefined
  if (f.type !== 'decimal') return Number(whole)
  const digits = (whole < 0n ? -whole : whole).toString().padStart(places + 1, '0')
  const at = digits.length - places
  return (whole < 0n ? '-' : '') + digits.slice(0, at) + (places > 0 ? `.${digits.slice(at)}` : '')
}
