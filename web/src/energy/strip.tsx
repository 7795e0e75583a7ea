import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { DataTable } from '../ui/table'
import { cellOf } from './month'
import type { MeterDay, Quality } from './queries'

interface Day {
  date: string
  expected: number
  actual: number
  named: boolean
  arrival?: MeterDay['arrival']
  came?: string
}

const legend = ['full', 'part', 'little', 'empty', 'none', 'unnamed'] as const

/** Strip is a calendar of the month: each day of each main meter, and of all of them together. */
export function Strip({ of: q }: { of: Quality }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('energy.strip')}>
      <header>
        <h2>{t('energy.strip')}</h2>
        <ul className="striplegend">
          {legend.map((tone) => (
            <li key={tone}>
              <i className={`day is-${tone}`} aria-hidden />
              {t(`energy.legend.${tone}`)}
            </li>
          ))}
        </ul>
      </header>
      <DataTable label={t('energy.strip')} className="strip">
        <thead>
          <tr>
            <th scope="col">{t('energy.meter')}</th>
            {q.days.map((d) => (
              <th key={d.date} scope="col">
                {Number(d.date.slice(8))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {q.meters.map((m) => (
            <Row key={m.series} name={n(m.name)} days={m.days} />
          ))}
          {q.meters.length > 1 && (
            <Row name={t('energy.allMeters')} days={q.days.map((d) => ({ ...d, named: d.meters > 0 }))} />
          )}
        </tbody>
      </DataTable>
      <p className="muted striphelp">{t('energy.stripHelp')}</p>
    </section>
  )
}

function Row({ name, days }: { name: string; days: Day[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {days.map((d) => (
        <td key={d.date}>
          <OneDay of={d} />
        </td>
      ))}
    </tr>
  )
}

function OneDay({ of: d }: { of: Day }) {
  const { t } = useI18n()
  const { tone, missing } = cellOf(d)
  const words = [
    tone === 'unnamed' || tone === 'none'
      ? `${d.date}: ${t(`energy.legend.${tone}`)}`
      : t('energy.dayWords', { date: d.date, actual: d.actual, expected: d.expected }),
    d.arrival && t(`energy.arrival.${d.arrival}`),
    d.came && d.arrival !== 'in-time' && t('energy.cameAt', { time: dateTime(millis(d.came)) }),
  ]
    .filter(Boolean)
    .join(' · ')
  const mark = d.arrival === 'late' ? t('energy.late') : d.arrival === 'absent' ? t('energy.absent') : ''
  return (
    <span className={`day is-${tone}`} title={words}>
      <span aria-hidden>
        {tone === 'full' ? '✓' : missing || ''}
        {mark && <sup>{mark}</sup>}
      </span>
      <span className="hidden-text">{words}</span>
    </span>
  )
}
