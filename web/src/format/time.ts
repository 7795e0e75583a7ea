// Times come as RFC 3339 with up to nine digits after the second. The screen works in milliseconds; what is copied or
// exported keeps every digit.

export type Lang = 'zh' | 'en'

const locales: Record<Lang, string> = { zh: 'zh-CN', en: 'en-GB' }

export const localeOf = (lang: Lang): string => locales[lang]

/** millis reads an RFC 3339 time into ms since 1970, fraction kept; NaN when it is none. */
export function millis(time: string | undefined): number {
  if (!time) return NaN
  // Date.parse is only bound to understand three digits.
  const m = /^(.*:\d\d)\.(\d+)(.*)$/.exec(time)
  if (!m) return Date.parse(time)
  return Date.parse((m[1] ?? '') + (m[3] ?? '')) + Number(`0.${m[2]}`) * 1000
}

const two = (n: number) => String(n).padStart(2, '0')
const ymd = (d: Date) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
const hms = (d: Date) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
const fraction = (d: Date) => `.${String(d.getMilliseconds()).padStart(3, '0')}`

// Dates are written as ISO 8601 has them, in both languages: 03/04 is read in two ways.
const shown = (ms: number, write: (d: Date) => string) => (Number.isFinite(ms) ? write(new Date(ms)) : '–')

/** dateTime shows date and time to the second in the browser's zone. */
export const dateTime = (ms: number): string => shown(ms, (d) => `${ymd(d)} ${hms(d)}`)

/** dateTimeMillis shows date and time to the millisecond. */
export const dateTimeMillis = (ms: number): string => shown(ms, (d) => `${ymd(d)} ${hms(d)}${fraction(d)}`)

export const date = (ms: number): string => shown(ms, ymd)

/** axisTime labels a time axis whose whole length is `span` ms: as much as is needed, no more. */
export function axisTime(ms: number, span: number): string {
  const d = new Date(ms)
  if (span > 4 * 86_400_000) return ymd(d).slice(5)
  if (span > 20 * 3_600_000) return `${ymd(d).slice(5)} ${hms(d).slice(0, 5)}`
  if (span > 10 * 60_000) return hms(d).slice(0, 5)
  return span > 5_000 ? hms(d) : hms(d).slice(3) + fraction(d)
}

/** zone names the browser's time zone with its present offset: "Asia/Shanghai (UTC+08:00)". */
export function zone(now = new Date()): string {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone
  const minutes = -now.getTimezoneOffset()
  const hh = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')
  const mm = String(Math.abs(minutes) % 60).padStart(2, '0')
  return `${name} (UTC${minutes < 0 ? '−' : '+'}${hh}:${mm})`
}

/** toLocalInput and fromLocalInput are the value of <input type="datetime-local" step="1">, in the browser's zone. */
export function toLocalInput(ms: number): string {
  const d = new Date(ms)
  return `${ymd(d)}T${hms(d)}`
}

export const fromLocalInput = (value: string): number => new Date(value).getTime()
