import { readableUnit } from '../format/unit'
import type { Lang } from '../format/time'
import { localeOf } from '../format/time'

/** grouped sets a decimal apart in threes, digit by digit: an exact number never goes through a float. */
export function grouped(lang: Lang, value: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(value) ?? []
  if (!whole) return value
  const digits = new Intl.NumberFormat(localeOf(lang)).format(BigInt(whole))
  return (sign ? '−' : '') + digits + fraction
}

// Sums of money are read in the units that the policies write them in.
const scales: Record<Lang, [digits: number, word: string][]> = {
  zh: [
    [8, '亿元'],
    [4, '万元'],
    [0, '元'],
  ],
  en: [
    [9, 'bn CNY'],
    [6, 'm CNY'],
    [0, 'CNY'],
  ],
}

function money(lang: Lang, value: string): string {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(value) ?? []
  const [digits, word] = scales[lang].find(([d]) => whole.length > d) ?? [0, 'CNY']
  if (digits === 0) return `${grouped(lang, sign + whole + fraction)} ${word}`
  const rest = whole.slice(-digits).replace(/0+$/, '').slice(0, 2)
  return `${grouped(lang, sign + whole.slice(0, -digits) + (rest && `.${rest}`))} ${word}`
}

/** figure shows a number of a unit as people read it. */
export function figure(lang: Lang, value: string, unit: string): string {
  if (unit === 'CNY') return money(lang, value)
  if (unit === '1') return grouped(lang, value)
  if (unit === 'd') return `${grouped(lang, value)} ${lang === 'zh' ? '天' : 'days'}`
  return `${grouped(lang, value)} ${readableUnit(unit)}`
}
