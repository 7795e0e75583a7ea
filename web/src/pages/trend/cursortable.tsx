import { CloseOutlined, HistoryOutlined, LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Segmented } from 'antd'
import type { ReactNode } from 'react'

import type { Sample, SampleValue, Status } from '../../api/types'
import type { Asked } from '../../correction/history'
import { shortDuration } from '../../format/duration'
import { float, plotValue } from '../../format/number'
import { dateTimeMillis, millis } from '../../format/time'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import { colourOf } from '../../trend/colours'
import { isNumeric, type Drawn } from '../../trend/lanes'
import { iso } from '../../trend/csv'
import { sampleAt, type Interval } from '../../trend/segments'
import { StatusMark, useOriginName } from '../../ui/marks'
import { useDark } from '../../ui/preferences'
import { DataTable } from '../../ui/table'
import { useValueText } from '../../ui/valuetext'
import type { Cursors } from './useaddress'
import { useSamplesAt } from './usedata'

interface Props {
  series: Drawn[]
  ghosts: Drawn[]
  shift: number
  asOf: string | undefined
  span: Interval
  cursors: Cursors
  active: 'a' | 'b'
  onActive: (which: 'a' | 'b') => void
  onCursors: (to: Cursors) => void
  onSample: (direction: 1 | -1, which: 'a' | 'b') => void
  onHistory: (asked: Asked) => void
}

interface Held {
  value: SampleValue
  status: Status
  t: number
  /** The exact source time, to the nanosecond. */
  time?: string
  origin?: string
  revision?: number
}

/** CursorTable tells the exact sample of each series at the two cursors, and their difference. */
export function CursorTable(p: Props) {
  const { t, lang } = useI18n()
  const { series, ghosts, shift, cursors } = p
  const a = useSamplesAt(series, cursors.a, p.asOf)
  const b = useSamplesAt(series, cursors.b, p.asOf)
  const thenA = useSamplesAt(ghosts, cursors.a === undefined ? undefined : cursors.a - shift, p.asOf)
  const thenB = useSamplesAt(ghosts, cursors.b === undefined ? undefined : cursors.b - shift, p.asOf)
  const dark = useDark()
  const middle = Math.round((p.span.from + p.span.to) / 2)
  const head = (which: 'a' | 'b') => {
    const time = cursors[which]
    const name = which.toUpperCase()
    return (
      <th scope="col" className={`cursor-${which}`}>
        <span className="row" style={{ gap: 2 }}>
          <b className={`flag ${which}`}>{name}</b>
          {time === undefined ? (
            <Button
              size="small"
              type="link"
              onClick={() => {
                p.onActive(which)
                p.onCursors({ ...cursors, [which]: middle })
              }}
            >
              {t('trends.place', { name })}
            </Button>
          ) : (
            <>
              <span className="nowrap">{dateTimeMillis(time)}</span>
              <Button
                size="small"
                type="text"
                icon={<LeftOutlined aria-hidden />}
                aria-label={t('trends.sampleBefore', { name })}
                title={t('trends.sampleBefore', { name })}
                onClick={() => p.onSample(-1, which)}
              />
              <Button
                size="small"
                type="text"
                icon={<RightOutlined aria-hidden />}
                aria-label={t('trends.sampleAfter', { name })}
                title={t('trends.sampleAfter', { name })}
                onClick={() => p.onSample(1, which)}
              />
              <Button
                size="small"
                type="text"
                icon={<CloseOutlined aria-hidden />}
                aria-label={t('trends.takeAway', { name })}
                title={t('trends.takeAway', { name })}
                onClick={() => p.onCursors({ ...cursors, [which]: undefined })}
              />
            </>
          )}
        </span>
      </th>
    )
  }
  const gap = cursors.a !== undefined && cursors.b !== undefined ? cursors.b - cursors.a : undefined
  return (
    <>
      <header>
        <h2>{t('trends.cursors')}</h2>
        <div className="actions">
          <span className="muted only-wide">{t('trends.cursorHelp')}</span>
          <Segmented
            size="small"
            aria-label={t('trends.clickPlaces')}
            value={p.active}
            onChange={p.onActive}
            options={[
              { value: 'a' as const, label: 'A' },
              { value: 'b' as const, label: 'B' },
            ]}
          />
        </div>
      </header>
      <DataTable label={t('trends.cursors')} className="roomy trends-cursors">
        <thead>
          <tr>
            <th scope="col">{t('name')}</th>
            {head('a')}
            {head('b')}
            <th scope="col" className="num">
              {t('trends.difference')}
              {gap !== undefined && (
                <div className="nowrap">
                  Δt {gap < 0 ? '−' : ''}
                  {shortDuration(Math.abs(gap))}
                </div>
              )}
            </th>
          </tr>
        </thead>
        <tbody>
          {cursors.a === undefined && cursors.b === undefined && (
            <tr>
              <td colSpan={4} className="muted">
                {t('trends.cursorNone')}
              </td>
            </tr>
          )}
          {(cursors.a ?? cursors.b) !== undefined &&
            series.flatMap((s, i) => {
              const now = { a: at(a[i], s, cursors.a), b: at(b[i], s, cursors.b) }
              const ghost = ghosts.findIndex((g) => g.id === s.id)
              const g = ghosts[ghost]
              const then = g && {
                // The drawing of then stands under now; its own samples are of their own time.
                a: at(thenA[ghost], g, cursors.a, shift),
                b: at(thenB[ghost], g, cursors.b, shift),
              }
              return [
                <tr key={s.id}>
                  <th scope="row">
                    <i className="swatch" style={{ background: colourOf(s.slot, dark), margin: '0 8px 3px 0' }} />
                    {s.name}
                  </th>
                  <td>
                    <Cell s={s} held={now.a} time={cursors.a} history={history(s, 'a', now.a)} />
                  </td>
                  <td>
                    <Cell s={s} held={now.b} time={cursors.b} history={history(s, 'b', now.b)} />
                  </td>
                  <td className="num">{difference(s, now.a, now.b)}</td>
                </tr>,
                ...(then
                  ? [
                      <tr key={`${s.id}-then`} className="ghost">
                        <th scope="row">
                          <span className="muted">{t('trends.thenOf', { name: s.name })}</span>
                        </th>
                        <td>
                          <Cell s={g} held={then.a} time={cursors.a} shift={shift} since={now.a} />
                        </td>
                        <td>
                          <Cell s={g} held={then.b} time={cursors.b} shift={shift} since={now.b} />
                        </td>
                        <td className="num">{difference(s, then.a, then.b)}</td>
                      </tr>,
                    ]
                  : []),
              ]
            })}
        </tbody>
      </DataTable>
    </>
  )

  function history(s: Drawn, which: 'a' | 'b', held: Held | undefined) {
    const time = cursors[which]
    if (time === undefined) return null
    const name = t('correction.historyAt', { name: s.name, cursor: which.toUpperCase() })
    // Where nothing counts there may be what was withdrawn.
    const from = held?.time ?? iso(Math.max(1, time - Math.max(s.maxSilence, 1_000)))
    return (
      <Button
        size="small"
        type="text"
        className="history-of"
        icon={<HistoryOutlined aria-hidden />}
        aria-label={name}
        title={name}
        onClick={() => p.onHistory({ of: s, from, at: time })}
      >
        {t('correction.historyShort')}
      </Button>
    )
  }

  function difference(s: Drawn, one: Held | undefined, two: Held | undefined) {
    const d = minus(s, two, one)
    return d === undefined ? '–' : <Signed value={d} unit={s.unit} lang={lang} />
  }
}

/** The exact sample, or the plotted one until it has come. */
function at(exact: Sample | null | undefined, s: Drawn, time: number | undefined, shift = 0): Held | undefined {
  if (time === undefined || exact === null) return undefined
  if (exact) {
    const { value, status, origin, revision } = exact
    return { value, status, origin, revision, t: millis(exact.time) + shift, time: exact.time }
  }
  const plotted = sampleAt(s.points, time, s.maxSilence)
  return plotted && { value: plotted.value, status: plotted.status, origin: plotted.origin, t: plotted.t }
}

/** minus is the difference of two numbers that are not bad. */
function minus(s: Drawn, of: Held | undefined, less: Held | undefined): number | undefined {
  if (!isNumeric(s) || !of || !less || of.status.class === 'bad' || less.status.class === 'bad') return undefined
  const d = plotValue(of.value) - plotValue(less.value)
  return Number.isNaN(d) ? undefined : d
}

function Signed({ value, unit, lang }: { value: number; unit: string; lang: 'zh' | 'en' }) {
  return (
    <span className="nowrap">
      {value > 0 ? '+' : value < 0 ? '−' : '±'}
      {float(lang, Math.abs(value))}
      <span className="unit">{readableUnit(unit)}</span>
    </span>
  )
}

interface CellProps {
  s: Drawn
  held: Held | undefined
  time: number | undefined
  shift?: number
  /** The value now, from which the change since then is told. */
  since?: Held
  history?: ReactNode
}

function Cell({ s, held, time, shift = 0, since, history }: CellProps) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const origin = useOriginName()
  if (time === undefined) return <span className="muted">–</span>
  if (!held) {
    return (
      <>
        <span className="muted">{t('trend.nothing')}</span>
        {history}
      </>
    )
  }
  const change = minus(s, since, held)
  return (
    <>
      <div className="row wrap" style={{ gap: '0 10px' }}>
        <span className="nowrap" title={held.value === null ? undefined : String(held.value)}>
          <b>{text(s, held.value)}</b>
          <span className="unit">{readableUnit(s.unit)}</span>
        </span>
        <StatusMark status={held.status} />
        {change !== undefined && (
          <span className="muted nowrap">
            {t('trends.since')} <Signed value={change} unit={s.unit} lang={lang} />
          </span>
        )}
      </div>
      <div className="muted small">
        <span title={dateTimeMillis(held.t - shift)}>
          {t('trends.ago', { age: shortDuration(Math.max(0, Math.round(time - held.t))) })}
        </span>
        {held.origin && ` · ${origin(held.origin as Sample['origin'])}`}
        {held.revision !== undefined && ` · ${t('trends.revision', { n: held.revision })}`} {history}
      </div>
    </>
  )
}
