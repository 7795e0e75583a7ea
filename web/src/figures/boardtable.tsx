import { Link } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Num } from '../targets/parts'
import { DataTable } from '../ui/table'
import type { Board } from './board'
import { Graded, Marks, SealTag } from './marks'
import { populationWords } from './population'
import type { Figure, Seal } from './queries'

/** BoardTable sets figures out: indicators and populations below each other, periods side by side. */
export function BoardTable({ of: board, seals, asOf }: { of: Board; seals: readonly Seal[]; asOf: string }) {
  const i18n = useI18n()
  const { t, n } = i18n
  return (
    <DataTable label={t('figures.title')} className="cards figureboard">
      <thead>
        <tr>
          <th scope="col">{t('figures.indicator')}</th>
          {board.periods.map((p) => {
            const seal = seals.find((s) => s.period.label === p)
            return (
              <th key={p} scope="col" className="num">
                <div className="periodhead">
                  {p} {seal && <SealTag state={seal.state} />}
                </div>
              </th>
            )
          })}
        </tr>
      </thead>
      <tbody>
        {board.rows.map((r) => (
          <tr key={r.key} data-indicator={r.indicator} data-filter={r.filter}>
            <th scope="row" className="name">
              <div>
                <div>{n(r.name)}</div>
                <div className="muted small">
                  {populationWords(r.filter, i18n)}
                  {r.baseline && <> · {r.baseline}</>}
                </div>
              </div>
            </th>
            {board.periods.map((p) => (
              <td key={p} data-label={p} className="num">
                <Cell of={r.cells.get(p)} asOf={asOf} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

function Cell({ of: f, asOf }: { of: Figure | undefined; asOf: string }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  if (!f) return <span className="muted">–</span>
  const main = f.readings[0]
  const to = at(`figures/${f.id}${asOf ? `?asOf=${encodeURIComponent(asOf)}` : ''}`)
  return (
    <div className="figurecell">
      <Link to={to} aria-label={`${n(f.name)} ${f.period.label}`}>
        {main?.number ? <Num of={main.number} /> : <span className="small">{n(main?.text) || '–'}</span>}
      </Link>
      <div className="muted small nowrap">
        {t('figures.known', { known: f.coverage.known, of: f.coverage.of })}
        {f.grade && (
          <>
            {' · '}
            <Graded grade={f.grade} short />
          </>
        )}
      </div>
      <Marks of={f} />
    </div>
  )
}
