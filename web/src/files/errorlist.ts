import type { RowError } from './transfer'
import type { Text } from '../api/types'

/** errorList writes errors as CSV for a spreadsheet: who mends the file has them beside it. */
export function errorList(errors: RowError[], heads: string[], name: (text: Text) => string): Blob {
  const rows = errors.map((e) => [
    e.sheet ?? '',
    e.row === undefined ? '' : String(e.row),
    e.cell ?? '',
    e.column ?? '',
    e.value ?? '',
    name(e.message),
    name(e.mend),
    e.code,
  ])
  const text = [heads, ...rows].map((cells) => cells.map(field).join(',') + '\r\n').join('')
  return new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' })
}

/** field quotes what has to be, and takes the meaning of a formula from what a spreadsheet would run. */
export function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
