import { Link } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { DataTable } from '../ui/table'
import { KWh, percent } from './parts'
import type { Quality } from './queries'

/** Meters are the main meters of a month, each with what it delivered. */
export function Meters({ of: q }: { of: Quality }) {
  const { t, n } = useI18n()
  const { at } = useHere()
  return (
    <section className="panel" aria-label={t('energy.meters')}>
      <header>
        <h2>{t('energy.meters')}</h2>
      </header>
      <DataTable
        label={t('energy.meters')}
        className="cards"
        columns={[
          'energy.meter',
          'energy.machine',
          { num: 'energy.completeness' },
          { num: 'energy.kWh' },
          'energy.reason',
        ]}
      >
        <tbody>
          {q.meters.map((m) => (
            <tr key={m.series}>
              <th scope="row">{q.own ? <Link to={at(`trend?s=${m.series}`)}>{n(m.name)}</Link> : n(m.name)}</th>
              <td data-label={t('energy.machine')}>
                {m.machine ? <Link to={at(`m/${m.machine}`)}>{n(m.on)}</Link> : '–'}
              </td>
              <td data-label={t('energy.completeness')} className="num">
                <span>
                  {percent(m.percent)}{' '}
                  <span className="muted small">{t('energy.hours', { actual: m.actual, expected: m.expected })}</span>
                </span>
              </td>
              <td data-label={t('energy.kWh')} className="num">
                <KWh of={m.kWh} />
              </td>
              <td data-label={t('energy.reason')} className="wrapped">
                {n(m.text) || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}
