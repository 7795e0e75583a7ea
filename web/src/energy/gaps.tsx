import { Checkbox } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { around } from '../health/span'
import { useI18n } from '../i18n'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import type { Gap, Quality } from './queries'

/** Gaps lists each gap with its cause; from there to the trend, and to the facts from which the cause follows. */
export function Gaps({ of: q }: { of: Quality }) {
  const { t } = useI18n()
  const [lost, setLost] = useState(true)
  const shown = q.gaps.filter((g) => !lost || g.hours > 0)
  return (
    <section className="panel" aria-label={t('energy.gaps')}>
      <header>
        <h2>{t('energy.gaps')}</h2>
        <div className="actions">
          <Checkbox checked={lost} onChange={(e) => setLost(e.target.checked)}>
            {t('energy.onlyLost')}
          </Checkbox>
        </div>
      </header>
      {shown.length === 0 ? (
        <Blank title={t(lost && q.gaps.length > 0 ? 'energy.noGapsLost' : 'energy.noGaps')} />
      ) : (
        <DataTable
          label={t('energy.gaps')}
          className="cards"
          columns={[
            'energy.from',
            'energy.to',
            'energy.meter',
            { num: 'energy.lost' },
            'energy.cause',
            ...(q.own ? [{ hidden: 'actions' } as const] : []),
          ]}
        >
          <tbody>
            {shown.map((g) => (
              <Row key={`${g.series} ${g.from}`} of={g} own={q.own} meters={q.meters} />
            ))}
          </tbody>
        </DataTable>
      )}
      {(q.moreGaps ?? 0) > 0 && <p className="muted striphelp">{t('energy.moreGaps', { n: q.moreGaps ?? 0 })}</p>}
    </section>
  )
}

function Row({ of: g, own, meters }: { of: Gap; own: boolean; meters: Quality['meters'] }) {
  const { t, n } = useI18n()
  const { at } = useHere()
  const [from, to] = [millis(g.from), millis(g.to)]
  const { from: a, to: b } = around(from, to)
  const machine = meters.find((m) => m.series === g.series)?.machine ?? ''
  return (
    <tr>
      <td data-label={t('energy.from')}>{dateTime(from)}</td>
      <td data-label={t('energy.to')}>{g.open ? t('energy.lasts') : dateTime(to)}</td>
      <td data-label={t('energy.meter')}>{n(g.meter)}</td>
      <td data-label={t('energy.lost')} className="num">
        {g.hours}
      </td>
      <td data-label={t('energy.cause')} className="wrapped">
        <div>
          <span className="tag warning">{n(g.name)}</span>
          {n(g.text) && <div className="small">{n(g.text)}</div>}
        </div>
      </td>
      {own && (
        <td data-label="">
          <span className="row wrap">
            <Link to={at(`trend?s=${g.series}&from=${a}&to=${b}`)}>{t('energy.trend')}</Link>
            <Link to={at(`health?node=${machine}&series=${g.series}&from=${a}&to=${b}`)}>{t('energy.health')}</Link>
          </span>
        </td>
      )}
    </tr>
  )
}
