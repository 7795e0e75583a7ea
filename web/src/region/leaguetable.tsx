import type { ReactNode } from 'react'

import { useI18n } from '../i18n'
import { Grading, Num } from '../targets/parts'
import { DataTable } from '../ui/table'
import { enough, league, type Standing } from './league'

/** LeagueTable orders by value and says of each how much is known; ranks go only to those of which enough is. */
export function LeagueTable({
  label,
  list,
  most,
  link,
}: {
  label: string
  list: Standing[]
  /** At most so many places. */
  most?: number
  link?: (x: Standing) => ReactNode
}) {
  const { t } = useI18n()
  const places = league(list)
  const shown = places.slice(0, most)
  const values = places.flatMap((x) => (x.number ? Math.abs(Number(x.number.value)) : []))
  const greatest = Math.max(...values, 1e-9)
  return (
    <>
      <DataTable
        label={label}
        className="league"
        columns={['region.rank', 'region.who', { num: 'targets.actual' }, { num: 'targets.coverage' }, 'targets.grade']}
      >
        <tbody>
          {shown.map((x) => (
            <tr key={x.key}>
              <td className="rank">{x.rank ?? <span title={t('region.noRank')}>–</span>}</td>
              <th scope="row">{link?.(x) ?? x.name}</th>
              <td className="num">
                {x.number ? (
                  <div className="leaguebar">
                    <i style={{ width: `${(60 * Math.abs(Number(x.number.value))) / greatest}%` }} aria-hidden />
                    <Num of={x.number} />
                  </div>
                ) : (
                  <span className="muted">{x.reason}</span>
                )}
              </td>
              <td className="num">{t('targets.known', { known: x.known, of: x.of })}</td>
              <td>
                <Grading grade={x.grade} />
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <p className="muted small leaguenote">
        {t('region.rankNote', { share: `${enough * 100} %` })}
        {places.length > shown.length && ` ${t('region.more', { n: places.length - shown.length })}`}
      </p>
    </>
  )
}
