import { DownloadOutlined } from '@ant-design/icons'
import { Button, Input, Segmented, Select } from 'antd'
import { useMemo } from 'react'
import { Link, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { date } from '../format/time'
import { useI18n, type I18n } from '../i18n'
import { figure } from '../targets/figure'
import { Clause, Coverage, Gap, Grading, Num, StandingTag, StatusTag, until, wanted } from '../targets/parts'
import { useProgress, useTargets, useValue, type Progress, type Status, type Target } from '../targets/queries'
import { periodBy } from '../targets/period'
import { save } from '../trend/csv'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable, type Column } from '../ui/table'
import '../fields/fields.css'
import '../targets/targets.css'

const statuses: Status[] = ['reached', 'on-track', 'behind', 'overdue', 'open', 'no-value', 'measured']

/** Days on which the periods of the policies end. */
const marked = ['2018-12-31', '2020-12-31']

/** TargetsPage is the board of targets: what policies want, what is so, and how far it is. */
export function TargetsPage() {
  const { org, at } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const [params, setParams] = useSearchParams()
  // eslint-disable-next-line react-hooks/purity -- the day on which the page is opened
  const today = date(Date.now())
  const on = params.get('on') ?? today
  const region = params.get('region') ?? ''
  const status = params.get('status') ?? ''
  const words = params.get('q') ?? ''
  const own = (params.get('view') ?? (org.home ? 'region' : 'own')) === 'own'
  const set = (key: string, value: string) =>
    setParams(
      (p) => {
        if (value) p.set(key, value)
        else p.delete(key)
        return p
      },
      { replace: true },
    )
  const targets = useTargets(on)
  const regions = useMemo(
    () => [...new Map((targets.data ?? []).map((x) => [x.region.code, x.region.name])).entries()],
    [targets.data],
  )
  const listed = (targets.data ?? []).filter((x) => (!region || x.region.code === region) && fits(x, words))
  const answers = useProgress(own ? [] : listed.map((x) => x.id), org.id, on)
  const progress = new Map(listed.map((x, i) => [x.id, answers[i]]))
  const shown = listed.filter((x) => own || !status || progress.get(x.id)?.data?.status === status)
  const done = answers.filter((a) => !a.isPending).length
  /** inForce is from when a policy holds; one that does not date itself says what is taken instead. */
  const inForce = (p: (typeof listed)[number]) => {
    const from = p.validFrom ?? ''
    const days = p.validTo ? t('targets.between', { from, to: p.validTo }) : from && t('targets.since', { from })
    return [days, n(p.validText)].filter(Boolean).join(' · ')
  }
  const policies = [...new Map(shown.map((x) => [x.policy, x])).values()]
  return (
    <>
      <PageHead title={t('targets.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {!own && (
          <Button
            icon={<DownloadOutlined aria-hidden />}
            disabled={listed.length === 0 || done < answers.length}
            onClick={() => save(csv(shown, progress, i18n), `targets-${on}.csv`)}
          >
            {t('targets.save')}
          </Button>
        )}
      </PageHead>
      <div className="stack">
        <section className="panel" aria-label={t('targets.on')}>
          <div className="filterbar" role="search" aria-label={t('targets.search')}>
            <Segmented
              aria-label={t('targets.view')}
              value={own ? 'own' : 'region'}
              onChange={(v) => set('view', v)}
              options={[
                { value: 'region', label: t('targets.view.region') },
                { value: 'own', label: t('targets.view.own') },
              ]}
            />
            <label title={t('targets.onHelp')}>
              {t('targets.on')}
              <Input
                type="date"
                value={on}
                max={today}
                onChange={(e) => set('on', e.target.value === today ? '' : e.target.value)}
              />
            </label>
            <span className="asof">
              {[...marked, ''].map((day) => (
                <Button
                  key={day}
                  size="small"
                  type={(day || today) === on ? 'primary' : 'default'}
                  onClick={() => set('on', day)}
                >
                  {day || t('targets.today')}
                </Button>
              ))}
            </span>
            <Select
              className="pick"
              aria-label={t('targets.region')}
              value={region}
              onChange={(v) => set('region', v)}
              options={[
                { value: '', label: t('targets.everyRegion') },
                ...regions.map(([value, name]) => ({ value, label: n(name) })),
              ]}
            />
            {!own && (
              <Select
                className="pick"
                aria-label={t('targets.status')}
                value={status}
                onChange={(v) => set('status', v)}
                options={[
                  { value: '', label: t('targets.every') },
                  ...statuses.map((value) => ({ value, label: t(`targets.state.${value}`) })),
                ]}
              />
            )}
            <Input
              className="search"
              allowClear
              aria-label={t('targets.search')}
              placeholder={t('targets.search')}
              value={words}
              onChange={(e) => set('q', e.target.value)}
            />
          </div>
          {!own && listed.length > 0 && (
            <dl className="figures dense counters">
              <Figure word="targets.total">{listed.length}</Figure>
              {statuses.map((s) => {
                const count = listed.filter((x) => progress.get(x.id)?.data?.status === s).length
                return count > 0 ? (
                  <div key={s}>
                    <dt>{t(`targets.state.${s}`)}</dt>
                    <dd>{count}</dd>
                  </div>
                ) : null
              })}
              {done < answers.length && (
                <div role="status" className="muted small">
                  {t('targets.working', { done, all: answers.length })}
                </div>
              )}
            </dl>
          )}
        </section>
        <Answer
          query={targets}
          rows={8}
          empty={(list) => list.length === 0 && <Blank title={t('targets.none')}>{t('targets.noneHelp')}</Blank>}
        >
          {() =>
            policies.length === 0 ? (
              <Blank title={t('targets.noneFit')} />
            ) : (
              policies.map((p) => (
                <section key={p.policy} className="panel" aria-label={n(p.policyName)}>
                  <header>
                    <h2>{n(p.policyName)}</h2>
                    <span className="tag">{n(p.region.name)}</span>
                    <span className="muted small">{inForce(p)}</span>
                  </header>
                  <DataTable label={n(p.policyName)} className="cards targets" columns={columns(own)}>
                    <tbody>
                      {shown
                        .filter((x) => x.policy === p.policy)
                        .map((x) => (
                          <Row key={x.id} of={x} on={on} own={own} answer={progress.get(x.id)} />
                        ))}
                    </tbody>
                  </DataTable>
                </section>
              ))
            )
          }
        </Answer>
      </div>
    </>
  )
}

const columns = (own: boolean): Column[] =>
  own
    ? ['targets.target', 'targets.wanted', 'targets.actual', 'targets.standing']
    : [
        'targets.target',
        'targets.wanted',
        'targets.actual',
        { num: 'targets.gap' },
        'targets.status',
        'targets.standing',
      ]

function fits(x: Target, words: string): boolean {
  const w = words.trim().toLowerCase()
  return !w || [x.id, x.name.zh, x.name.en, x.population.zh, x.population.en].some((s) => s?.toLowerCase().includes(w))
}

type Asked = ReturnType<typeof useProgress>[number]

function Row({ of: x, on, own, answer }: { of: Target; on: string; own: boolean; answer: Asked | undefined }) {
  const { at } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const p = answer?.data
  return (
    <tr data-target={x.id}>
      <th scope="row" className="name">
        <div>
          <Link to={at(`targets/${x.id}?on=${on}`)}>{n(x.name)}</Link>
          <div className="muted small">
            {x.id} · {n(x.population)}
            {x.indicator.of === 'enterprise' && <> · {t(`targets.reading.${x.reading as 'mean'}`)}</>}
          </div>
          <Clause of={x} />
        </div>
      </th>
      <td data-label={t('targets.wanted')} className="wanted">
        <b>{wanted(x, i18n)}</b>
        <div className="muted small">{until(x, i18n)}</div>
      </td>
      <td data-label={t('targets.actual')}>
        {own ? (
          <Own of={x} on={on} />
        ) : p ? (
          <Actual of={p} />
        ) : answer?.error ? (
          <Fault problem={answer.error} />
        ) : (
          <span className="muted">…</span>
        )}
      </td>
      {!own && (
        <>
          <td data-label={t('targets.gap')} className="num">
            <Gap of={p?.gap} />
          </td>
          <td data-label={t('targets.status')}>{p && <StatusTag status={p.status} />}</td>
        </>
      )}
      <td data-label={t('targets.standing')}>
        <StandingTag of={x.indicator} />
      </td>
    </tr>
  )
}

/** Actual is what is compared, with how far it is known and how well it is proved. */
function Actual({ of: p }: { of: Progress }) {
  const { n } = useI18n()
  return (
    <div>
      <div className="row wrap">
        {p.number ? <Num of={p.number} /> : <span className="muted">{n(p.reasonText)}</span>}
        <Grading grade={p.grade} />
      </div>
      <span className="muted small">{p.period.label} </span>
      <Coverage of={p.coverage} alone={p.indicator.of === 'region'} />
    </div>
  )
}

/** Own is the value of the enterprise itself. */
function Own({ of: x, on }: { of: Target; on: string }) {
  const { t } = useI18n()
  return x.indicator.of === 'region' ? (
    <span className="muted">{t('targets.onlyRegion')}</span>
  ) : (
    <OwnValue of={x} on={on} />
  )
}

function OwnValue({ of: x, on }: { of: Target; on: string }) {
  const { org, at } = useHere()
  const { n } = useI18n()
  const period = periodBy(x.indicator.period, on)
  const value = useValue(x.indicator.id, org.id, period, x.baseline)
  if (value.error) return <span className="muted">{value.error.message}</span>
  if (!value.data) return <span className="muted">…</span>
  const v = value.data
  return (
    <div>
      <div className="row wrap">
        <Link to={at(`indicators/${x.indicator.id}?period=${period}&baseline=${x.baseline ?? ''}`)}>
          {v.number ? <Num of={v.number} /> : n(v.missing[0]?.text)}
        </Link>
        <Grading grade={v.grade} />
      </div>
      <span className="muted small">{v.period.label}</span>
    </div>
  )
}

/** csv is the board as a table of texts, for a spreadsheet. */
function csv(list: Target[], progress: Map<string, Asked | undefined>, i18n: I18n): Blob {
  const { t, n, lang } = i18n
  const rows = [
    (
      [
        'targets.region',
        'targets.target',
        'targets.population',
        'targets.wanted',
        'targets.actual',
        'targets.unit',
        'targets.gap',
        'targets.status',
        'targets.period',
        'targets.coverage',
        'targets.grade',
        'targets.clause',
      ] as const
    ).map((k) => t(k)),
    ...list.map((x) => {
      const p = progress.get(x.id)?.data
      return [
        n(x.region.name),
        `${x.id} ${n(x.name)}`,
        n(x.population),
        `${wanted(x, i18n)} ${until(x, i18n)}`,
        p?.number?.value ?? n(p?.reasonText),
        x.unit,
        p?.gap ? figure(lang, p.gap.value, p.gap.unit) : '',
        p ? t(`targets.state.${p.status}`) : '',
        p?.period.label ?? '',
        p ? t('targets.known', { known: p.coverage.known, of: p.coverage.of }) : '',
        p?.grade ?? '',
        x.clause.quote,
      ]
    }),
  ]
  const text = rows.map((r) => r.map((c) => `"${c.replaceAll('"', '""')}"`).join(',')).join('\r\n')
  return new Blob([`\ufeff${text}\r\n`], { type: 'text/csv;charset=utf-8' })
}
