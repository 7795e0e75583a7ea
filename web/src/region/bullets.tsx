import { Link } from 'react-router'

import { useHere } from '../app/org'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Coverage, Gap, Grading, Num, StatusTag, until, wanted } from '../targets/parts'
import type { Progress } from '../targets/queries'
import { DataTable } from '../ui/table'
import type { Actual } from './figures'
import { figurePath } from './places'

/** share is how far a value is on its way to what is wanted, 0 to 1.25; undefined where the one or the other is not a positive number. */
export function share(x: Progress): number | undefined {
  const [now, to] = [Number(x.number?.value), Number(x.value ?? x.low)]
  if (!(to > 0) || Number.isNaN(now)) return undefined
  return Math.min(Math.max(now / to, 0), 1.25)
}

/** Bullet is a bar of what is so, with a mark at what is wanted. */
export function Bullet({ of: x }: { of: Progress }) {
  const s = share(x)
  if (s === undefined) return null
  return (
    <span className={`bullet ${x.status}`} aria-hidden>
      <i style={{ width: `${80 * s}%` }} />
      <b />
    </span>
  )
}

/** Age tells which revision of a kept figure is shown and since when it stands, and how many sources are missing to it. */
function Age({ of: x }: { of: Actual }) {
  const { t } = useI18n()
  return (
    <div className="muted small">
      <span className="nowrap" title={dateTime(millis(x.at))}>
        {t('figures.revision', { n: x.revision ?? '' })} {date(millis(x.at))}
      </span>{' '}
      {(x.absent?.length ?? 0) > 0 && (
        <span className="tag warning">{t('region.absent', { n: x.absent?.length ?? 0 })}</span>
      )}
    </div>
  )
}

/** Bullets are targets against actuals: one is picked to be shown beside them. */
export function Bullets({
  label,
  list,
  on,
  asOf,
  picked,
  pick,
}: {
  label: string
  list: Actual[]
  on: string
  asOf: string
  picked: string | undefined
  pick: (id: string) => void
}) {
  const { at } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  return (
    <DataTable
      label={label}
      className="cards targets bullets"
      columns={[
        'targets.target',
        'targets.wanted',
        { num: 'targets.actual' },
        { num: 'targets.gap' },
        'targets.coverage',
        'targets.status',
      ]}
    >
      <tbody>
        {list.map((x) => (
          <tr key={x.id} data-target={x.id} className={x.id === picked ? 'picked' : undefined}>
            <th scope="row" className="name">
              <div>
                <button type="button" className="pickrow" aria-pressed={x.id === picked} onClick={() => pick(x.id)}>
                  {n(x.name)}
                </button>
                <div className="muted small">
                  <Link to={at(`targets/${x.id}?on=${on}`)}>{x.id}</Link> · {n(x.population)}
                </div>
              </div>
            </th>
            <td data-label={t('targets.wanted')} className="wanted">
              {wanted(x, i18n)}
              <div className="muted small">{until(x, i18n)}</div>
            </td>
            <td data-label={t('targets.actual')} className="num">
              <div>
                {x.figure ? (
                  <Link to={at(figurePath(x.figure, asOf))} aria-label={t('region.toFigure', { name: n(x.name) })}>
                    <Num of={x.number} />
                  </Link>
                ) : (
                  <Num of={x.number} />
                )}
                <Bullet of={x} />
              </div>
            </td>
            <td data-label={t('targets.gap')} className="num">
              <Gap of={x.gap} />
            </td>
            <td data-label={t('targets.coverage')}>
              <div>
                <Grading grade={x.grade} /> <span className="muted small nowrap">{x.period.label}</span>{' '}
                <Coverage of={x.coverage} alone={x.indicator.of === 'region'} />
                {x.at && <Age of={x} />}
              </div>
            </td>
            <td data-label={t('targets.status')}>
              <StatusTag status={x.status} />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}
