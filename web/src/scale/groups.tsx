import { Link } from 'react-router'

import type { Census } from '../api/types'
import { rate, whole } from '../format/number'
import { useI18n } from '../i18n'
import { StateCounts } from '../ui/marks'
import { DataTable } from '../ui/table'

type Group = Census['byClass'][number]

/**
 * Groups counts the machines of one way to part them, a bar for each: its length is the machines, its full part those
 * connected. `through` is of what holds connected machines only, so that there is no rest to show.
 */
export function Groups({
  title,
  list,
  flow,
  through,
  to,
}: {
  title: string
  list: Group[]
  flow?: boolean
  through?: boolean
  to?: (g: Group) => string
}) {
  const { t, n, lang } = useI18n()
  const most = Math.max(1, ...list.map((g) => g.machines))
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <DataTable label={title}>
        <thead>
          <tr>
            <th scope="col">{t('name')}</th>
            <th scope="col" className="num">
              {through ? t('scale.machines') : t('scale.connectedOf')}
            </th>
            <th scope="col" aria-hidden="true" style={{ width: '26%', minWidth: 70 }} />
            <th scope="col">{t('scale.states')}</th>
            {flow && (
              <th scope="col" className="num">
                {t('sources.rate')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {list.length === 0 && (
            <tr>
              <td colSpan={flow ? 5 : 4} className="muted">
                {t('scale.noGroup')}
              </td>
            </tr>
          )}
          {list.map((g) => (
            <tr key={g.id}>
              <th scope="row">{to ? <Link to={to(g)}>{n(g.name)}</Link> : n(g.name)}</th>
              <td className="num nowrap">
                {through ? whole(lang, g.machines) : `${whole(lang, g.connected)} / ${whole(lang, g.machines)}`}
              </td>
              <td aria-hidden="true">
                <div className="bar-line" style={{ width: `${(g.machines / most) * 100}%` }}>
                  <i style={{ width: `${g.machines ? (g.connected / g.machines) * 100 : 0}%` }} />
                </div>
              </td>
              <td className="nowrap">{g.states && g.connected > 0 ? <StateCounts counts={g.states} /> : '–'}</td>
              {flow && (
                <td className="num nowrap">
                  {g.valuesPerSecond === undefined ? '–' : `${rate(lang, g.valuesPerSecond)} ${t('perSecond')}`}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}
