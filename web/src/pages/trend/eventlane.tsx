import { Checkbox } from 'antd'
import { useState } from 'react'

import { useConditions, useGateways } from '../../api/queries'
import { useHere } from '../../app/org'
import { useVerb } from '../../audit/words'
import { useCorrectionsOf } from '../../correction/queries'
import { useWords } from '../../correction/words'
import { dateTime } from '../../format/time'
import { useI18n, type Key } from '../../i18n'
import type { Drawn } from '../../trend/lanes'
import type { Interval } from '../../trend/segments'
import { DataTable } from '../../ui/table'
import { eventKinds, type EventKind } from './address'
import {
  changeEvents,
  cluster,
  conditionEvents,
  correctionEvents,
  dataEvents,
  gatewayEvents,
  within,
  type Cluster,
  type TrendEvent,
  type Words,
} from './events'
import type { TrendLayout } from './layout'
import { useChanges } from './usedata'

export const kindKey: Record<EventKind, Key> = {
  condition: 'trends.conditions',
  data: 'trends.data',
  correction: 'correction.lane',
  change: 'trends.changes',
}

const noSeries: string[] = []

/** useEvents gathers what happened in the span: what the node says is wrong, what the data lack, what people changed and corrected. */
export function useEvents(series: Drawn[], span: Interval, without: EventKind[]): TrendEvent[] {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const conditions = useConditions(org.id)
  const gateways = useGateways(org.id)
  const changes = useChanges(org.id, span, may('audit') && !without.includes('change'))
  const corrections = useCorrectionsOf(without.includes('correction') ? noSeries : series.map((s) => s.id), span)
  const told = useWords()
  const verb = useVerb()
  const words: Words = {
    n,
    quality: (quality, status) =>
      quality === 'gap' ? t('trend.nothing') : [t(`class.${quality}`), status].filter(Boolean).join(' · '),
    lastSeen: (name) => t('trends.lastSeen', { name }),
  }
  const all = [
    ...conditionEvents(conditions.data ?? [], words),
    ...gatewayEvents(gateways.data ?? [], words),
    ...dataEvents(series, words),
    ...correctionEvents(corrections.items, {
      title: (c) => [told.short(c), c.reason].join(' · '),
      subject: (c) => [series.find((s) => s.id === c.series)?.name, c.by.name].filter(Boolean).join(' · '),
    }),
    ...changeEvents(changes.data?.items ?? [], verb),
  ]
  return within(
    all.filter((e) => !without.includes(e.kind)),
    span,
  )
}

interface LaneProps {
  events: TrendEvent[]
  span: Interval
  without: EventKind[]
  layout: TrendLayout
  /** px over which the span lies. */
  width: number
  /** Shows corrections. */
  onOpen: (ids: string[]) => void
}

/** EventLane shows the events under the drawing, over the same time: a row for each kind, each kind with its own form. */
export function EventLane({ events, span, without, layout, width, onOpen }: LaneProps) {
  const { t } = useI18n()
  const [open, setOpen] = useState<Cluster>()
  const kinds = eventKinds.filter((k) => !without.includes(k))
  if (kinds.length === 0) return null
  const marks = cluster(events, span, 26 / Math.max(1, width))
  return (
    <div className="eventlane" style={{ marginLeft: layout.left, marginRight: layout.right }}>
      {kinds.map((kind) => (
        <div key={kind} className="eventrow" role="group" aria-label={t(kindKey[kind])}>
          <span className="muted small kindname" aria-hidden="true" style={{ width: layout.left }}>
            {layout.left >= 56 ? t(kindKey[kind]) : <Form kind={kind} />}
          </span>
          {marks
            .filter((m) => m.kind === kind)
            .map((m) => {
              const [first] = m.events
              const name = first ? `${dateTime(first.t)} ${first.title} ${first.subject}` : ''
              const more = m.events.length > 1 ? ` ${t('trends.more', { n: m.events.length - 1 })}` : ''
              return (
                <span key={first?.id}>
                  {m.until > m.at && (
                    <i
                      className={`lasting ${m.kind} ${m.severity}`}
                      style={{ left: `${m.at * 100}%`, width: `${(m.until - m.at) * 100}%` }}
                    />
                  )}
                  <button
                    type="button"
                    className={`event ${kind} ${m.severity}`}
                    style={{ left: `${m.at * 100}%` }}
                    aria-label={name + more}
                    onMouseEnter={() => setOpen(m)}
                    onMouseLeave={() => setOpen(undefined)}
                    onFocus={() => setOpen(m)}
                    onBlur={() => setOpen(undefined)}
                    onClick={() => {
                      setOpen(m)
                      const ids = m.events.flatMap((e) => e.correction ?? [])
                      if (ids.length > 0) onOpen(ids)
                    }}
                  >
                    <Form kind={kind} />
                    {m.events.length > 1 && <span className="how-many">{m.events.length}</span>}
                  </button>
                </span>
              )
            })}
        </div>
      ))}
      {open && (
        <div
          className="event-tip"
          style={open.at > 0.5 ? { right: `${(1 - open.at) * 100}%` } : { left: `${open.at * 100}%` }}
        >
          <ul>
            {open.events.slice(0, 6).map((e) => (
              <li key={e.id}>
                <EventText of={e} />
              </li>
            ))}
          </ul>
          {open.events.length > 6 && <p className="muted">{t('trends.more', { n: open.events.length - 6 })}</p>}
        </div>
      )}
    </div>
  )
}

function EventText({ of }: { of: TrendEvent }) {
  const { t } = useI18n()
  return (
    <>
      <span className="muted nowrap">
        {dateTime(of.t)}
        {of.to !== undefined && ` – ${of.to === Infinity ? t('trends.stillSo') : dateTime(of.to)}`}
      </span>
      <div>{of.title}</div>
      <div className="muted small">{of.subject}</div>
    </>
  )
}

// Each kind has a form of its own: a triangle, a square, a diamond, a round.
function Form({ kind }: { kind: EventKind }) {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      {kind === 'condition' && <path d="M5 .8 9.700 9.200H.3z" fill="currentColor" />}
      {kind === 'data' && <rect x="1" y="1" width="8" height="8" fill="currentColor" />}
      {kind === 'correction' && <path d="M5 .3 9.700 5 5 9.700.3 5z" fill="currentColor" />}
      {kind === 'change' && <circle cx="5" cy="5" r="4.300" fill="currentColor" />}
    </svg>
  )
}

const shownRows = 100

/** EventList is the same events as a table, and chooses which kinds are shown. */
export function EventList({
  events,
  without,
  onWithout,
  onOpen,
}: {
  events: TrendEvent[]
  without: EventKind[]
  onWithout: (kinds: EventKind[]) => void
  onOpen: (ids: string[]) => void
}) {
  const { t } = useI18n()
  const { may } = useHere()
  return (
    <>
      <header>
        <h2>{t('trends.events', { n: events.length })}</h2>
        <div className="actions" role="group" aria-label={t('trends.eventKinds')}>
          {eventKinds
            .filter((k) => k !== 'change' || may('audit'))
            .map((k) => (
              <Checkbox
                key={k}
                checked={!without.includes(k)}
                onChange={(e) => onWithout(e.target.checked ? without.filter((x) => x !== k) : [...without, k])}
              >
                {t(kindKey[k])}
              </Checkbox>
            ))}
        </div>
      </header>
      {events.length === 0 ? (
        <p className="muted" style={{ padding: 12 }}>
          {t('trends.noEvents')}
        </p>
      ) : (
        <DataTable
          label={t('trends.eventList')}
          className="roomy"
          height={320}
          columns={['trends.from', 'trends.until', 'trends.kind', 'trends.what', 'trends.about']}
        >
          <tbody>
            {events.slice(-shownRows).map((e) => (
              <tr key={e.id}>
                <td className="nowrap">{dateTime(e.t)}</td>
                <td className="nowrap">
                  {e.to === undefined ? '' : e.to === Infinity ? t('trends.stillSo') : dateTime(e.to)}
                </td>
                <td className="nowrap">
                  <span className={`event inline ${e.kind} ${e.severity}`}>
                    <Form kind={e.kind} />
                  </span>{' '}
                  {t(kindKey[e.kind])}
                </td>
                <td style={{ minWidth: 180 }}>
                  {e.correction ? (
                    <button type="button" className="plain opens" onClick={() => onOpen([e.correction ?? ''])}>
                      {e.title}
                    </button>
                  ) : (
                    e.title
                  )}
                </td>
                <td className="muted">{e.subject}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </>
  )
}
