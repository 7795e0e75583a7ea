import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'

import type { CalendarDefinition } from '../api/types'
import { float } from '../format/number'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { Bones, Fault } from '../ui/states'
import { keyOf, rowsOf, shiftsIn, type Bar, type Row } from './bars'
import { minutesOf } from './draft'
import type { usePreview } from './queries'
import { addDays, dateIn, instant, weekday } from './zone'

const days = 14
const colours = 6

/** twoWeeks are the bounds of a preview that begins on a date. */
export function twoWeeks(
  d: Pick<CalendarDefinition, 'zone' | 'dayStart'>,
  first: string,
): { from: number; to: number } {
  const start = minutesOf(d.dayStart ?? '00:00') || 0
  return { from: instant(d.zone, first, start), to: instant(d.zone, addDays(first, days), start) }
}

/** useFirstDay is the date with which the preview begins: today by the plant's clock, then weeks back and forth. */
export function useFirstDay(zone: string) {
  const [weeks, setWeeks] = useState(0)
  return { first: addDays(dateIn(zone, nodeNow()), weeks * 7), weeks, setWeeks }
}

/** Preview draws two weeks of shifts, a row for each production day. */
export function Preview({
  definition,
  answer,
  first,
  weeks,
  setWeeks,
}: {
  definition: CalendarDefinition
  answer: ReturnType<typeof usePreview>
  first: string
  weeks: number
  setWeeks: (weeks: number) => void
}) {
  const { t } = useI18n()
  const start = minutesOf(definition.dayStart ?? '00:00') || 0
  const rows = answer.data && rowsOf(answer.data, definition.zone, start, first, days)
  return (
    <section className="panel" aria-label={t('calendars.preview')}>
      <header>
        <h2>{t('calendars.preview')}</h2>
        {answer.error && answer.data && <span className="tag warning">{t('calendars.previewOld')}</span>}
        <div className="actions">
          <Button
            size="small"
            icon={<LeftOutlined aria-hidden />}
            aria-label={t('calendars.earlier')}
            onClick={() => setWeeks(weeks - 1)}
          />
          <Button size="small" disabled={weeks === 0} onClick={() => setWeeks(0)}>
            {t('calendars.today')}
          </Button>
          <Button
            size="small"
            icon={<RightOutlined aria-hidden />}
            aria-label={t('calendars.later')}
            onClick={() => setWeeks(weeks + 1)}
          />
        </div>
      </header>
      {rows ? (
        <Rows rows={rows} start={start} />
      ) : answer.error ? (
        <div className="body">
          <Fault problem={answer.error} />
        </div>
      ) : (
        <Bones rows={10} />
      )}
      <p className="footnote">{t('calendars.previewHelp', { zone: definition.zone })}</p>
    </section>
  )
}

function Rows({ rows, start }: { rows: Row[]; start: number }) {
  const { t, n } = useI18n()
  const shifts = shiftsIn(rows)
  return (
    <div className="body rota">
      <div className="rota-scale" aria-hidden="true">
        <span />
        <div>
          {[0, 4, 8, 12, 16, 20].map((h) => (
            <i key={h} style={{ left: `${(h / 24) * 100}%` }}>
              {(Math.floor(start / 60) + h) % 24}
              {start % 60 > 0 ? `:${String(start % 60).padStart(2, '0')}` : ''}
            </i>
          ))}
        </div>
      </div>
      <ol>
        {rows.map((r) => (
          <li key={r.date} className={weekday(r.date) === 0 ? 'monday' : undefined}>
            <span className="rota-day">
              {r.date.slice(5)} <small>{t(`calendars.short.${weekday(r.date)}`)}</small>
              {r.exception && (
                <span className="tag info cut" title={n(r.exception)}>
                  {n(r.exception)}
                </span>
              )}
            </span>
            <div className={r.works ? 'rota-track' : 'rota-track off'}>
              {r.bars.map((b) => (
                <OneBar key={b.key} bar={b} colour={shifts.indexOf(keyOf(b.shift)) % colours} />
              ))}
              {!r.works && <span className="rota-off">{t('calendars.off')}</span>}
            </div>
          </li>
        ))}
      </ol>
    </div>
  )
}

function OneBar({ bar: b, colour }: { bar: Bar; colour: number }) {
  const { t, n, lang } = useI18n()
  const words = [n(b.shift), n(b.crew)].filter(Boolean).join(' · ')
  const clocks = `${words} ${b.clock} (${t('calendars.hours', { n: float(lang, b.hours) })})`
  return (
    <span
      className={`rota-bar c${colour}${b.goesOn ? ' goes-on' : ''}`}
      style={{ left: `${b.from * 100}%`, width: `${(b.to - b.from) * 100}%` }}
      title={clocks}
    >
      <span aria-hidden="true">{b.goesOn ? `… ${words}` : words}</span>
      <span className="hidden-text">{b.goesOn ? t('calendars.goesOn', { name: words }) : clocks}</span>
    </span>
  )
}
