/** What is wrong with a row of a file, as the sheet of faults tells it. */
export interface FaultRow {
  row: string
  column: string
  value: string
  reason: string
  mend: string
}

/** faultRows reads the sheet of faults (CSV after RFC 4180, with a heading). */
export function faultRows(csv: string): FaultRow[] {
  return records(csv.replace(/^\uFEFF/, ''))
    .slice(1)
    .map(([row = '', column = '', value = '', reason = '', mend = '']) => ({ row, column, value, reason, mend }))
}

function records(csv: string): string[][] {
  const out: string[][] = []
  let record: string[] = []
  // A field, in quotes or not, and what ends it.
  for (const m of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    const [all, quoted, plain = '', end] = m
    if (all === '' && record.length === 0) break
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    out.push(record)
    record = []
  }
  return out
}

/** csvOf writes one row of a table. */
export const csvOf = (cells: string[]) =>
  cells.map((c) => (/[",\r\n]/.test(c) ? `"${c.replaceAll('"', '""')}"` : c)).join(',') + '\r\n'
