import { localeOf, type Lang } from '../format/time'

/** percent shows a share of 0 to 1 to the tenth of a percent, cut and not rounded up: 99.96 % is not all. */
export function percent(lang: Lang, share: number): string {
  const tenths = Math.floor(share * 1000 + 1e-9)
  return new Intl.NumberFormat(localeOf(lang), { style: 'percent', maximumFractionDigits: 1 }).format(tenths / 1000)
}

/** steps are the lines of an axis from 0 that holds `most`: at most five, at round numbers of machines. */
export function steps(most: number): number[] {
  const top = Math.max(1, most)
  let step = 1
  for (let power = 1; top / step > 4; power *= 10) {
    step = [1, 2, 5, 10].map((f) => f * power).find((s) => top / s <= 4) ?? power * 10
  }
  const lines = Math.ceil(top / step)
  return Array.from({ length: lines + 1 }, (_, i) => i * step)
}
