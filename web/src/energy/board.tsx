import { Link } from 'react-router'

import { useI18n } from '../i18n'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { percent, Score, VerdictTag } from './parts'
import type { Board as Scored } from './queries'

/** Board lists the enterprises that have granted it, the lowest score first. */
export function Board({ of: b, to }: { of: Scored; to: (org: string) => string }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('energy.board')}>
      <header>
        <h2>{t('energy.board')}</h2>
        <span className="muted small">
          {n(b.rules.name)} · {t('energy.version', { version: b.rules.version })}
        </span>
      </header>
      {b.firms.length === 0 ? (
        <Blank title={t('energy.noFirms')}>{t('energy.noFirmsHelp')}</Blank>
      ) : (
        <DataTable
          label={t('energy.board')}
          className="cards"
          columns={[
            'energy.enterprise',
            { num: 'energy.score' },
            'energy.rule.completeness',
            'energy.rule.deviation',
            'energy.rule.daily',
            'energy.rule.monthly',
            { num: 'energy.meters' },
          ]}
        >
          <tbody>
            {b.firms.map((f) => (
              <tr key={f.org}>
                <th scope="row">
                  <Link to={to(f.org)}>{n(f.name)}</Link>
                </th>
                <td data-label={t('energy.score')} className="num">
                  <span>
                    <Score of={f.score} />
                  </span>
                </td>
                {f.verdicts.map((v) => (
                  <td key={v.rule} data-label={t(`energy.rule.${v.rule}`)}>
                    <span>
                      <VerdictTag of={v} /> {v.percent !== undefined && percent(v.percent)}
                    </span>
                  </td>
                ))}
                <td data-label={t('energy.meters')} className="num">
                  {f.meters}
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}
