import type { Text } from './types'

/** One fault of a request: where, what was given, and how to mend it. */
export interface Fault {
  code: string
  location?: string
  value?: unknown
  message: string
  mend?: string
}

/**
 * Problem is every way a request can fail. `status` is 0 when no answer came at all.
 * `code` is stable and never translated; `message` and the faults are in the language that was asked for.
 */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: Fault[] = [],
    readonly instance?: string,
    /** What to do about it, where that is not said of a field. */
    readonly mend?: string,
  ) {
    super(message)
    this.name = 'Problem'
  }

  /** The fault that belongs to a field of a form, by the last name in its location ("body.config.port" → "port"). */
  fault(field: string): Fault | undefined {
    return this.faults.find((f) => lastName(f.location) === field)
  }

  /** Worth trying again without a change: the node is starting, busy, or the line broke. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

/** lastName takes a field's name out of "body.links[0].port", "body/links/0/port" or "port". */
export function lastName(location: string | undefined): string | undefined {
  return location
    ?.split(/[./[\]]/)
    .filter((part) => part !== '' && !/^\d+$/.test(part))
    .at(-1)
}

/** problemFrom reads application/problem+json, and makes the best of anything else. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body !== 'object' || body === null) {
    return new Problem(status, `http_${status}`, typeof body === 'string' && body !== '' ? body : `HTTP ${status}`)
  }
  const b = body as Record<string, unknown>
  const faults = Array.isArray(b.errors) ? (b.errors as unknown[]).map(faultFrom).filter((f) => f !== undefined) : []
  const message = text(b.detail) ?? text(b.title) ?? `HTTP ${status}`
  return new Problem(status, text(b.code) ?? `http_${status}`, message, faults, text(b.instance), text(b.mend))
}

function faultFrom(raw: unknown): Fault | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const r = raw as Record<string, unknown>
  const message = text(r.message)
  if (message === undefined) return undefined
  return { code: text(r.code) ?? '', location: text(r.location), value: r.value, message, mend: text(r.mend) }
}

function text(v: unknown): string | undefined {
  if (typeof v === 'string') return v === '' ? undefined : v
  if (typeof v === 'object' && v !== null && ('zh' in v || 'en' in v)) {
    const t = v as Text
    return (document.documentElement.lang === 'en' ? t.en : t.zh) ?? t.zh ?? t.en
  }
  return undefined
}
