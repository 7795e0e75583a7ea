import { millis } from '../format/time'
import { spanOf, type Correction } from './asked'

export interface Line {
  c: Correction
  machine: string
  name: string
  what: string
}

const columns = [
  'id',
  'at',
  'by',
  'machine',
  'point',
  'series',
  'kind',
  'what',
  'from',
  'to',
  'rows',
  'factor',
  'offset',
  'status',
  'reason',
  'reference',
  'state',
  'undoes',
  'undoneBy',
  'commit',
]

/** correctionsCsv is a list of corrections as a file (RFC 4180): times as the node tells them, codes in hex. */
export function correctionsCsv(lines: Line[]): string {
  const byId = new Map(lines.map(({ c }) => [c.id, c]))
  const rows = lines.map(({ c, machine, name, what }) => {
    const span = spanOf(c, rootIn(c, byId))
    return [
      c.id,
      c.at,
      safe(c.by.name),
      safe(machine),
      safe(name),
      c.series,
      c.undoes === undefined ? c.kind : 'undo',
      safe(what),
      span?.from ?? '',
      span?.to ?? '',
      String(c.rows),
      c.factor === undefined ? '' : String(c.factor),
      c.offset === undefined ? '' : String(c.offset),
      c.status === undefined ? '' : `0x${c.status.toString(16).toUpperCase().padStart(8, '0')}`,
      safe(c.reason),
      safe(c.reference ?? ''),
      c.state,
      c.undoes ?? '',
      c.undoneBy ?? '',
      c.commit ?? '',
    ]
  })
  return [columns, ...rows].map((r) => `${r.map(quote).join(',')}\r\n`).join('')
}

function rootIn(c: Correction, byId: Map<string, Correction>): Correction | undefined {
  let at: Correction | undefined = c
  // What undoes is younger than what it undoes: the way back ends.
  while (at?.undoes !== undefined) {
    const older: Correction | undefined = byId.get(at.undoes)
    if (older && millis(older.at) > millis(at.at)) return undefined
    at = older
  }
  return at
}

// A spreadsheet runs text that begins like a formula; an apostrophe keeps it text.
const safe = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quote = (field: string) => (/[",\r\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : field)
