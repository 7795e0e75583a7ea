import type { AuditEntry, Condition, Gateway, Text } from '../../api/types'
import { isUndo, spanOf, standing, type Correction } from '../../correction/asked'
import { millis } from '../../format/time'
import type { Interval, QualityInterval } from '../../trend/segments'
import type { EventKind } from './address'

/** A mark on the time axis. */
export interface TrendEvent {
  id: string
  kind: EventKind
  t: number
  /** For what lasted; Infinity for what is still so. */
  to?: number
  /** How serious it is: a condition's severity. */
  severity: 'info' | 'warning' | 'error' | 'critical'
  title: string
  /** What it is about. */
  subject: string
  /** The correction that it is, which can be opened. */
  correction?: string
}

export interface Words {
  n: (text: Text | string | undefined) => string
  /** "data of {name} missing", "bad", … */
  quality: (quality: QualityInterval['quality'], status: string) => string
  lastSeen: (name: string) => string
}

/** conditionEvents are the open conditions, from when they were raised on. */
export function conditionEvents(conditions: Condition[], words: Words): TrendEvent[] {
  return conditions.map((c) => ({
    id: `condition-${c.id}`,
    kind: 'condition',
    t: millis(c.raised),
    to: Infinity,
    severity: c.severity,
    title: words.n(c.text),
    subject: c.kind,
  }))
}

/** gatewayEvents tell of gateways that are away, and of the last trouble of each gateway and link. */
export function gatewayEvents(gateways: Gateway[], words: Words): TrendEvent[] {
  return gateways.flatMap((g) => {
    const name = words.n(g.name)
    const out: TrendEvent[] = []
    const add = (id: string, time: string | undefined, title: string, subject: string, to?: number) => {
      const t = millis(time)
      if (Number.isFinite(t)) out.push({ id, kind: 'condition', t, to, severity: 'error', title, subject })
    }
    if (g.state === 'offline') add(`seen-${g.id}`, g.lastSeen, words.lastSeen(name), name, Infinity)
    if (g.lastError) add(`gateway-${g.id}`, g.lastError.time, words.n(g.lastError.text), name)
    for (const link of g.links) {
      if (link.lastError) add(`link-${link.id}`, link.lastError.time, words.n(link.lastError.text), words.n(link.name))
    }
    return out
  })
}

// Sign-ins change nothing that is measured.
const quiet = 'auth.'

/** changeEvents are what people and the node changed: plant, gateways, sources, corrections. */
export function changeEvents(entries: AuditEntry[], verb: (verb: string) => string): TrendEvent[] {
  return entries
    .filter((e) => !e.verb.startsWith(quiet))
    .map((e) => ({
      id: `audit-${e.id}`,
      kind: 'change',
      t: millis(e.time),
      severity: 'info',
      title: [verb(e.verb), e.reason].filter(Boolean).join(' · '),
      subject: [e.object, e.actor].filter(Boolean).join(' · '),
    }))
}

/** correctionEvents are the corrections in force over what they corrected; what was undone or undoes leaves no mark. */
export function correctionEvents(
  list: Correction[],
  words: { title: (c: Correction) => string; subject: (c: Correction) => string },
): TrendEvent[] {
  const counts = standing(list)
  return list.flatMap((c) => {
    const span = spanOf(c)
    if (isUndo(c) || !span || !counts.has(c.id)) return []
    return [
      {
        id: `correction-${c.id}`,
        kind: 'correction' as const,
        t: millis(span.from),
        to: millis(span.to),
        severity: 'info' as const,
        title: words.title(c),
        subject: words.subject(c),
        correction: c.id,
      },
    ]
  })
}

/** dataEvents are the stretches in which a series was bad or told nothing. */
export function dataEvents(
  series: { id: string; name: string; trace: { quality: QualityInterval[] } }[],
  words: Words,
): TrendEvent[] {
  return series.flatMap((s) =>
    s.trace.quality
      .filter((q) => q.quality !== 'uncertain')
      .map((q) => ({
        id: `data-${s.id}-${q.from}-${q.quality}`,
        kind: 'data' as const,
        t: q.from,
        to: q.to,
        severity: q.quality === 'bad' ? ('error' as const) : ('warning' as const),
        title: words.quality(q.quality, q.name),
        subject: s.name,
      })),
  )
}

/** within keeps what touches the span, in order of time. */
export function within(events: TrendEvent[], span: Interval): TrendEvent[] {
  return events
    .filter((e) => e.t < span.to && (e.to ?? e.t) >= span.from)
    .sort((a, b) => a.t - b.t || a.id.localeCompare(b.id))
}

export interface Cluster {
  kind: EventKind
  /** Where its mark stands, 0 to 1 of the span. */
  at: number
  /** How far what lasted reaches. */
  until: number
  events: TrendEvent[]
  severity: TrendEvent['severity']
}

const order: TrendEvent['severity'][] = ['info', 'warning', 'error', 'critical']

/** cluster joins marks of one kind that would lie upon each other: closer than `least` of the span's length. */
export function cluster(events: TrendEvent[], span: Interval, least: number): Cluster[] {
  const length = span.to - span.from
  const share = (t: number) => Math.min(1, Math.max(0, (t - span.from) / length))
  const last = new Map<EventKind, Cluster>()
  const out: Cluster[] = []
  for (const e of within(events, span)) {
    const at = share(e.t)
    // What happened at once leaves no line, also where its mark is joined with others'.
    const until = e.to === undefined ? at : share(e.to)
    const held = last.get(e.kind)
    if (held && at - held.at < least) {
      held.events.push(e)
      if (e.to !== undefined) held.until = Math.max(held.until, until)
      if (order.indexOf(e.severity) > order.indexOf(held.severity)) held.severity = e.severity
    } else {
      const one: Cluster = { kind: e.kind, at, until, events: [e], severity: e.severity }
      last.set(e.kind, one)
      out.push(one)
    }
  }
  return out
}
