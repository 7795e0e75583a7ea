import { Alert, App, Button } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'

import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { DeadlineText } from '../cases/deadline'
import { useCases, useDrafts, useFlows, useOffers, type Flow } from '../cases/queries'
import { Go } from '../ui/go'
import { CaseState } from '../cases/state'
import { beginDraft } from '../form/draftform'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import '../fields/fields.css'
import '../cases/cases.css'

/** ApplyPage is what a firm can apply for, what it is filling in, and how its cases stand. */
export function ApplyPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  return (
    <div className="applypage">
      <PageHead title={t('cases.apply')} crumbs={[{ label: n(org.name), to: at() }]} />
      <Drafts />
      <Mine />
      <Offered />
    </div>
  )
}

const soon = 14 * 86_400_000

function Drafts() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const drafts = useDrafts(org.id)
  const list = drafts.data ?? []
  // eslint-disable-next-line react-hooks/purity -- days are told, which do not change while somebody looks
  const now = Date.now()
  if (drafts.error) return <Fault problem={drafts.error} retry={() => void drafts.refetch()} />
  if (list.length === 0) return null
  return (
    <section className="panel" aria-label={t('cases.drafts')}>
      <header>
        <h2>{t('cases.drafts')}</h2>
      </header>
      <ul className="offerlist">
        {list.map((d) => {
          const left = millis(d.expires) - now
          return (
            <li key={d.id}>
              <div className="what">
                <strong>{n(d.title)}</strong>
                <p className="muted small">
                  {t('cases.draftAt', { when: dateTime(millis(d.at)).slice(0, 16) })}
                  {d.device ? ` · ${d.device}` : ''}
                  {d.mine ? '' : ` · ${t('cases.draftBy', { who: d.by })}`}
                </p>
                {left < soon && (
                  <p className="fieldfault">
                    {t('cases.draftExpires', { n: Math.max(0, Math.ceil(left / 86_400_000)) })}
                  </p>
                )}
              </div>
              <Go to={at(`drafts/${d.id}`)} type="default">
                {t(d.mine ? 'cases.resume' : 'cases.look')}
              </Go>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Mine() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const cases = useCases({ subject: org.id }, undefined)
  return (
    <section className="panel" aria-label={t('cases.ours')}>
      <header>
        <h2>{t('cases.ours')}</h2>
      </header>
      <Answer
        query={cases}
        rows={2}
        empty={(p) => p.items.length === 0 && <p className="body muted">{t('cases.noneOurs')}</p>}
      >
        {(p) => (
          <ul className="offerlist">
            {p.items.map((c) => {
              const running = c.deadlines.find((d) => !d.stopped)
              return (
                <li key={c.id}>
                  <div className="what">
                    <Link to={at(`cases/${c.id}`)}>{c.title || n(c.flowName)}</Link> <CaseState of={c} />
                    <p className="muted small">
                      {n(c.flowName)} · {n(c.orgName)}
                    </p>
                    {running && !c.ended && (
                      <p className="small">
                        {n(running.name)}：<DeadlineText deadline={running} />
                      </p>
                    )}
                  </div>
                </li>
              )
            })}
          </ul>
        )}
      </Answer>
    </section>
  )
}

/** starts tells who opens cases of a flow: the organisation that they are about, or the one that keeps them. */
const starts = (f: Flow) => {
  const of = (f.start.roles ?? []).map((id) => f.roles.find((r) => r.id === id)?.of)
  return of.includes('subject') ? 'subject' : of.includes('owner') ? 'owner' : undefined
}

function Offered() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const flows = useFlows()
  const offered = (flows.data ?? []).filter((f) => starts(f) === 'subject')
  const own = (flows.data ?? []).filter((f) => starts(f) === 'owner')
  const offers = useOffers(offered.map((f) => f.id))
  const taken = offered.flatMap((f) =>
    (offers.data?.[f.id]?.orgs ?? [])
      .filter((keeper) => keeper !== org.id)
      .map((keeper) => ({ flow: f, keeper, name: n(offers.data?.[f.id]?.names[keeper]) || keeper })),
  )
  const start = (to: string) => (may('operate') ? <Go to={to}>{t('cases.begin')}</Go> : null)
  return (
    <section className="panel" aria-label={t('cases.offered')}>
      <header>
        <h2>{t('cases.offered')}</h2>
      </header>
      <Answer
        query={flows}
        empty={() =>
          offers.data &&
          taken.length === 0 &&
          own.length === 0 && <Blank title={t('cases.noOffers')}>{t('cases.noOffersHelp')}</Blank>
        }
      >
        {() => (
          <ul className="offerlist">
            {taken.map(({ flow: f, keeper, name }) => (
              <li key={f.id + keeper}>
                <div className="what">
                  <strong>{n(f.name)}</strong>
                  <p className="muted small">{t('cases.takenBy', { who: name })}</p>
                  {n(f.note) && <p className="small">{n(f.note)}</p>}
                </div>
                {start(at(`apply/${f.id}?keeper=${keeper}`))}
              </li>
            ))}
            {own.map((f) => (
              <li key={f.id}>
                <div className="what">
                  <strong>{n(f.name)}</strong>
                  <p className="muted small">{t('cases.inside')}</p>
                  {n(f.note) && <p className="small">{n(f.note)}</p>}
                </div>
                {start(at(`apply/${f.id}`))}
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </section>
  )
}

/** BeginPage begins an application, or goes on with the one that was begun; from a public page an objection. */
export function BeginPage() {
  const { flow = '' } = useParams()
  const [params] = useSearchParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const { message } = App.useApp()
  const flows = useFlows()
  const [keeper, about, action] = [params.get('keeper'), params.get('case'), params.get('action')]
  const drafts = useDrafts(org.id, {
    kind: about ? 'step' : 'case',
    target: flow,
    mine: true,
    case: about ?? undefined,
  })
  const [problem, setProblem] = useState<Problem>()
  const begun = useRef(false)
  const fresh = async () => {
    setProblem(undefined)
    const target: components['schemas']['DraftTarget'] = about
      ? { kind: 'step', id: flow, action: action ?? '', case: about }
      : { kind: 'case', id: flow, keeper: keeper ?? undefined }
    try {
      const d = await beginDraft(org.id, target)
      void navigate(at(`drafts/${d.id}`), { replace: true })
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    }
  }
  const there = (drafts.data ?? []).filter((d) => !keeper || d.target.keeper === keeper)
  useEffect(() => {
    if (!drafts.data || begun.current || there.length > 0) return
    begun.current = true
    void fresh()
  })
  const name = n(flows.data?.find((f) => f.id === flow)?.name) || t('cases.apply')
  return (
    <>
      <PageHead
        title={name}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('cases.apply'), to: at('apply') },
        ]}
      />
      <section className="panel" aria-label={name}>
        {problem ? (
          <div className="body">
            <Fault problem={problem} retry={() => void fresh()} />
            <Link to={at('apply')}>{t('cases.apply')}</Link>
          </div>
        ) : there.length > 0 ? (
          <div className="body">
            <Alert type="info" showIcon title={t('cases.begunBefore')} />
            <ul className="offerlist">
              {there.map((d) => (
                <li key={d.id}>
                  <div className="what">{t('cases.draftAt', { when: dateTime(millis(d.at)).slice(0, 16) })}</div>
                  <Go to={at(`drafts/${d.id}`)}>{t('cases.resume')}</Go>
                </li>
              ))}
            </ul>
            <Button
              onClick={() => {
                void fresh()
                void message.info(t('cases.freshOne'))
              }}
            >
              {t('cases.beginAnother')}
            </Button>
          </div>
        ) : (
          <Answer query={drafts}>{() => null}</Answer>
        )}
      </section>
    </>
  )
}
