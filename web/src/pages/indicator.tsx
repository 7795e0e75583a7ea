import { Link, useParams, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useSourceName, Explained } from '../targets/explain'
import { readingKey, StandingTag, standingHelp } from '../targets/parts'
import { useIndicator, type Indicator } from '../targets/queries'
import { readableUnit } from '../format/unit'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../targets/targets.css'

/** IndicatorPage is a definition: its formula, its inputs with where they come from, what we assume; and the value of whoever asks. */
export function IndicatorPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params] = useSearchParams()
  const indicator = useIndicator(id)
  const period = params.get('period')
  return (
    <>
      <PageHead
        title={indicator.data ? n(indicator.data.name) : id}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('targets.title'), to: at('targets') },
        ]}
        after={indicator.data && <StandingTag of={indicator.data} />}
      />
      <Answer query={indicator} rows={8}>
        {(d) => (
          <div className="columns twocol">
            <div className="stack">
              {period !== null && (
                <section className="panel" aria-label={t('targets.ownValue')}>
                  <header>
                    <h2>{t('targets.ownValue')}</h2>
                  </header>
                  <div className="body">
                    <Explained id={d.id} org={org.id} period={period} baseline={params.get('baseline') ?? ''} />
                  </div>
                </section>
              )}
              <Definition of={d} />
            </div>
            <Assumptions of={d} />
          </div>
        )}
      </Answer>
    </>
  )
}

function Definition({ of: d }: { of: Indicator }) {
  const { t, n } = useI18n()
  const named = useSourceName()
  return (
    <section className="panel" aria-label={t('targets.definition')}>
      <header>
        <h2>{t('targets.definition')}</h2>
      </header>
      <div className="body">
        <dl className="facts">
          <dt>{t('targets.formula')}</dt>
          <dd className="filled">{d.formula}</dd>
          <dt>{t('targets.unit')}</dt>
          <dd>{readableUnit(d.unit) || '1'}</dd>
          {d.readings.length > 0 && (
            <>
              <dt>{t('targets.readings')}</dt>
              <dd>{d.readings.map((r) => t(readingKey(r))).join(' · ')}</dd>
            </>
          )}
          <dt>{t('targets.version')}</dt>
          <dd>
            {d.version} · <code title={d.hash}>{d.hash.slice(0, 16)}</code>
          </dd>
          <dt>{t('targets.basis')}</dt>
          <dd>{d.source}</dd>
        </dl>
      </div>
      <DataTable
        label={t('targets.input')}
        className="targets"
        columns={['targets.input', 'targets.unit', 'targets.from']}
      >
        <tbody>
          {d.inputs.map((x) => (
            <tr key={x.key}>
              <th scope="row" className="name">
                {n(x.name)} <code>{x.key}</code>
              </th>
              <td>{readableUnit(x.unit) || '1'}</td>
              <td style={{ whiteSpace: 'normal' }}>
                <ol className="plainlist">
                  {x.from.map((s, i) => (
                    <li key={i}>
                      {named(s)} <SourceMore of={s} />
                    </li>
                  ))}
                </ol>
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}

/** SourceMore is what narrows a source, as the pack says it. */
function SourceMore({ of: s }: { of: Indicator['inputs'][number]['from'][number] }) {
  const { n } = useI18n()
  const parts = [
    ...Object.entries(s.where ?? {}).map(([k, v]) => `${k} = ${(v ?? []).join(' | ')}`),
    ...(s.state?.length ? [`state = ${s.state.join(' | ')}`] : []),
    s.take && `${s.take}${s.field ? `(${s.field})` : ''}`,
    s.on && `on ${s.on}`,
    s.within,
    s.year,
  ].filter(Boolean)
  return (
    <>
      {s.awaits && n(s.awaits)}
      {parts.length > 0 && <code className="muted">{parts.join(', ')}</code>}
    </>
  )
}

function Assumptions({ of: d }: { of: Indicator }) {
  const { at } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  return (
    <section className="panel" aria-label={t('targets.assumptions')}>
      <header>
        <h2>{t('targets.assumptions')}</h2>
      </header>
      <div className="body stack">
        <ul className="plainlist dots">
          {d.assumptions.map((a) => (
            <li key={a.en}>{n(a)}</li>
          ))}
          <li>{standingHelp(d, i18n)}</li>
          {d.changes && <li>{t('targets.change')}</li>}
          {d.suppress > 0 && <li>{t('targets.suppressed', { n: d.suppress })}</li>}
        </ul>
        {d.targets.length > 0 && (
          <p className="underlined">
            {t('targets.usedIn')}:{' '}
            {d.targets.map((x) => (
              <Link key={x} to={at(`targets/${x}`)} style={{ marginRight: 8 }}>
                {x}
              </Link>
            ))}
          </p>
        )}
        {d.usedBy.length > 0 && (
          <p className="underlined">
            {t('targets.restsUnder')}:{' '}
            {d.usedBy.map((x) => (
              <Link key={x.id} to={at(`indicators/${x.id}`)} style={{ marginRight: 8 }}>
                {n(x.name)}
              </Link>
            ))}
          </p>
        )}
      </div>
    </section>
  )
}
