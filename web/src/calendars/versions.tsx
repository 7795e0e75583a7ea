import { Button } from 'antd'

import type { Calendar, CalendarVersion } from '../api/types'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { dateIn } from './zone'
import { DataTable } from '../ui/table'

/** holding tells from when to when a version holds, in ms: later versions of the same time or earlier take its place. */
export function holding(versions: readonly CalendarVersion[], v: CalendarVersion): { from: number; to: number } {
  const start = (x: CalendarVersion) => (x.from ? millis(x.from) : -Infinity)
  const later = versions.filter((x) => x.number > v.number).map(start)
  return { from: start(v), to: Math.min(Infinity, ...later) }
}

/** Versions lists all that a calendar ever said, the latest first. */
export function Versions({ calendar: c, take }: { calendar: Calendar; take?: (v: CalendarVersion) => void }) {
  const { t } = useI18n()
  const now = nodeNow()
  const stateOf = (v: CalendarVersion) => {
    const { from, to } = holding(c.versions, v)
    if (to <= from) return 'replaced'
    return from > now ? 'coming' : to <= now ? 'past' : 'holds'
  }
  const tag = { replaced: '', coming: 'warning', past: '', holds: 'good' } as const
  return (
    <section className="panel" aria-label={t('calendars.versions')}>
      <header>
        <h2>{t('calendars.versions')}</h2>
      </header>
      <DataTable
        label={t('calendars.versions')}
        className="cards roomy"
        columns={['calendars.versionHead', 'calendars.effective', 'reason', 'calendars.said', { hidden: 'actions' }]}
      >
        <tbody>
          {[...c.versions].reverse().map((v) => {
            const state = stateOf(v)
            return (
              <tr key={v.number}>
                <th scope="row" className="nowrap">
                  {v.number} <span className={`tag ${tag[state]}`}>{t(`calendars.state.${state}`)}</span>
                </th>
                <td data-label={t('calendars.effective')} className="nowrap">
                  {v.from ? dateIn(v.definition.zone, millis(v.from)) : t('calendars.sinceEver')}
                </td>
                <td data-label={t('reason')}>{v.reason || '–'}</td>
                <td data-label={t('calendars.said')}>
                  {v.maker} <span className="muted nowrap">{dateTime(millis(v.made))}</span>
                </td>
                <td data-label="">
                  {take && (
                    <Button size="small" onClick={() => take(v)} aria-label={t('calendars.takeOf', { n: v.number })}>
                      {t('calendars.take')}
                    </Button>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
      <p className="footnote">{t('calendars.versionsHelp')}</p>
    </section>
  )
}
