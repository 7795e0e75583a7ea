/** monthOf is the month of a date, 2026-10-31. */
export const monthOf = (date: string): string => date.slice(0, 7)

/** monthsBack are so many months up to one, the last first. */
export function monthsBack(month: string, n: number): string[] {
  const [y = 1970, m = 1] = month.split('-').map(Number)
  return Array.from({ length: n }, (_, i) => {
    const at = y * 12 + (m - 1) - i
    return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}`
  })
}

/** Cell is what a day of the strip shows: how much of it is there, and a mark for what came late. */
export interface Cell {
  tone: 'none' | 'unnamed' | 'full' | 'part' | 'little' | 'empty'
  missing: number
}

interface Day {
  expected: number
  actual: number
  named: boolean
}

/** cellOf tells how much of a day was received; below 90 % it is little, as the rules have it. */
export function cellOf({ expected, actual, named }: Day): Cell {
  const missing = expected - actual
  if (!named) return { tone: 'unnamed', missing: 0 }
  if (expected === 0) return { tone: 'none', missing: 0 }
  if (missing === 0) return { tone: 'full', missing }
  if (actual === 0) return { tone: 'empty', missing }
  return { tone: actual * 10 >= expected * 9 ? 'part' : 'little', missing }
}
