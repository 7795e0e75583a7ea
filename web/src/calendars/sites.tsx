import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import type { CalendarSummary, NodeCalendar, PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { AssignCalendar } from './dialogs'
import { useNext } from './queries'
import { dateIn } from './zone'
import { DataTable } from '../ui/table'

interface Props {
  sites: PlantNode[]
  held: (NodeCalendar | undefined)[]
  calendars: CalendarSummary[]
}

/** Sites tells by which calendar each site works, and what comes after. */
export function Sites({ sites, held, calendars }: Props) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const [assigning, setAssigning] = useState<{ site: PlantNode; held?: string }>()
  return (
    <section className="panel" aria-label={t('calendars.sites')}>
      <header>
        <h2>{t('calendars.sites')}</h2>
      </header>
      <DataTable
        label={t('calendars.sites')}
        className="cards roomy"
        columns={['calendars.site', 'calendars.one', 'calendars.then', { hidden: 'actions' }]}
      >
        <tbody>
          {sites.map((s, i) => {
            const now = held[i]
            return (
              <tr key={s.id}>
                <th scope="row">{n(s.name)}</th>
                <td data-label={t('calendars.one')}>
                  {now ? <Works by={now} calendars={calendars} /> : <span className="muted">…</span>}
                </td>
                <td data-label={t('calendars.then')}>
                  {now?.to ? <Then site={s.id} at={now.to} calendars={calendars} /> : <span className="muted">–</span>}
                </td>
                <td data-label="">
                  {may('configure') && now && (
                    <span className="row wrap ends">
                      <Button
                        size="small"
                        onClick={() => setAssigning({ site: s, held: now.calendar })}
                        aria-label={t('calendars.assignTo', { name: n(s.name) })}
                      >
                        {t('calendars.assign')}
                      </Button>
                    </span>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
      <p className="footnote">{t('calendars.defaultHelp')}</p>
      {assigning && <AssignCalendar {...assigning} calendars={calendars} close={() => setAssigning(undefined)} />}
    </section>
  )
}

function Works({ by, calendars }: { by: NodeCalendar; calendars: CalendarSummary[] }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const c = calendars.find((x) => x.id === by.calendar)
  if (by.calendar === undefined) return <span>{t('calendars.default')}</span>
  return (
    <span>
      <Link to={at(`calendars/${by.calendar}`)}>{n(c?.name) || by.calendar}</Link>{' '}
      <span className="tag">{t('calendars.version', { n: by.number ?? 0 })}</span>
    </span>
  )
}

function Then({ site, at, calendars }: { site: string; at: string; calendars: CalendarSummary[] }) {
  const { t } = useI18n()
  const next = useNext(site, at)
  if (!next.data) return <span className="muted">…</span>
  return (
    <span>
      {t('calendars.fromDate', { date: dateIn(next.data.definition.zone, millis(at)) })}{' '}
      <Works by={next.data} calendars={calendars} />
    </span>
  )
}
