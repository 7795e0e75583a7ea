// Dates and clocks of a plant's zone; the browser's own zone has no say in a calendar.

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string): Intl.DateTimeFormat {
  let f = formats.get(zone)
  if (!f) {
    f = new Intl.DateTimeFormat('en-GB', {
      timeZone: known(zone) ? zone : 'UTC',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, f)
  }
  return f
}

/** known tells whether the browser knows a zone; one that it does not know is shown in UTC. */
export function known(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone })
    return zone !== ''
  } catch {
    return false
  }
}

/** wall is what the clocks of a zone show at an instant, as ms since 1970 if they showed UTC. */
export function wall(zone: string, ms: number): number {
  const part: Record<string, number> = {}
  for (const p of format(zone).formatToParts(ms)) part[p.type] = Number(p.value)
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** instant is when the clocks of a zone come to a time of a date; minutes count from midnight and may be 1440 and more. */
export function instant(zone: string, date: string, minutes: number): number {
  const aim = Date.parse(`${date}T00:00:00Z`) + minutes * 60_000
  // Twice: the first guess may fall on the other side of a change of the clocks.
  let at = aim - (wall(zone, aim) - aim)
  at = aim - (wall(zone, at) - at)
  return at
}

/** dateIn is the date that the clocks of a zone show. */
export const dateIn = (zone: string, ms: number): string => new Date(wall(zone, ms)).toISOString().slice(0, 10)

/** addDays counts from a date; the result is a date. */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6

/** weekday of a date: 0 is Monday. */
export const weekday = (date: string): Weekday => ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) as Weekday

/** isDate tells whether a text is a date that there is, as 2026-11-22. */
export function isDate(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN
  return Number.isFinite(ms) && new Date(ms).toISOString().slice(0, 10) === text
}

/**
 * within is an instant of a production day, whatever the day begins with: the last minute of its date belongs to it. The
 * node takes the beginning of that day.
 */
export const within = (zone: string, date: string): string => new Date(instant(zone, date, 1439)).toISOString()
