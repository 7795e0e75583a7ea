import { Button } from 'antd'
import { useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { AsOf, AsSeen } from '../figures/asof'
import { changeOf } from '../figures/board'
import { Tree } from '../figures/explaintree'
import { Graded, Marks, SealTag } from '../figures/marks'
import { EnterDialog, ManualTable } from '../figures/manual'
import { populationWords } from '../figures/population'
import { useExplained, useFigure, type FigureDetail } from '../figures/queries'
import { Verify } from '../figures/verify'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { figure } from '../targets/figure'
import { Coverage, Num, readingKey } from '../targets/parts'
import { useIndicator } from '../targets/queries'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../targets/targets.css'
import '../figures/figures.css'

/** FigurePage is one figure: what it came to, how, what it is weakest by, what it was before, and the way down to what it rests on. */
export function FigurePage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const asOf = params.get('asOf') ?? ''
  const answer = useFigure(id, asOf)
  const f = answer.data
  const back = at(`figures${asOf ? `?asOf=${encodeURIComponent(asOf)}` : ''}`)
  return (
    <>
      <PageHead
        title={f ? `${n(f.name)} · ${f.period.label}` : t('figures.one')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('figures.title'), to: back },
        ]}
        after={
          f && (
            <>
              {f.seal && <SealTag state={f.seal.state} />}
              <Marks of={f} />
            </>
          )
        }
      >
        <AsOf value={asOf} onChange={(v) => setParams(v ? { asOf: v } : {}, { replace: true })} />
        {f && <Beside of={f} />}
        {f && <Verify of={f} />}
      </PageHead>
      <AsSeen of={asOf} />
      <Answer query={answer} rows={10}>
        {(x) => (
          <div className="stack">
            <Head of={x} />
            <div className="columns twocol">
              <div className="stack">
                <section className="panel" aria-label={t('figures.explain')}>
                  <header>
                    <h2>{t('figures.explain')}</h2>
                  </header>
                  <Tree figure={x.id} asOf={asOf} name={n(org.name)} />
                </section>
                {x.manual.length > 0 && (
                  <section className="panel" aria-label={t('figures.beside')}>
                    <header>
                      <h2>{t('figures.beside')}</h2>
                    </header>
                    <ManualTable list={x.manual} label={t('figures.beside')} />
                  </section>
                )}
              </div>
              <div className="stack">
                <Weak of={x} asOf={asOf} />
                <Readings of={x} />
                <Missing of={x} />
                <Revisions of={x} />
                <Basis of={x} />
              </div>
            </div>
          </div>
        )}
      </Answer>
    </>
  )
}

function Head({ of: f }: { of: FigureDetail }) {
  const i18n = useI18n()
  const { t, n } = i18n
  const indicator = useIndicator(f.indicator)
  const main = f.readings[0]
  return (
    <section className="panel figurehead" aria-label={t('figures.one')}>
      <div className="body stack">
        <dl className="figures">
          <div>
            <dt>{main ? t(readingKey(main.how)) : t('figures.value')}</dt>
            <dd>
              {main?.number ? (
                <span className="big">
                  <Num of={main.number} />
                </span>
              ) : (
                <span className="tag warning">{n(main?.text) || t('figures.notKnown')}</span>
              )}
            </dd>
          </div>
          <Figure word="figures.period">
            {f.period.label} {f.baseline && <small>~ {f.baseline}</small>}
          </Figure>
          <Figure word="figures.population">
            <small>{populationWords(f.filter, i18n)}</small>
          </Figure>
          <Figure word="figures.coverage">
            <Coverage of={f.coverage} alone={indicator.data?.of === 'region'} />
          </Figure>
          <Figure word="figures.grade">{f.grade ? <Graded grade={f.grade} /> : '–'}</Figure>
          <Figure word="figures.written">
            {t('figures.revision', { n: f.revision })} <small className="nowrap">{dateTime(millis(f.at))}</small>
          </Figure>
          <Figure word="figures.watermark">
            <small className="nowrap">{dateTime(millis(f.watermark))}</small>
          </Figure>
        </dl>
        {f.superseded && <p className="muted">{t('figures.superseded', { at: dateTime(millis(f.superseded)) })}</p>}
        {f.parts
          .filter((p) => p.sealed)
          .map((p) => (
            <p key={p.source} className="muted">
              {n(p.name)} ·{' '}
              {p.later
                ? t('figures.handed.sealedLater', { at: dateTime(millis(p.later)) })
                : t('figures.handed.sealed')}
            </p>
          ))}
        {indicator.data && <Formula of={f} formula={indicator.data.formula} />}
      </div>
    </section>
  )
}

/** Formula is how the value is worked out; of what is counted once, and of one enterprise, with its numbers. */
function Formula({ of: f, formula }: { of: FigureDetail; formula: string }) {
  const { t, n, lang } = useI18n()
  const explained = useExplained(f.id, '', { via: [] })
  const value = explained.data?.pages[0]?.value
  const main = f.readings[0]
  return (
    <p className="filled">
      <span className="hidden-text">{t('figures.formula')} </span>
      {n(f.name)} = {formula}
      {value && (
        <>
          {' = '}
          <span className="hidden-text">{t('figures.filled')} </span>
          {value.filled}
        </>
      )}
      {!value && main?.number && (
        <>
          {' → '}
          {t(readingKey(main.how))} ({t('figures.known', { known: main.known, of: main.of })}) ={' '}
          {figure(lang, main.number.value, main.number.unit)}
        </>
      )}
    </p>
  )
}

/** Weak are the links by which the figure would break first, as the node weighs them. */
function Weak({ of: f, asOf }: { of: FigureDetail; asOf: string }) {
  const { t, n } = useI18n()
  const explained = useExplained(f.id, asOf, { via: [] })
  const list = explained.data?.pages[0]?.weakest
  if (explained.error) return null // the tree tells why
  return (
    <section className="panel" aria-label={t('figures.weak')}>
      <header>
        <h2>{t('figures.weak')}</h2>
      </header>
      <div className="body">
        {list?.length === 0 && <p className="muted">{t('figures.weakNone')}</p>}
        <ul className="plainlist">
          {list?.map((w, i) => (
            <li key={i}>
              <span className={w.kind === 'isolated' || w.kind === 'differs' ? 'tag error' : 'tag warning'}>
                {t(`figures.weak.${w.kind}`)}
              </span>{' '}
              {n(w.text)}
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

function Readings({ of: f }: { of: FigureDetail }) {
  const { t, n } = useI18n()
  if (f.readings.length < 2) return null
  return (
    <section className="panel" aria-label={t('figures.readings')}>
      <header>
        <h2>{t('figures.readings')}</h2>
      </header>
      <DataTable
        label={t('figures.readings')}
        columns={['figures.reading', { num: 'figures.value' }, { num: 'figures.coverage' }]}
      >
        <tbody>
          {f.readings.map((r) => (
            <tr key={r.how}>
              <th scope="row">{t(readingKey(r.how))}</th>
              <td className="num">{r.number ? <Num of={r.number} /> : <span className="muted">{n(r.text)}</span>}</td>
              <td className="num">{t('figures.known', { known: r.known, of: r.of })}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}

function Missing({ of: f }: { of: FigureDetail }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('figures.missing')}>
      <header>
        <h2>{t('figures.missing')}</h2>
      </header>
      {f.missing.length === 0 ? (
        <p className="body muted">{t('figures.allKnown')}</p>
      ) : (
        <DataTable
          label={t('figures.missing')}
          columns={['figures.input', 'figures.reason', { num: 'figures.enterprises' }]}
        >
          <tbody>
            {f.missing.map((m) => (
              <tr key={m.input + m.reason}>
                <td>{n(m.name)}</td>
                <td>{n(m.text)}</td>
                <td className="num">{m.enterprises}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}

/** Revisions are what the figure was, each with what changed; each can be looked at as it was seen then. */
function Revisions({ of: f }: { of: FigureDetail }) {
  const { at } = useHere()
  const { t, lang } = useI18n()
  return (
    <section className="panel" aria-label={t('figures.revisions')}>
      <header>
        <h2>{t('figures.revisions')}</h2>
      </header>
      <DataTable label={t('figures.revisions')} className="roomy" columns={['figures.when', 'figures.what']}>
        <tbody>
          {f.revisions.map((r, i) => {
            const before = f.revisions[i + 1]?.reading
            const now = r.reading
            const of = (x: typeof now) => x && { value: x.number?.exact, known: x.known, of: x.of }
            const shown = (x: typeof now) => (x?.number ? figure(lang, x.number.value, x.number.unit) : '–')
            const change = r.revision === '1' ? 'first' : changeOf(of(now) ?? {}, of(before) ?? {})
            const words =
              change === 'coverage'
                ? { before: before?.known ?? 0, now: now?.known ?? 0 }
                : { before: shown(before), now: shown(now) }
            return (
              <tr key={r.revision}>
                <th scope="row">
                  <Link to={at(`figures/${f.id}?asOf=${encodeURIComponent(r.at)}`)}>{dateTime(millis(r.at))}</Link>
                  <div className="muted small">
                    {t('figures.revision', { n: r.revision })}
                    {r.revision === f.revision && <> · {t('figures.shown')}</>}
                  </div>
                </th>
                <td className="words">
                  {t(`figures.change.${change}`, words)}
                  {change !== 'value' && <div className="muted small">{shown(now)}</div>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
    </section>
  )
}

/** Basis is who it is of, and the hashes by which it can be found again. */
function Basis({ of: f }: { of: FigureDetail }) {
  const { at } = useHere()
  const { t } = useI18n()
  const p = f.population
  const hash = (h: string) => <code title={h}>{h.slice(0, 16)}</code>
  return (
    <section className="panel" aria-label={t('figures.basis')}>
      <header>
        <h2>{t('figures.basis')}</h2>
        <div className="actions">
          <Link to={at(`indicators/${f.indicator}`)}>{t('figures.definition')}</Link>
        </div>
      </header>
      <div className="body">
        <dl className="facts">
          <dt>{t('figures.key')}</dt>
          <dd>
            <code>{f.key}</code>
          </dd>
          {p && (
            <>
              <dt>{t('figures.population')}</dt>
              <dd>
                {t('figures.members', { n: p.members })} · {p.day} · {hash(p.hash)}
                {p.doubles > 0 && <div className="muted small">{t('figures.doubles', { n: p.doubles })}</div>}
                {p.unplaced > 0 && <div className="muted small">{t('figures.unplaced', { n: p.unplaced })}</div>}
              </dd>
            </>
          )}
          <dt>{t('figures.definition')}</dt>
          <dd>
            {f.definition.version} {hash(f.definition.hash)}
          </dd>
          <dt>{t('figures.hash')}</dt>
          <dd>{hash(f.hash)}</dd>
        </dl>
      </div>
    </section>
  )
}

function Beside({ of: f }: { of: FigureDetail }) {
  const { may } = useHere()
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  if (!may('configure')) return null
  const main = f.readings[0]
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('figures.enter')}</Button>
      {open && (
        <EnterDialog
          beside={{
            indicator: f.indicator,
            filter: f.filter,
            kind: f.period.kind,
            period: f.period.label,
            baseline: f.baseline,
            reading: main?.how,
            unit: main?.number?.unit,
          }}
          filters={[f.filter]}
          close={() => setOpen(false)}
        />
      )}
    </>
  )
}
