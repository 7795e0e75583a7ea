import { Link } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { Coverage, Grading, Num } from '../targets/parts'
import { Figure } from '../ui/figure'
import type { Actual, Source } from './figures'
import { figurePath } from './places'

/** How many kinds of missing data are named beside a figure; its own page names all. */
const named = 5

/** KeptPanel is the figure behind a target: which revision, since when, and what is missing to it. */
export function KeptPanel({ of: x, asOf }: { of: Actual; asOf: string }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('region.kept')}>
      <header>
        <h2>{t('region.kept')}</h2>
        <div className="actions">
          {x.figure && <Link to={at(figurePath(x.figure, asOf))}>{t('figures.explain')}</Link>}
        </div>
      </header>
      {x.figure ? (
        <div className="body stack">
          <dl className="figures dense">
            <Figure word="targets.actual">{x.number ? <Num of={x.number} /> : n(x.reasonText)}</Figure>
            <Figure word="figures.coverage">
              <Coverage of={x.coverage} alone={x.indicator.of === 'region'} />
            </Figure>
            <Figure word="figures.grade">{x.grade ? <Grading grade={x.grade} /> : '–'}</Figure>
            <Figure word="figures.written">
              {t('figures.revision', { n: x.revision ?? '' })}{' '}
              <small className="nowrap">{dateTime(millis(x.at))}</small>
            </Figure>
          </dl>
          <div>
            <h3>{t('region.sources')}</h3>
            {(x.absent ?? []).length === 0 ? (
              <p className="muted small">{t('region.sourcesAll')}</p>
            ) : (
              <ul className="plainlist dots">
                {x.absent?.map((s) => (
                  <li key={s.source}>
                    {n(s.name)} <AbsentTag of={s} />
                  </li>
                ))}
              </ul>
            )}
          </div>
          {x.missing.length > 0 && (
            <div>
              <h3>{t('region.missing')}</h3>
              <ul className="plainlist dots">
                {x.missing.slice(0, named).map((m) => (
                  <li key={m.input + m.reason}>
                    {n(m.name)}: {n(m.text)}{' '}
                    {m.enterprises > 0 && (
                      <span className="muted small">{t('region.missingOf', { n: m.enterprises })}</span>
                    )}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </div>
      ) : (
        <p className="body muted">{t('region.keptNone')}</p>
      )}
    </section>
  )
}

const isolated: Record<string, Key> = {
  double: 'region.isolated.double',
  definition: 'region.isolated.definition',
}

/** AbsentTag tells why a source is missing. */
function AbsentTag({ of: s }: { of: Source }) {
  const { t } = useI18n()
  if (s.state === 'isolated') {
    return <span className="tag error">{t(isolated[s.reason ?? ''] ?? 'region.isolated')}</span>
  }
  if (s.state === 'not-delivered') return <span className="tag warning">{t('region.undelivered')}</span>
  return <span className="tag warning">{t('figures.away', { at: dateTime(millis(s.away)) })}</span>
}

/** Computed says that values are worked out when they are looked at, and how to have them kept. */
export function Computed({ adopts }: { adopts: boolean }) {
  const { at } = useHere()
  const { t } = useI18n()
  return (
    <p className="muted small">
      {adopts ? (
        t('region.computedOther')
      ) : (
        <>
          {t('region.computed')} <Link to={at('figures?tab=settings')}>{t('region.toAdopt')}</Link>
        </>
      )}
    </p>
  )
}
