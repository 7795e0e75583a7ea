import { Link } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Figure } from '../ui/figure'
import { DataTable } from '../ui/table'
import type { Quality, Rules, Verdict } from './queries'

const tones = { met: 'tag good', missed: 'tag error', unknown: 'tag' }

/** VerdictTag tells what a rule comes to. */
export function VerdictTag({ of }: { of: Verdict }) {
  const { t, n } = useI18n()
  return (
    <span className={tones[of.status]} title={n(of.reasonText) || undefined}>
      {t(`energy.status.${of.status}`)}
    </span>
  )
}

/** percent is a share as the node wrote it, or a dash. */
export const percent = (s: string | undefined): string => (s === undefined ? '–' : `${s.replace('-', '−')} %`)

/** grouped sets thousands apart, digits as the node wrote them. */
export function grouped(s: string): string {
  const [whole = '', rest] = s.split('.')
  return whole.replace(/\B(?=(\d{3})+$)/g, ' ') + (rest === undefined ? '' : `.${rest}`)
}

export function KWh({ of }: { of: string | undefined }) {
  return of === undefined ? <span className="muted">–</span> : <>{grouped(of)} kWh</>
}

/** Score is the score with how much of the weight it rests on. */
export function Score({ of }: { of: Quality['score'] }) {
  const { t } = useI18n()
  if (of.points === undefined) return <span className="muted">{t('energy.noScore')}</span>
  return (
    <>
      {of.points} {of.known < 100 && <small>{t('energy.known', { n: of.known })}</small>}
    </>
  )
}

/** Rules lists the rules with what they come to, the clause and how it is read. */
export function RulesPanel({ of: q }: { of: Quality }) {
  const { t, n } = useI18n()
  const limits = {
    completeness: t('energy.atLeast', { n: q.rules.completeness.atLeast }),
    deviation: t('energy.atMost', { n: q.rules.deviation.atMost }),
    daily: t('energy.seconds', { n: q.rules.daily.within }),
    monthly: t('energy.days', { n: q.rules.monthly.within }),
  }
  return (
    <section className="panel" aria-label={t('energy.score')}>
      <header>
        <h2>{n(q.rules.name)}</h2>
        <span className="muted small">{t('energy.version', { version: q.rules.version })}</span>
        {!q.over && <span className="tag info">{t('energy.running')}</span>}
      </header>
      <div className="body">
        <dl className="figures energyfigures">
          <div className="big">
            <dt>{t('energy.score')}</dt>
            <dd>
              <Score of={q.score} />
            </dd>
          </div>
          <Figure word="energy.completeness">
            {percent(q.verdicts[0]?.percent)}{' '}
            {q.expected > 0 && <small>{t('energy.hours', { actual: q.actual, expected: q.expected })}</small>}
          </Figure>
          <Figure word="energy.sum">
            <KWh of={q.kWh} /> {q.kWh !== undefined && q.sum && <small>{n(q.sumText)}</small>}
          </Figure>
          <Figure word="energy.report">
            <Report of={q} />
          </Figure>
        </dl>
      </div>
      <DataTable
        label={t('energy.score')}
        className="cards energyrules"
        columns={[
          'energy.rule',
          { num: 'energy.value' },
          'energy.limit',
          'energy.status',
          'energy.reason',
          { num: 'energy.points' },
        ]}
      >
        <tbody>
          {q.verdicts.map((v) => (
            <tr key={v.rule}>
              <th scope="row">{t(`energy.rule.${v.rule}`)}</th>
              <td className="num" data-label={t('energy.value')}>
                {v.rule === 'monthly' ? '–' : percent(v.percent)}
              </td>
              <td data-label={t('energy.limit')}>{limits[v.rule]}</td>
              <td data-label={t('energy.status')}>
                <VerdictTag of={v} />
              </td>
              <td data-label={t('energy.reason')} className="wrapped">
                {n(v.reasonText) || '–'}
              </td>
              <td className="num" data-label={t('energy.points')}>
                {v.points ?? '–'} / {v.weight}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <Basis of={q.rules} />
    </section>
  )
}

function Report({ of: q }: { of: Quality }) {
  const { t } = useI18n()
  const { at, may } = useHere()
  const r = q.report
  const came = r.came && <small>{t('energy.reportCame', { time: dateTime(millis(r.came)) })}</small>
  if (!r.fact) {
    return (
      <>
        <span className="muted">{t('energy.noReport')}</span>{' '}
        {q.own && may('operate') && (
          <small>
            <Link to={at('facts?kind=declaration')}>{t('energy.declare')}</Link>
          </small>
        )}
      </>
    )
  }
  const value = r.kWh === undefined ? `${r.value} ${r.unit}` : `${grouped(r.kWh)} kWh`
  return (
    <>
      {q.own ? <Link to={at(`facts/${r.fact}`)}>{value}</Link> : value} {came}
    </>
  )
}

function Basis({ of: r }: { of: Rules }) {
  const { t, n } = useI18n()
  return (
    <details className="energybasis">
      <summary>{t('energy.basis')}</summary>
      <dl>
        {(['completeness', 'deviation', 'daily', 'monthly'] as const).map((k) => (
          <div key={k}>
            <dt>{t(`energy.rule.${k}`)}</dt>
            <dd>
              <b>{n(r[k].clause)}</b> {n(r[k].reading)}
            </dd>
          </div>
        ))}
        <div>
          <dt>{t('energy.source')}</dt>
          <dd>{r.source}</dd>
        </div>
      </dl>
    </details>
  )
}
