import { App, Button, Input, Radio, Tag } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { Explanation } from '../support/explain'
import { useDo, useMeasureName } from '../support/filed'
import { Question } from '../support/question'
import { supportKeys, total, useOpinion, type Opinion, type Outcome } from '../support/queries'
import { useQueryClient } from '@tanstack/react-query'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'
import '../support/support.css'

/** InquiryPage is one project: question by question, with what it can get at once, and why. */
export function InquiryPage() {
  const { id = '' } = useParams()
  const opinion = useOpinion(id)
  return <Answer query={opinion}>{(o) => <Asked key={o.inquiry.id} o={o} />}</Answer>
}

function Asked({ o }: { o: Opinion }) {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const client = useQueryClient()
  const refreshed = useRefreshed()
  const [busy, setBusy] = useState(false)
  const [skipped, setSkipped] = useState<string[]>([])
  const [changing, setChanging] = useState<string>()
  const mine = may('configure')
  const send = async (change: Record<string, unknown>) => {
    setBusy(true)
    try {
      const next = await post<Opinion>(`/support/inquiries/${o.inquiry.id}/answers`, {
        basis: o.inquiry.revision,
        ...change,
      })
      client.setQueryData(supportKeys.opinion(o.inquiry.id), next)
      setChanging(undefined)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error([e.message, ...e.faults.map((f) => f.message)].join(' '))
      await refreshed(supportKeys.opinion(o.inquiry.id))
    } finally {
      setBusy(false)
    }
  }
  const answer = (fact: string, v: unknown) => void send({ answers: { [fact]: v } })
  const keep = async () => {
    try {
      await post(`/support/inquiries/${o.inquiry.id}/results`)
      void message.success(t('support.kept', { hash: o.hash.slice(0, 12) }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const ask = o.asks.find((a) => !skipped.includes(a.fact)) ?? o.asks[0]
  const sum = total(o.report)
  const others = o.report.totals.filter((x) => x.instrument !== 'grant' && x.ifProven !== '0')
  return (
    <>
      <PageHead
        title={o.inquiry.name}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('support.title'), to: at('support') },
        ]}
      >
        {mine && <Button onClick={() => void keep()}>{t('support.keep')}</Button>}
        <Button onClick={() => window.print()}>{t('support.print')}</Button>
      </PageHead>
      <section className="panel support-sum" aria-label={t('support.sum')} aria-live="polite">
        <div>
          <div className="muted">{t('support.sure')}</div>
          <div className="big">
            {money(lang, sum.granted)} {t('support.yuan')}
          </div>
        </div>
        <div>
          <div className="muted">{t('support.ifProven')}</div>
          <div className="big">
            {money(lang, sum.ifProven)} {t('support.yuan')}
          </div>
        </div>
        {others.map((x) => (
          <div key={x.instrument}>
            <div className="muted">{t('support.other', { kind: t(`support.instrument.${x.instrument}` as Key) })}</div>
            <div className="big">
              {money(lang, x.ifProven)} {t('support.yuan')}
            </div>
          </div>
        ))}
        <div className="muted" style={{ flexBasis: '100%' }}>
          {t('support.asOf', { day: o.day })}
          {!o.registered && ` · ${t('support.notRegistered')}`}
        </div>
        {mine && (
          <label className="noprint">
            {t('support.filedOn')}{' '}
            <Input
              type="date"
              style={{ width: 160 }}
              value={o.inquiry.day ?? ''}
              onChange={(e) => void send({ day: e.target.value })}
            />
          </label>
        )}
      </section>
      {mine && ask && (
        <section className="panel noprint" aria-label={t('support.question')}>
          <Question key={ask.fact} ask={ask} busy={busy} send={(v) => answer(ask.fact, v)} />
          <div className="formrow">
            <span className="muted grow">{t('support.left', { n: o.asks.length })}</span>
            {o.asks.length > 1 && (
              <Button
                type="link"
                onClick={() => setSkipped(skipped.length + 1 >= o.asks.length ? [] : [...skipped, ask.fact])}
              >
                {t('support.later')}
              </Button>
            )}
          </div>
        </section>
      )}
      <Choices o={o} choose={(group, measure) => void send({ chosen: { [group]: measure } })} />
      <Outcomes o={o} />
      {o.needs.length > 0 && (
        <section className="panel" aria-label={t('support.needs')}>
          <header>
            <h2>{t('support.needs')}</h2>
          </header>
          <ul className="plainlist">
            {o.needs.map((x) => (
              <li key={x.fact}>
                <b>{n(x.name)}</b>{' '}
                <span className="muted">{t('support.grades', { have: x.have ?? 'E0', need: x.need })}</span>
                <p>{n(x.evidence)}</p>
                {n(x.help) && <p className="muted">{n(x.help)}</p>}
                {x.kind && <Link to={at(`facts?kind=${x.kind}`)}>{t('support.enterFact')}</Link>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {o.known.length > 0 && (
        <section className="panel" aria-label={t('support.known')}>
          <header>
            <h2>{t('support.known')}</h2>
          </header>
          <ul className="plainlist">
            {o.known.map((k) => (
              <li key={k.fact}>
                <div className="row wrap">
                  <span className="grow">
                    {n(k.name)}：<b>{n(k.shown)}</b>
                  </span>
                  <Tag>{t(`support.source.${k.source}` as Key)}</Tag>
                  {mine && (
                    <Button size="small" onClick={() => setChanging(changing === k.fact ? undefined : k.fact)}>
                      {t('support.change')}
                    </Button>
                  )}
                </div>
                {k.declared !== undefined && <p className="muted">{t('support.differs')}</p>}
                {changing === k.fact && (
                  <>
                    <Question
                      ask={k.ask}
                      value={k.source === 'answer' ? k.value : k.declared}
                      busy={busy}
                      send={(v) => answer(k.fact, v)}
                    />
                    {k.source === 'answer' && (
                      <Button type="link" onClick={() => answer(k.fact, null)}>
                        {t('support.takeBack')}
                      </Button>
                    )}
                  </>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <p className="muted" style={{ overflowWrap: 'anywhere' }}>
        <small>
          {t('support.hashes', { packs: o.packs.slice(0, 16), facts: o.facts.slice(0, 16), hash: o.hash.slice(0, 16) })}
        </small>
      </p>
    </>
  )
}

function Choices({ o, choose }: { o: Opinion; choose: (group: string, measure: string) => void }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const chosen = o.inquiry.chosen
  const groups = (o.report.groups ?? []).filter(
    (g) => g.rule === 'choice' && ((g.open?.length ?? 0) > 1 || chosen[g.group]),
  )
  if (groups.length === 0 || !may('configure')) return null
  const name = (id: string) => n(o.report.outcomes.find((x) => x.measure === id)?.name)
  return (
    <section className="panel" aria-label={t('support.choose')}>
      <header>
        <h2>{t('support.choose')}</h2>
      </header>
      {groups.map((g) => (
        <div key={g.group} className="question">
          <Radio.Group
            className="choices"
            value={chosen[g.group]}
            onChange={(e) => choose(g.group, String(e.target.value))}
            options={[
              ...new Set([
                ...(g.open ?? []),
                ...(g.paid ? [g.paid] : []),
                ...(chosen[g.group] ? [chosen[g.group] ?? ''] : []),
              ]),
            ].map((id) => ({
              value: id,
              label: name(id),
            }))}
          />
        </div>
      ))}
    </section>
  )
}

const kinds = ['get', 'prove', 'ask', 'text', 'no'] as const

function kindOf(x: Outcome): (typeof kinds)[number] {
  if (x.declared === 'false') return 'no'
  if (x.notCalculable?.zh) return x.declared === 'true' ? 'text' : 'ask'
  if (x.eligible === 'true' && x.amount !== undefined) return 'get'
  if (x.declared === 'true' && x.ifProven !== undefined) return 'prove'
  return 'ask'
}

function Outcomes({ o }: { o: Opinion }) {
  const { t } = useI18n()
  return (
    <>
      {kinds.map((kind) => {
        const list = o.report.outcomes.filter((x) => kindOf(x) === kind)
        if (list.length === 0) return null
        const body = (
          <div className="outcomes">
            {list.map((x) => (
              <One key={x.measure} o={o} x={x} />
            ))}
          </div>
        )
        return (
          <section key={kind} className="panel" aria-label={t(`support.kind.${kind}`)}>
            <h2>
              {t(`support.kind.${kind}`)} <span className="muted">{list.length}</span>
            </h2>
            {kind === 'get' || kind === 'prove' ? (
              body
            ) : (
              <details>
                <summary style={{ padding: '8px 16px' }}>{t('support.show')}</summary>
                {body}
              </details>
            )}
          </section>
        )
      })}
    </>
  )
}

function One({ o, x }: { o: Opinion; x: Outcome }) {
  const { may } = useHere()
  const { t, n, lang } = useI18n()
  const { busy, work } = useDo()
  const { message } = App.useApp()
  const named = useMeasureName()
  const amount = x.granted ?? x.ifProven
  const lost =
    x.reason !== 'granted' && x.reason !== 'pending' && x.reason !== 'not-calculable' && x.reason !== 'not-eligible'
  return (
    <details>
      <summary>
        <span className="grow">{n(x.name)}</span>
        {amount !== undefined && (
          <b className="nowrap">
            {money(lang, amount)} {t('support.yuan')}
          </b>
        )}
      </summary>
      {lost && (
        <p>
          <Tag color="warning">{t(`support.reason.${x.reason}` as Key)}</Tag> {x.by && named(x.by)}
        </p>
      )}
      {n(x.notCalculable) && <p>{n(x.notCalculable)}</p>}
      <Explanation step={x.explanation} />
      {may('configure') && x.declared !== 'false' && (
        <p className="noprint">
          <Button
            loading={busy}
            onClick={() =>
              void work(`/support/inquiries/${o.inquiry.id}/filings`, { measure: x.measure }).then((ok) => {
                if (ok) void message.success(t('support.fileDone'))
              })
            }
          >
            {t('support.file')}
          </Button>
        </p>
      )}
    </details>
  )
}
