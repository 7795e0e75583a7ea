import type { SampleValue, ValueType } from '../api/types'
import { localeOf, type Lang } from './time'

const formats = new Map<string, Intl.NumberFormat>()

function format(lang: Lang, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = lang + JSON.stringify(options)
  let f = formats.get(key)
  if (!f) {
    f = new Intl.NumberFormat(localeOf(lang), options)
    formats.set(key, f)
  }
  return f
}

/**
 * float shows a measured number with six significant digits, or to the tenth where it is long: what a person can take in; a tooltip and the
 * export hold every digit. Very large and very small values go to powers of ten.
 */
export function float(lang: Lang, v: number): string {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v > 0 ? '∞' : '−∞'
  const size = Math.abs(v)
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) {
    const [mantissa = '', exponent = ''] = v.toExponential(4).split('e')
    return `${mantissa.replace(/\.?0+$/, '')}e${exponent.replace('+', '')}`
  }
  // A meter's reading keeps its whole units however many they are.
  if (size >= 100_000) return format(lang, { maximumFractionDigits: 1 }).format(v)
  return format(lang, { maximumSignificantDigits: 6 }).format(v)
}

/** whole shows an integer, exact at any size: a JSON string of digits goes through BigInt, never through a float. */
export function whole(lang: Lang, v: number | string): string {
  if (typeof v === 'number') return format(lang, { maximumFractionDigits: 0 }).format(v)
  return /^[+-]?\d+$/.test(v) ? format(lang, {}).format(BigInt(v)) : v
}

/** bytes shows a size with the binary prefix that keeps it under 1,024. */
export function bytes(lang: Lang, v: number | string): string {
  let n = Number(v)
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let i = 0
  for (; n >= 1024 && i < names.length - 1; i++) n /= 1024
  return `${format(lang, { maximumFractionDigits: i === 0 || n >= 100 ? 0 : 1 }).format(n)} ${names[i]}`
}

/** rate shows a count per second: no digits that mean nothing. */
export const rate = (lang: Lang, v: number): string =>
  format(lang, { maximumFractionDigits: Math.abs(v) < 10 ? 1 : 0, signDisplay: 'negative' }).format(v)

/** valueText shows one value of a series' type, without its unit. yes and no are the words for a boolean. */
export function valueText(lang: Lang, type: ValueType, v: SampleValue, yes: string, no: string): string {
  if (v === null) return '–'
  if (typeof v === 'boolean') return v ? yes : no
  if (type === 'int64') return whole(lang, v)
  if (typeof v === 'number') return float(lang, v)
  if (type === 'float64' && v !== '' && !Number.isNaN(Number(v))) return float(lang, Number(v))
  return v
}

/** trip shows a round trip in ms: a line within one house takes less than the smallest digit. */
export const trip = (lang: Lang, ms: number): string => (ms < 0.1 ? '< 0.1 ms' : `${rate(lang, ms)} ms`)

/** plotValue is a value as a height on a chart; NaN for what has none. */
export function plotValue(v: SampleValue): number {
  if (v === null) return NaN
  if (typeof v === 'boolean') return v ? 1 : 0
  const n = typeof v === 'number' ? v : v === '' ? NaN : Number(v)
  // An infinity has no place on an axis.
  return Number.isFinite(n) ? n : NaN
}
