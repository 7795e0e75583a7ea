/**
 * periodBy is the label of the last period of a kind that has ended by the end of a day: of 2019-06-30 the year 2018, the quarter
 * 2019-Q2, the month 2019-06, and of a moment the day itself.
 */
export function periodBy(kind: string, day: string): string {
  const [y = 0, m = 1, d = 1] = day.split('-').map(Number)
  const lastOf = (month: number) => new Date(Date.UTC(y, month, 0)).getUTCDate()
  const two = (n: number) => String(n).padStart(2, '0')
  switch (kind) {
    case 'year':
      return String(m === 12 && d === 31 ? y : y - 1)
    case 'quarter': {
      const q = Math.ceil(m / 3)
      if (m === 3 * q && d === lastOf(m)) return `${y}-Q${q}`
      return q > 1 ? `${y}-Q${q - 1}` : `${y - 1}-Q4`
    }
    case 'month':
      if (d === lastOf(m)) return `${y}-${two(m)}`
      return m > 1 ? `${y}-${two(m - 1)}` : `${y - 1}-12`
    case 'day':
    case 'moment':
      return day
  }
  return ''
}
