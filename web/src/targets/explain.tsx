import { Link } from 'react-router'

import { useHere } from '../app/org'
import { useI18n, type Key } from '../i18n'
import { useRegisters } from '../registers/queries'
import { useKinds } from '../facts/queries'
import { Answer } from '../ui/states'
import { Grading, Num } from './parts'
import { useIndicator, useValue, type Input, type Rest, type Source, type Value } from './queries'

/** Explained is the value of one organisation with what it rests on, looked up when it is shown. */
export function Explained({
  id,
  org,
  period,
  baseline,
}: {
  id: string
  org: string
  period: string
  baseline?: string
}) {
  const value = useValue(id, org, period, baseline)
  return (
    <Answer query={value} rows={3}>
      {(v) => <Explanation of={v} org={org} />}
    </Answer>
  )
}

/** Explanation is a formula with its numbers, and below it each input down to facts, entries and machines. */
export function Explanation({ of: v, org }: { of: Value; org: string }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const definition = useIndicator(v.indicator)
  return (
    <div className="explanation">
      <p>
        <Link to={at(`indicators/${v.indicator}`)}>{n(v.name)}</Link>{' '}
        <span className="muted">
          {t('targets.period')} {v.period.label}
        </span>{' '}
        <Num of={v.number} /> <Grading grade={v.grade} />
      </p>
      <p className="filled">
        <span className="hidden-text">{t('targets.filled')} </span>
        {v.filled}
      </p>
      <ul className="explained">
        {v.inputs.map((x, i) => (
          <Given key={x.key} of={x} org={org} source={definition.data?.inputs[i]?.from[x.source]} />
        ))}
      </ul>
    </div>
  )
}

function Given({ of: x, org, source }: { of: Input; org: string; source: Source | undefined }) {
  const { t, n } = useI18n()
  const named = useSourceName()
  return (
    <li>
      <div className="what">
        <span>{n(x.name)}</span>
        {x.number ? <Num of={x.number} /> : <span className="tag warning">{n(x.text)}</span>}
        <Grading grade={x.grade} />
        {x.outOf !== undefined && (
          <span className="muted small">{t('targets.days', { days: x.days ?? 0, of: x.outOf })}</span>
        )}
        <span className="muted small">
          {t('targets.from')} {source ? named(source) : t('targets.fromNone')}
        </span>
      </div>
      {x.rests.length > 0 && (
        <details open={x.rests.length <= 8}>
          <summary className="muted small">{t('targets.rests', { n: x.rests.length + (x.more ?? 0) })}</summary>
          <ul className="rests">
            {x.rests.map((r, i) => (
              <Resting key={r.id ?? i} of={r} org={org} register={source?.of ?? ''} />
            ))}
            {(x.more ?? 0) > 0 && <li className="muted small">{t('targets.restMore', { n: x.more ?? 0 })}</li>}
          </ul>
        </details>
      )}
      {x.below && (
        <div className="below">
          <Explanation of={x.below} org={org} />
        </div>
      )}
    </li>
  )
}

/** Resting is one fact, entry, machine or check-up, with the way to its own page. */
function Resting({ of: r, org, register }: { of: Rest; org: string; register: string }) {
  const { org: here, orgs, at } = useHere()
  const { t } = useI18n()
  // What belongs to an enterprise stands on its own pages, for those who may go there.
  const theirs = orgs.some((o) => o.id === org) ? `/o/${org}` : `/o/${here.id}`
  const to: Record<Rest['kind'], string | undefined> = {
    fact: `${theirs}/facts/${r.id}`,
    entry: at(`registers/${register}/${r.id}`),
    machine: `${theirs}/m/${r.id}`,
    series: undefined,
    checkup: `${theirs}/checkup/${r.id}/result`,
    enterprise: undefined,
  }
  const name = r.title ?? r.id ?? ''
  const where = to[r.kind]
  return (
    <li>
      {where && r.id ? <Link to={where}>{name}</Link> : <span>{name}</span>}
      {r.value && <span>{r.value}</span>}
      {r.of !== undefined ? (
        <span className="muted small">{t('targets.restDays', { days: r.days ?? 0, of: r.of })}</span>
      ) : null}
      <span className={r.counts ? 'tag good' : 'tag'}>{t(r.counts ? 'targets.counts' : 'targets.countsNot')}</span>
    </li>
  )
}

/** useSourceName words a source: kinds of facts and registers by their names. */
export function useSourceName(): (s: Source) => string {
  const { t, n } = useI18n()
  const registers = useRegisters()
  const kinds = useKinds()
  return (s) => {
    let of = s.of ?? ''
    if (s.kind === 'entry') of = n(registers.data?.find((r) => r.id === s.of)?.name) || of
    if (s.kind === 'fact') of = n(kinds.data?.find((k) => k.id === s.of)?.name) || of
    if (s.kind === 'plant') of = t(`targets.plant.${of}` as Key)
    return t(`targets.source.${s.kind}`, { of })
  }
}
