// Source times have nanoseconds, which a Date does not: what comes from the node goes back to it as the text it was.

/** sameTime is a time in one form, so that two writings of one moment are equal. */
export function sameTime(time: string): string {
  const m = /^(.*:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i.exec(time)
  const ms = m ? Date.parse((m[1] ?? '') + (m[3] ?? '')) : NaN
  if (Number.isNaN(ms)) return time
  const fraction = (m?.[2] ?? '').slice(0, 9).replace(/0+$/, '')
  return `${new Date(ms).toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`
}

/** before compares two times of sameTime, to the nanosecond. */
export function before(a: string, b: string): number {
  const [x, y] = [a.replace('Z', ''), b.replace('Z', '')]
  return x < y ? -1 : x > y ? 1 : 0
}

const local =
  /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?$/

/**
 * readTime takes a time as people and spreadsheets write it: RFC 3339 with its zone, or year, month, day, hour, minute in
 * the browser's zone. Day and month are never guessed: the year comes first. It gives RFC 3339 in UTC.
 */
export function readTime(text: string): string | undefined {
  const t = text.trim()
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(t)) {
    const read = sameTime(t.toUpperCase())
    return Number.isNaN(Date.parse(read.slice(0, 19) + 'Z')) ? undefined : read
  }
  const m = local.exec(t)
  if (!m) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = m.slice(1, 7).map((v) => (v ? Number(v) : 0))
  const at = new Date(year, month - 1, day, hour, minute, second)
  // The 30th of February would be taken for a day in March, and an hour that the clocks leave out for the next.
  const held =
    at.getMonth() === month - 1 && at.getDate() === day && at.getHours() === hour && at.getMinutes() === minute
  if (!held || second > 59) return undefined
  const fraction = (m[7] ?? '').replace(/0+$/, '')
  return `${at.toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`
}

/** momentInput is the value of <input type="datetime-local" step="0.001">, in the browser's zone. */
export function momentInput(ms: number): string {
  const d = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  return `${day}T${time}.${String(d.getMilliseconds()).padStart(3, '0')}`
}
