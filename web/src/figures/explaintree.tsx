import { Button } from 'antd'
import { Link } from 'react-router'

import { useAgreement } from '../agreements/queries'
import type { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useKinds } from '../facts/queries'
import { valueText as fieldText } from '../fields/field'
import { useWords } from '../fields/words'
import { valueText } from '../format/number'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { useSecond } from '../live/clock'
import { grouped } from '../targets/figure'
import { Num } from '../targets/parts'
import type { Input, Rest, Value } from '../targets/queries'
import { Age, ageText } from '../ui/age'
import { Fault } from '../ui/states'
import {
  alone,
  below,
  covered,
  decimal,
  firmAt,
  firmsOf,
  given,
  keyOf,
  shutOf,
  told,
  type Explanation,
  type Firm,
  type Part,
  type Where,
} from './explain'
import { Graded } from './marks'
import { useExplained, useFactOf, useSample } from './queries'
import { ExplainTree, Item } from './treeitem'

const top: Where = { via: [] }

/** Of a figure of this node: what all levels are asked with. */
interface Of {
  figure: string
  asOf: string
}

/** Tree opens a figure downward, node by node, to facts and to machines with their last readings. */
export function Tree({ figure, asOf, name }: Of & { name: string }) {
  const { t } = useI18n()
  const of = { figure, asOf }
  return (
    <ExplainTree key={figure + asOf} label={t('figures.explain')} root={keyOf(top)}>
      <Item id={keyOf(top)} crumb={name} begin below={() => <Level of={of} where={top} />}>
        <b>{name}</b>
      </Item>
    </ExplainTree>
  )
}

/** Level is what stands below a figure, a giver or an enterprise, asked for when it is opened. */
function Level({ of, where }: { of: Of; where: Where }) {
  const { t } = useI18n()
  const answer = useExplained(of.figure, of.asOf, where)
  const pages = answer.data?.pages
  const first = pages?.[0]
  if (answer.error && !first)
    return <Refused id={`${keyOf(where)}!`} problem={answer.error} retry={() => void answer.refetch()} />
  if (!pages || !first) {
    return (
      <Item id={`${keyOf(where)}…`}>
        <span className="muted" role="status">
          {t('figures.loadingHop')}
        </span>
      </Item>
    )
  }
  if (first.level === 'enterprise') return <Enterprise of={of} where={where} explained={first} />
  const more = answer.hasNextPage && (
    <Item id={`${keyOf(where)}+`}>
      <Button size="small" loading={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>
        {t('figures.more')}
      </Button>
    </Item>
  )
  return <Population of={of} where={where} explained={first} firms={pages.flatMap((p) => p.enterprises)} more={more} />
}

/** Refused is why nothing is to be seen: offline, no consent and at which hop, as the node says it. */
function Refused({ id, problem, retry }: { id: string; problem: Problem; retry: () => void }) {
  return (
    <Item id={id}>
      <Fault problem={problem} retry={problem.passing ? retry : undefined} />
    </Item>
  )
}

function Population({
  of,
  where,
  explained: x,
  firms,
  more,
}: {
  of: Of
  where: Where
  explained: Explanation
  firms: Firm[]
  more: React.ReactNode
}) {
  const { t } = useI18n()
  const key = keyOf(where)
  // Those inside of an account are shown where they live.
  const rest = alone(x.parts, firms)
  return (
    <>
      <Item id={`${key}=`}>
        <Told of={x} />
      </Item>
      {x.value && <Given of={of} where={where} value={x.value} />}
      {x.parts.map((p, i) => (
        <PartItem
          key={p.source + String(i)}
          id={`${key}${p.source}:${i}`}
          of={of}
          where={where}
          part={p}
          firms={firmsOf(p, firms)}
          more={more}
          facts={!x.population}
        />
      ))}
      {rest.length > 0 && (
        <Item
          id={`${key}-`}
          begin={rest.length <= 8}
          below={() => rest.map((f) => <FirmItem key={f.code} of={of} where={where} firm={f} />)}
        >
          {t('figures.alone')} <span className="tag">{rest.length}</span>
        </Item>
      )}
    </>
  )
}

/** Told is what a level says of itself, and how long it took to ask. */
function Told({ of: x }: { of: Explanation }) {
  const { t, n } = useI18n()
  const main = x.readings[0]
  const hop = x.hops.at(-1)
  return (
    <>
      {main && (main.number ? <Num of={main.number} /> : <span className="tag warning">{n(main.text)}</span>)}
      <span className="muted small">{t('figures.known', { known: x.coverage.known, of: x.coverage.of })}</span>
      <Graded grade={x.grade} />
      {x.revision && <span className="muted small">{t('figures.revision', { n: x.revision })}</span>}
      {x.watermark && (
        <span className="muted small">
          {t('figures.watermark')} {dateTime(millis(x.watermark))}
        </span>
      )}
      {hop && <span className="muted small">{t('figures.hop', { node: x.nodeName, ms: hop.tookMs })}</span>}
    </>
  )
}

function PartItem({
  id,
  of,
  where,
  part: p,
  firms,
  more,
  facts,
}: {
  id: string
  of: Of
  where: Where
  part: Part
  firms: Firm[]
  more: React.ReactNode
  /** What is counted once for a region: parts tell facts, not enterprises. */
  facts: boolean
}) {
  const { t, n } = useI18n()
  const now = useSecond()
  const rows = p.kind === 'rows'
  const name = rows
    ? t(p.source === 'given' ? 'figures.source.given' : 'figures.source.local')
    : n(p.name) || t('figures.source.other')
  const shut = shutOf(p)
  const deeper = below(where, p)
  const opens = rows
    ? () => (
        <>
          {firms.map((f) => (
            <FirmItem key={f.code} of={of} where={where} firm={f} />
          ))}
          {firms.length === 0 && !more && (
            <Item id={`${id}0`}>
              <span className="muted">{t('figures.noFirms')}</span>
            </Item>
          )}
          {more}
        </>
      )
    : deeper && (() => <Level of={of} where={deeper} />)
  return (
    <Item id={id} crumb={name} begin={rows} below={shut ? undefined : opens}>
      <b>{name}</b>
      <span className="muted small">
        {t(facts ? 'figures.facts.known' : 'figures.members.known', { known: p.known, members: p.members })}
      </span>
      {p.at && (
        <span className="muted small" title={dateTime(millis(p.at))}>
          {t('figures.at', { at: ageText(t, now - millis(p.at)) })}
        </span>
      )}
      {p.state === 'offline' && (
        <span className="tag warning">{t('figures.away', { at: p.away ? dateTime(millis(p.away)) : '–' })}</span>
      )}
      {p.state === 'isolated' && (
        <span className="tag error">{t('figures.shut.isolated', { reason: p.reason ?? '' })}</span>
      )}
      {shut === 'not-delivered' && <span className="tag warning">{t('figures.shut.not-delivered')}</span>}
      {shut === 'no-consent' && <NoConsent agreement={where.via.at(-1)} />}
    </Item>
  )
}

/** NoConsent says at which hop there is none: the agreement is told where this node is a party of it. */
function NoConsent({ agreement }: { agreement: string | undefined }) {
  const { t } = useI18n()
  return agreement ? (
    <AtHop agreement={agreement} />
  ) : (
    <span className="tag warning">{t('figures.shut.no-consent')}</span>
  )
}

function AtHop({ agreement }: { agreement: string }) {
  const { t, n } = useI18n()
  const known = useAgreement(agreement)
  const a = known.data
  return (
    <span className="tag warning">
      {a
        ? t('figures.shut.no-consentAt', { name: n(a.giver.name), drill: t(`agreements.level.${a.drill}`) })
        : t('figures.shut.no-consent')}
    </span>
  )
}

function FirmItem({ of, where, firm: f }: { of: Of; where: Where; firm: Firm }) {
  const { t, n } = useI18n()
  const next = firmAt(where, f)
  const name = f.name ?? f.code
  return (
    <Item
      id={`${keyOf(where)}@${f.code}`}
      crumb={name}
      below={
        f.open || f.source
          ? () => <Level of={of} where={f.open ? next : { via: where.via, code: f.code }} />
          : undefined
      }
    >
      <span>{name}</span>
      <code className="muted small">{f.code}</code>
      {f.number ? (
        <Num of={f.number} />
      ) : (
        <span className="tag warning">{n(f.missing[0]?.text) || t('figures.notKnown')}</span>
      )}
      <Graded grade={f.grade} />
      {f.filled && <span className="filled">{f.filled}</span>}
    </Item>
  )
}

function Enterprise({ of, where, explained: x }: { of: Of; where: Where; explained: Explanation }) {
  const { t } = useI18n()
  const key = keyOf(where)
  const hop = x.hops.at(-1)
  return (
    <>
      <Item id={`${key}=`}>
        {x.value && (
          <span className="filled">
            <span className="hidden-text">{t('figures.filled')} </span>
            {x.value.filled}
          </span>
        )}
        {x.agrees !== undefined && (
          <span className={x.agrees ? 'tag good' : 'tag error'}>
            {t(x.agrees ? 'figures.agrees' : 'figures.differs')}
          </span>
        )}
        {hop && <span className="muted small">{t('figures.hop', { node: x.nodeName, ms: hop.tookMs })}</span>}
      </Item>
      {x.value && <Given of={of} where={where} value={x.value} org={x.enterprises[0]?.org} />}
    </>
  )
}

/** Given are the inputs of a value, each with what it rests on. */
function Given({
  of,
  where,
  value: v,
  org,
  inside = '',
}: {
  of: Of
  where: Where
  value: Value
  org?: string
  inside?: string
}) {
  const { t, n } = useI18n()
  return v.inputs.map((x) => {
    const id = `${keyOf(where)}?${inside}${x.key}`
    const opens = x.rests.length > 0 || x.below !== undefined
    return (
      <Item
        key={x.key}
        id={id}
        begin
        below={
          opens ? () => <Rests of={of} where={where} input={x} org={org} inside={`${inside}${x.key}.`} /> : undefined
        }
      >
        <span>{n(x.name)}</span>
        {x.number ? <Num of={x.number} /> : <span className="tag warning">{n(x.text)}</span>}
        <Graded grade={x.grade} />
        {x.outOf !== undefined && (
          <span className="muted small">{t('figures.days', { days: x.days ?? 0, of: x.outOf })}</span>
        )}
        {!opens && x.number && <span className="muted small">{t('figures.noRests')}</span>}
      </Item>
    )
  })
}

function Rests({
  of,
  where,
  input: x,
  org,
  inside,
}: {
  of: Of
  where: Where
  input: Input
  org?: string
  inside: string
}) {
  const { t, n } = useI18n()
  const more = x.more ?? 0
  return (
    <>
      {x.rests.map((r, i) => (
        <RestItem
          key={r.id ?? i}
          id={`${keyOf(where)}?${inside}${r.id ?? i}`}
          of={of}
          where={where}
          rest={r}
          org={org}
        />
      ))}
      {more > 0 && (
        <Item id={`${keyOf(where)}?${inside}+`}>
          <span className="muted">{t('figures.restMore', { n: more })}</span>
        </Item>
      )}
      {x.below && (
        <Item
          id={`${keyOf(where)}?${inside}below`}
          begin
          below={() => x.below && <Given of={of} where={where} value={x.below} org={org} inside={inside} />}
        >
          <span>{n(x.below.name)}</span>
          <span className="muted small">{x.below.period.label}</span>
          <span className="filled">{x.below.filled}</span>
        </Item>
      )}
    </>
  )
}

/** RestItem is one fact, machine, entry or check-up that an input rests on. */
function RestItem({ id, of, where, rest: r, org }: { id: string; of: Of; where: Where; rest: Rest; org?: string }) {
  const { t, lang } = useI18n()
  const name = r.title ?? r.id ?? t(`figures.kind.${r.kind}`)
  let opens: (() => React.ReactNode) | undefined
  if (r.kind === 'fact' && r.id) {
    const fact = r.id
    opens = () => (
      <FactItem
        id={id}
        of={of}
        where={where}
        fact={fact}
        revision={r.revision === undefined ? undefined : String(r.revision)}
      />
    )
  } else if (r.kind === 'machine' && (r.series?.length ?? 0) > 0) {
    opens = () => r.series?.map((s) => <SampleItem key={s} id={`${id}/${s}`} of={of} where={where} series={s} />)
  } else if (r.kind === 'series' && r.id) {
    const series = r.id
    opens = () => <SampleItem id={`${id}/${series}`} of={of} where={where} series={series} named />
  }
  return (
    <Item id={id} crumb={name} below={opens}>
      <span className="tag">{t(`figures.kind.${r.kind}`)}</span>
      <span>{name}</span>
      {r.value && <b>{grouped(lang, decimal(r.value))}</b>}
      {r.of !== undefined && <span className="muted small">{t('figures.days', { days: r.days ?? 0, of: r.of })}</span>}
      <span className={r.counts ? 'tag good' : 'tag'}>{t(r.counts ? 'figures.counts' : 'figures.countsNot')}</span>
      {r.kind === 'machine' && !opens && r.counts && <span className="muted small">{t('figures.noSeries')}</span>}
      <Page rest={r} org={org} />
    </Item>
  )
}

/** Page is the way to the thing's own page, where the organisation is one that may be seen here. */
function Page({ rest: r, org }: { rest: Rest; org?: string }) {
  const { orgs } = useHere()
  const { t } = useI18n()
  if (!r.id || !org || !orgs.some((o) => o.id === org)) return null
  const to = { fact: `facts/${r.id}`, machine: `m/${r.id}`, checkup: `checkup/${r.id}/result` }[r.kind as 'fact']
  return to ? (
    <Link className="small" to={`/o/${org}/${to}`} aria-label={`${t('figures.openPage')} ${r.title ?? ''}`}>
      {t('figures.openPage')}
    </Link>
  ) : null
}

function SampleItem({
  id,
  of,
  where,
  series,
  named = false,
}: {
  id: string
  of: Of
  where: Where
  series: string
  /** The machine is told too: it is not what was opened. */
  named?: boolean
}) {
  const { t, n, lang } = useI18n()
  const sample = useSample(of.figure, where, series)
  const s = sample.data
  if (sample.error && !s) return <Refused id={id} problem={sample.error} retry={() => void sample.refetch()} />
  return (
    <Item id={id} crumb={s && n(s.name)}>
      {!s ? (
        <span className="muted" role="status">
          {t('figures.loadingHop')}
        </span>
      ) : (
        <>
          {named && s.machine && <b>{n(s.machine)}</b>}
          <span>{n(s.name)}</span>
          {s.time ? (
            <>
              <b className="nowrap">
                <span className="hidden-text">{t('figures.lastReading')} </span>
                {valueText(lang, 'float64', told(s.value), t('yes'), t('no'))} {readableUnit(s.unit)}
              </b>
              {s.status && s.status !== 'Good' && <span className="tag warning">{s.status}</span>}
              <span
                className="muted small"
                title={s.received && t('figures.received', { at: dateTime(millis(s.received)) })}
              >
                {dateTime(millis(s.time))} · <Age of={millis(s.time)} />
              </span>
              {s.day && (
                <span className="muted small">
                  {t('figures.dayCover', { day: s.day, samples: s.samples, hours: covered(s) })}
                </span>
              )}
            </>
          ) : (
            <span className="tag warning">{t('figures.noReading')}</span>
          )}
        </>
      )}
    </Item>
  )
}

function FactItem({
  id,
  of,
  where,
  fact,
  revision,
}: {
  id: string
  of: Of
  where: Where
  fact: string
  revision?: string
}) {
  const { t, n, lang } = useI18n()
  const answer = useFactOf(of.figure, where, fact, revision)
  const f = answer.data
  const kinds = useKinds()
  const words = useWords()
  const fields = kinds.data?.find((k) => k.id === f?.kind)?.fields
  const textOf = (x: { key: string; text: string }) => {
    const field = fields?.find((y) => y.key === x.key)
    return field ? fieldText(field, given(field.type, x.text), words) : x.text
  }
  if (answer.error && !f) return <Refused id={`${id}f`} problem={answer.error} retry={() => void answer.refetch()} />
  return (
    <Item id={`${id}f`}>
      {!f ? (
        <span className="muted" role="status">
          {t('figures.loadingHop')}
        </span>
      ) : (
        <div className="stack" style={{ gap: 4, width: '100%' }}>
          <span>
            {n(f.kindName)} <Graded grade={f.grade} /> <span className="muted small">{f.source}</span>
          </span>
          <dl className="facts">
            {f.fields.map((x) => (
              <div key={x.key} style={{ display: 'contents' }}>
                <dt>{n(x.name)}</dt>
                <dd>{textOf(x)}</dd>
              </div>
            ))}
          </dl>
          {f.documents.length > 0 && (
            <span className="muted small">
              {t('figures.documents', { list: f.documents.join(lang === 'zh' ? '、' : ', ') })}
            </span>
          )}
          {(f.hidden ?? 0) > 0 && (
            <span className="muted small">{t('figures.hiddenFields', { n: f.hidden ?? 0 })}</span>
          )}
        </div>
      )}
    </Item>
  )
}
