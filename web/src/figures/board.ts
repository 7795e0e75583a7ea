import type { Figure, Kind } from './queries'

/** A row of the board: one indicator of one population, its figures by the label of their period. */
export interface Row {
  key: string
  indicator: string
  name: Figure['name']
  filter: string
  baseline?: string
  cells: Map<string, Figure>
}

export interface Board {
  /** Labels of periods, the oldest first. */
  periods: string[]
  rows: Row[]
}

/** most is how many periods stand side by side. */
export const most = 6

/** boardOf sets figures of one kind of period out: a row for each indicator and population, a column for each of the last periods. */
export function boardOf(figures: readonly Figure[]): Board {
  const rows = new Map<string, Row>()
  const ends = new Map<string, string>()
  for (const f of figures) {
    if (f.code) continue // of one enterprise
    const key = `${f.indicator}@${f.filter}~${f.baseline ?? ''}`
    const row = rows.get(key) ?? {
      key,
      indicator: f.indicator,
      name: f.name,
      filter: f.filter,
      baseline: f.baseline,
      cells: new Map<string, Figure>(),
    }
    row.cells.set(f.period.label, f)
    rows.set(key, row)
    ends.set(f.period.label, f.period.to)
  }
  const periods = [...ends].sort((a, b) => a[1].localeCompare(b[1])).map(([label]) => label)
  return { periods: periods.slice(-most), rows: [...rows.values()] }
}

const order: Kind[] = ['year', 'quarter', 'month', 'moment', 'day']

/** kindsOf are the kinds of period of which there are figures, the longest first. */
export const kindsOf = (figures: readonly Figure[]): Kind[] =>
  order.filter((k) => figures.some((f) => f.period.kind === k))

/**
 * sinceOf is the label of the period that is `most` before the last one of a kind: of the year 2025 and six periods the year 2020.
 */
export function sinceOf(kind: Kind, last: string, count = most): string {
  const [year = '', second = '1', d = '1'] = last.split('-')
  const y = Number(year)
  const two = (n: number) => String(n).padStart(2, '0')
  switch (kind) {
    case 'year':
      return String(y - count + 1)
    case 'quarter': {
      const q = y * 4 + Number(second.slice(1)) - 1 - (count - 1)
      return `${Math.floor(q / 4)}-Q${(q % 4) + 1}`
    }
    case 'month': {
      const m = y * 12 + Number(second) - 1 - (count - 1)
      return `${Math.floor(m / 12)}-${two((m % 12) + 1)}`
    }
    case 'moment': {
      // Moments are the ends of months, and yesterday.
      const m = y * 12 + Number(second) - 1 - (count - 1)
      return `${Math.floor(m / 12)}-${two((m % 12) + 1)}-01`
    }
    case 'day': {
      const day = new Date(Date.UTC(y, Number(second) - 1, Number(d) - count + 1))
      return day.toISOString().slice(0, 10)
    }
  }
}

/** fits tells whether a row is looked for: by the indicator's name or id. */
export function fits(row: Pick<Row, 'indicator' | 'name'>, words: string): boolean {
  const w = words.trim().toLowerCase()
  return !w || [row.indicator, row.name.zh, row.name.en].some((s) => s?.toLowerCase().includes(w))
}

/** What is to be said of a figure beside its value. */
export type Mark = 'restated' | 'changed' | 'manual' | 'unconfirmed' | 'definition'

/** marksOf are the marks of a figure: one that was restated after it was handed in is never told as if it had not been. */
export function marksOf(f: Figure): Mark[] {
  const marks: Mark[] = []
  if (f.seal?.changed) marks.push('changed')
  else if (f.revision !== '1') marks.push('restated')
  if (f.definition.changed) marks.push('definition')
  if (f.manual.some((m) => m.state === 'confirmed')) marks.push('manual')
  if (f.manual.some((m) => m.state === 'entered')) marks.push('unconfirmed')
  return marks
}

/** changesOf tells what the next revision changed of the one before it: the main reading, or what it rests on alone. */
export function changeOf(
  now: { value?: string; known?: number; of?: number },
  before?: typeof now,
): 'first' | 'value' | 'coverage' | 'below' {
  if (!before) return 'first'
  if (now.value !== before.value) return 'value'
  if (now.known !== before.known || now.of !== before.of) return 'coverage'
  return 'below'
}
