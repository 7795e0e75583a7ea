import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Input } from 'antd'
import { Fragment, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { date } from '../format/time'
import { useI18n } from '../i18n'
import { CourseChart } from '../region/course'
import { Explained, Explanation } from '../targets/explain'
import { figure } from '../targets/figure'
import {
  Clause,
  Gap,
  Grading,
  Num,
  StandingTag,
  standingHelp,
  StatusTag,
  until,
  wanted,
  readingKey,
} from '../targets/parts'
import { useIndicator, useTarget, type Firm, type Missing, type Progress, type Reading } from '../targets/queries'
import { Serving } from '../tasks/effects'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../region/region.css'
import '../targets/targets.css'

/** Periods before the last one that are worked out for the trajectory. */
const past = 3

/** TargetPage is one target of a region: where it stands, why, and down to what it rests on. */
export function TargetPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  // eslint-disable-next-line react-hooks/purity -- the day on which the page is opened
  const today = date(Date.now())
  const on = params.get('on') ?? today
  const target = useTarget(id, org.id, on, past)
  const p = target.data
  return (
    <>
      <PageHead
        title={p ? n(p.name) : id}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('targets.title'), to: at(`targets?on=${on}`) },
        ]}
        after={
          p && (
            <>
              <StatusTag status={p.status} />
              <StandingTag of={p.indicator} />
            </>
          )
        }
      >
        <label className="row" title={t('targets.onHelp')}>
          {t('targets.on')}
          <Input
            type="date"
            value={on}
            max={today}
            style={{ width: 'auto' }}
            onChange={(e) => e.target.value && setParams({ on: e.target.value }, { replace: true })}
          />
        </label>
      </PageHead>
      <Answer query={target} rows={10}>
        {(x) => (
          <div className="stack">
            <Head of={x} />
            <div className="columns twocol">
              <div className="stack">
                {x.indicator.of === 'region' && x.single && (
                  <section className="panel" aria-label={t('targets.explain')}>
                    <header>
                      <h2>{t('targets.explain')}</h2>
                    </header>
                    <div className="body">
                      <Explanation of={x.single} org={org.id} />
                    </div>
                  </section>
                )}
                {x.indicator.of === 'enterprise' && <Firms of={x} />}
                {x.also.length > 0 && <Beside of={x} />}
              </div>
              <div className="stack">
                <Weak of={x} />
                <Lacking list={x.missing} region={x.indicator.of === 'region'} />
                <Readings of={x} />
                {x.past.length > 0 && <Trajectory of={x} />}
                <Serving target={x.id} />
                <Assumed of={x} />
              </div>
            </div>
          </div>
        )}
      </Answer>
    </>
  )
}

function Head({ of: x }: { of: Progress }) {
  const i18n = useI18n()
  const { t, n } = i18n
  const c = x.coverage
  return (
    <section className="panel targethead" aria-label={t('targets.target')}>
      <div className="body stack">
        <dl className="figures">
          <Figure word="targets.actual">
            {x.number ? (
              <span className="big">
                <Num of={x.number} />
              </span>
            ) : (
              <span className="tag warning">{n(x.reasonText)}</span>
            )}
          </Figure>
          <Figure word="targets.wanted">
            {wanted(x, i18n)} <small className="nowrap">{until(x, i18n)}</small>
          </Figure>
          <Figure word="targets.gap">
            <Gap of={x.gap} />
          </Figure>
          <Figure word="targets.period">{x.period.label}</Figure>
          {x.baseline && <Figure word="targets.baseline">{x.baseline}</Figure>}
          {x.base && (
            <Figure word="targets.base">
              <Num of={x.base} />
            </Figure>
          )}
          {x.indicator.of === 'enterprise' && (
            <Figure word="targets.coverage">
              {t('targets.known', { known: c.known, of: c.of })}{' '}
              {c.outOf !== undefined && <small>{t('targets.days', { days: c.days ?? 0, of: c.outOf })}</small>}
            </Figure>
          )}
          <Figure word="targets.grade">
            <span title={t('targets.gradeHelp')}>{x.grade ? <Grading grade={x.grade} /> : '–'}</span>
          </Figure>
          <Figure word="targets.path">{x.path ? <Num of={x.path} /> : <small>{n(x.noPath) || '–'}</small>}</Figure>
          <Figure word="targets.forecast">
            {x.forecast ? <Num of={x.forecast} /> : <small>{n(x.noForecast) || '–'}</small>}
          </Figure>
        </dl>
        <p className="muted">
          {x.id} · {n(x.region.name)} · {n(x.policyName)} · {t('targets.population')}: {n(x.population)}
          {x.members && <> · {t('targets.members', { n: x.members.members })}</>}
          {(x.members?.doubles ?? 0) > 0 && <> · {t('targets.doubles', { n: x.members?.doubles ?? 0 })}</>}
          {(x.members?.unplaced ?? 0) > 0 && <> · {t('targets.unplaced', { n: x.members?.unplaced ?? 0 })}</>}
        </p>
        <Clause of={x} open />
      </div>
    </section>
  )
}

/** Firms are the enterprises below a figure, each with its value or with what is missing. */
function Firms({ of: x }: { of: Progress }) {
  const { at } = useHere()
  const { t } = useI18n()
  return (
    <section className="panel" aria-label={t('targets.enterprises')}>
      <header>
        <h2>{t('targets.enterprises')}</h2>
      </header>
      {x.enterprises.length === 0 ? (
        <Blank
          title={t('targets.noEnterprises')}
          actions={<Link to={at('registers/enterprises')}>{t('targets.toRegister')}</Link>}
        >
          {t('targets.noEnterprisesHelp')}
        </Blank>
      ) : (
        <DataTable
          label={t('targets.enterprises')}
          className="cards targets"
          columns={['targets.enterprise', { num: 'targets.actual' }, 'targets.filled', 'targets.grade']}
        >
          <tbody>
            {x.enterprises.map((f) => (
              <FirmRow key={f.entry} firm={f} of={x} />
            ))}
          </tbody>
        </DataTable>
      )}
      {(x.more ?? 0) > 0 && <p className="body muted">{t('targets.moreEnterprises', { n: x.more ?? 0 })}</p>}
    </section>
  )
}

function FirmRow({ firm: f, of: x }: { firm: Firm; of: Progress }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const [open, setOpen] = useState(false)
  const counted = x.reading === 'share' || x.reading === 'distinct'
  return (
    <Fragment>
      <tr>
        <th scope="row" className="name">
          <div className="row">
            {f.org && (
              <Button
                type="text"
                size="small"
                aria-expanded={open}
                aria-label={t(open ? 'targets.hide' : 'targets.show', { name: f.name })}
                icon={open ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}
                onClick={() => setOpen(!open)}
              />
            )}
            <div>
              <Link to={at(`registers/enterprises/${f.entry}`)}>{f.name}</Link>
              <div className="muted small">{f.code}</div>
            </div>
          </div>
        </th>
        <td data-label={t('targets.actual')} className="num">
          {f.number && !counted && <Num of={f.number} />}
          {counted && f.holds !== undefined && (
            <span className={f.holds ? 'tag good' : 'tag'}>{t(f.holds ? 'targets.counts' : 'targets.countsNot')}</span>
          )}
          {(counted ? f.holds === undefined : !f.number) && (
            <span className="tag warning">{f.org ? n(f.missing[0]?.text) : t('targets.notHere')}</span>
          )}
        </td>
        <td data-label={t('targets.filled')} className="filled">
          {f.filled}
        </td>
        <td data-label={t('targets.grade')}>
          <Grading grade={f.grade} />
        </td>
      </tr>
      {open && f.org && (
        <tr className="explainrow">
          <td colSpan={4} data-label="">
            <Explained id={x.indicator.id} org={f.org} period={x.period.label} baseline={x.baseline} />
          </td>
        </tr>
      )}
    </Fragment>
  )
}

/** Weak are the links by which a figure would break first. */
function Weak({ of: x }: { of: Progress }) {
  const { t, n } = useI18n()
  const c = x.coverage
  const links = [
    x.grade === 'E0' || x.grade === 'E1' ? t('targets.weakGrade', { grade: x.grade }) : '',
    c.of > c.known && x.indicator.of === 'enterprise' ? t('targets.weakKnown', { n: c.of - c.known }) : '',
    c.outOf !== undefined && (c.days ?? 0) < c.outOf ? t('targets.weakDays', { days: c.days ?? 0, of: c.outOf }) : '',
    ...x.missing
      .slice(0, 3)
      .map(
        (m) =>
          `${n(m.name)}: ${n(m.text)}${m.enterprises > 0 ? ` (${t('targets.lacking', { n: m.enterprises })})` : ''}`,
      ),
  ].filter(Boolean)
  return (
    <section className="panel" aria-label={t('targets.weak')}>
      <header>
        <h2>{t('targets.weak')}</h2>
      </header>
      <div className="body">
        {links.length === 0 ? (
          <p className="muted">{t('targets.weakNone')}</p>
        ) : (
          <ul className="plainlist dots">
            {links.map((l) => (
              <li key={l}>{l}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}

function Lacking({ list, region }: { list: Missing[]; region: boolean }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('targets.missing')}>
      <header>
        <h2>{t('targets.missing')}</h2>
      </header>
      {list.length === 0 ? (
        <p className="body muted">{t('targets.allKnown')}</p>
      ) : (
        <DataTable
          label={t('targets.missing')}
          columns={
            region
              ? ['targets.input', 'targets.reason']
              : ['targets.input', 'targets.reason', { num: 'targets.enterprises' }]
          }
        >
          <tbody>
            {list.map((m) => (
              <tr key={m.input + m.reason}>
                <td>{n(m.name)}</td>
                <td>{n(m.text)}</td>
                {!region && <td className="num">{m.enterprises}</td>}
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}

function ReadingRows({ list, compared }: { list: Reading[]; compared?: string }) {
  const { t, n } = useI18n()
  return (
    <tbody>
      {list.map((r) => (
        <tr key={r.how}>
          <th scope="row">
            {t(readingKey(r.how))} {r.how === compared && <span className="tag info">{t('targets.compared')}</span>}
          </th>
          <td className="num">{r.number ? <Num of={r.number} /> : <span className="muted">{n(r.text)}</span>}</td>
          <td className="num">{t('targets.known', { known: r.known, of: r.of })}</td>
        </tr>
      ))}
    </tbody>
  )
}

/** Readings are what else can be told of the same enterprises; one of them is compared. */
function Readings({ of: x }: { of: Progress }) {
  const { t } = useI18n()
  if (x.indicator.of === 'region') return null
  return (
    <section className="panel" aria-label={t('targets.readings')}>
      <header>
        <h2>{t('targets.readings')}</h2>
      </header>
      <DataTable
        label={t('targets.readings')}
        columns={['targets.readings', { num: 'targets.actual' }, { num: 'targets.coverage' }]}
      >
        <ReadingRows list={x.readings} compared={x.reading} />
      </DataTable>
    </section>
  )
}

function Trajectory({ of: x }: { of: Progress }) {
  const { t } = useI18n()
  return (
    <section className="panel" aria-label={t('targets.trajectory')}>
      <header>
        <h2>{t('targets.trajectory')}</h2>
      </header>
      <div className="body">
        <CourseChart of={x} />
      </div>
    </section>
  )
}

/** Beside are further indicators of the same clause. */
function Beside({ of: x }: { of: Progress }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('targets.beside')}>
      <header>
        <h2>{t('targets.beside')}</h2>
      </header>
      {x.also.map((b) => (
        <DataTable
          key={b.indicator.id}
          label={n(b.indicator.name)}
          columns={['targets.beside', { num: 'targets.actual' }, { num: 'targets.coverage' }]}
        >
          <tbody>
            <tr>
              <th scope="rowgroup" colSpan={3} className="underlined">
                <Link to={at(`indicators/${b.indicator.id}`)}>{n(b.indicator.name)}</Link>{' '}
                <span className="muted small">{b.period.label}</span> <Grading grade={b.grade} />
              </th>
            </tr>
          </tbody>
          <ReadingRows list={b.readings} />
        </DataTable>
      ))}
    </section>
  )
}

/** Assumed is everything about a figure that no policy says and we have chosen. */
function Assumed({ of: x }: { of: Progress }) {
  const { at } = useHere()
  const i18n = useI18n()
  const { t, n, lang } = i18n
  const indicator = useIndicator(x.indicator.id)
  const d = indicator.data
  return (
    <section className="panel" aria-label={t('targets.assumptions')}>
      <header>
        <h2>{t('targets.assumptions')}</h2>
        <div className="actions">
          <Link to={at(`indicators/${x.indicator.id}`)}>{t('targets.definition')}</Link>
        </div>
      </header>
      <div className="body stack">
        {d && (
          <p className="filled">
            <span className="hidden-text">{t('targets.formula')} </span>
            {n(d.name)} = {d.formula}
          </p>
        )}
        <ul className="plainlist dots">
          {[...x.notes, ...(d?.assumptions ?? [])].map((a) => (
            <li key={a.en}>{n(a)}</li>
          ))}
          <li>{standingHelp(x.indicator, i18n)}</li>
          {d && d.suppress > 0 && <li>{t('targets.suppressed', { n: figure(lang, String(d.suppress), '1') })}</li>}
        </ul>
        {x.members && (
          <p className="muted small">
            {t('targets.hash')}: <code title={x.members.hash}>{x.members.hash.slice(0, 16)}</code> · {x.members.day}
          </p>
        )}
      </div>
    </section>
  )
}
