import { App, Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { fenOf, money } from '../fields/field'
import { sendFile } from '../fields/transfer'
import { date, dateTime, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { Bind } from '../programmes/bind'
import { Declare, DeclaredBy } from '../programmes/declare'
import { Verdict } from '../programmes/parts'
import { Go } from '../ui/go'
import { keys, useProject, type Indicator, type Project } from '../programmes/queries'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../programmes/programmes.css'

/** ProjectPage is one application with all that follows from it: award, indicators, milestones, payments, time line. */
export function ProjectPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const project = useProject(id)
  const p = project.data
  return (
    <>
      <PageHead
        title={p?.title ?? t('programme.title')}
        after={p && <span className="tag info">{n(p.stateName)}</span>}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('programme.title'), to: at('programmes') },
        ]}
      >
        {p && (
          <Go type="default" to={at(`cases/${p.case}`)}>
            {t('programme.toCase')}
          </Go>
        )}
      </PageHead>
      <Answer query={project}>{(x) => <Parts of={x} />}</Answer>
    </>
  )
}

const beforeAward = ['submitted', 'returned', 'reviewing', 'publicity', 'objected']

function Parts({ of: p }: { of: Project }) {
  const { at } = useHere()
  const { t, n, lang } = useI18n()
  const running = p.state === 'building' || p.state === 'accepting'
  const orders = p.events.filter((e) => e.kind === 'order')
  const lastOrder = orders[orders.length - 1]
  return (
    <div className="programmepage">
      {p.warnings.length > 0 && (
        <section className="panel" aria-label={t('programme.warnings')}>
          <header>
            <h2>{t('programme.warnings')}</h2>
          </header>
          <ul className="body">
            {p.warnings.map((w, i) => (
              <li key={i}>
                <span className="tag warning">!</span> {n(w)}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="panel" aria-label={t('programme.award')}>
        <header>
          <h2>{n(p.round.callName)}</h2>
        </header>
        <dl className="facts body">
          <dt>{t('programme.applicant')}</dt>
          <dd>{n(p.name)}</dd>
          <dt>{t('programme.state')}</dt>
          <dd>{n(p.stateName)}</dd>
          {p.award && (
            <>
              <dt>{t('programme.award')}</dt>
              <dd>
                <strong>¥ {money(lang, p.award.amount)}</strong>{' '}
                {p.award.due !== p.award.amount && (
                  <span className="muted small">
                    {t('programme.due', { due: money(lang, p.award.due), amount: money(lang, p.award.amount) })}
                  </span>
                )}
              </dd>
            </>
          )}
          {p.receipt && (
            <>
              <dt>{t('programme.receipt')}</dt>
              <dd className="hash">{p.receipt}</dd>
            </>
          )}
        </dl>
        {p.award && p.award.explained.length > 0 && (
          <details className="body">
            <summary>{t('programme.why')}</summary>
            {p.award.explained.map((x) => (
              <div key={x.measure}>
                <strong>{n(x.name)}</strong>
                <ul>
                  {(x.why ?? []).map((w, i) => (
                    <li key={i}>{n(w)}</li>
                  ))}
                </ul>
              </div>
            ))}
          </details>
        )}
        {p.recheck && <p className="body note">{t('programme.recheck', { day: p.recheck.due })}</p>}
        {(p.state === 'publicity' || p.state === 'objected') && (
          <p className="body">
            <Link to={`/public/programmes/${p.round.id}`}>{t('programme.publicPage')}</Link>
          </p>
        )}
      </section>
      <section className="panel" aria-label={t('programme.indicators')}>
        <header>
          <h2>{t('programme.indicators')}</h2>
        </header>
        {p.indicators.length === 0 && <p className="body muted">{t('programme.noIndicators')}</p>}
        {p.indicators.map((x) => (
          <IndicatorCard key={x.key} of={x} project={p} />
        ))}
      </section>
      {p.milestones.length > 0 && (
        <section className="panel" aria-label={t('programme.milestones')}>
          <header>
            <h2>{t('programme.milestones')}</h2>
          </header>
          {p.milestones.map((m) => (
            <div className="callcard" key={m.id}>
              <h3>
                {n(m.name)}{' '}
                <span className={`tag ${m.warning ? 'warning' : m.state === 'reached' ? 'good' : 'info'}`}>
                  {t(`programme.ms.${m.state}`)}
                </span>
              </h3>
              <p className="muted small">
                {m.due ? `${t('programme.msDue', { day: m.due })} · ` : ''}
                {n(m.evidence)}
              </p>
              <div className="programmeactions">
                {running && p.applies && (
                  <Write project={p} kind="evidence" milestone={m.id} word="programme.evidence" />
                )}
                {running && p.keeps && m.state === 'handed-in' && (
                  <>
                    <Write project={p} kind="judged" milestone={m.id} ok word="programme.judgeOk" />
                    <Write project={p} kind="judged" milestone={m.id} word="programme.judgeBad" />
                  </>
                )}
              </div>
            </div>
          ))}
        </section>
      )}
      {p.payments.length > 0 && (
        <section className="panel" aria-label={t('programme.payments')}>
          <header>
            <h2>{t('programme.payments')}</h2>
          </header>
          {p.payments.map((x) => (
            <div className="callcard" key={x.id}>
              {n(x.part)} · ¥ {money(lang, x.amount)}{' '}
              <span className={`tag ${x.overdue ? 'error' : 'info'}`}>{n(x.stateName)}</span>{' '}
              <span className="muted small">
                {x.on} {x.document}
              </span>
            </div>
          ))}
        </section>
      )}
      <section className="panel" aria-label={t('programme.timeline')}>
        <header>
          <h2>{t('programme.timeline')}</h2>
        </header>
        {running && (
          <div className="body programmeactions">
            {p.keeps && <Write project={p} kind="order" word="programme.order" />}
            {p.applies && <Write project={p} kind="use" word="programme.use" />}
            {p.applies && lastOrder && <Write project={p} kind="answer" order={lastOrder.id} word="programme.answer" />}
          </div>
        )}
        {(p.state === 'accepted' || p.state === 'failed') && p.keeps && (
          <div className="body programmeactions">
            <Write project={p} kind="evaluation" word="programme.evaluation" />
          </div>
        )}
        <ol className="timeline">
          {p.events.map((e) => (
            <li key={e.id}>
              <p>
                <strong>{n((e.body as Body).name) || t(`programme.ev.${e.kind}` as Key)}</strong>{' '}
                <EventWords body={e.body as Body} />
              </p>
              <p className="muted small">
                {dateTime(millis(e.at)).slice(0, 16)} {e.by}
              </p>
            </li>
          ))}
        </ol>
      </section>
      {p.keeps && (
        <p>
          <Link to={at(`rounds/${p.round.id}`)}>{n(p.round.name)}</Link>
        </p>
      )}
    </div>
  )
}

interface Body {
  name?: { zh?: string; en?: string } // what a step of the case is called
  text?: string | { zh?: string; en?: string }
  transition?: string
  reason?: string
  missing?: string
  finding?: string
  opinion?: string
  report?: string
  value?: string
  due?: string | number // the day of an order; the fen that an award would come to without a budget
  amount?: number
}

function EventWords({ body: b }: { body: Body }) {
  const { n, lang } = useI18n()
  const text = typeof b.text === 'object' ? n(b.text) : b.text
  const words = [
    text,
    b.reason,
    b.missing,
    b.finding,
    b.opinion,
    b.report,
    b.value,
    b.amount === undefined ? undefined : `¥ ${money(lang, b.amount)}`,
    typeof b.due === 'string' ? b.due : undefined,
  ]
  return <>{words.filter(Boolean).join(' · ')}</>
}

/** span is over what something was measured: days, or the minutes of a day. */
const span = (from: number, to: number) =>
  to - from < 86_400_000
    ? `${dateTime(from).slice(0, 16)} – ${dateTime(to).slice(11, 16)}`
    : `${date(from)} – ${date(to)}`

function IndicatorCard({ of: x, project: p }: { of: Indicator; project: Project }) {
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const before = beforeAward.includes(p.state)
  const measure = () =>
    submit.run(async () => {
      await post(`/programme-applications/${p.case}/indicators/${x.key}/measurements`)
      await refreshed(keys.project(p.case))
    })
  const line = (word: Key, m: Indicator['now'], extra?: string) =>
    m && (
      <>
        <dt>{t(word)}</dt>
        <dd>
          {m.value ? (
            <strong>
              {m.value} {x.unit}
            </strong>
          ) : (
            n(m.trouble)
          )}{' '}
          {extra && <span className="tag info">{extra}</span>}
          {m.document ? (
            <DeclaredBy project={p.case} document={m.document} grade={m.grade} />
          ) : (
            <div className="muted small">
              {span(millis(m.from), millis(m.to))} · {t('programme.coverage', { n: m.coverage, want: x.coverage })} ·{' '}
              {m.grade}
            </div>
          )}
          {m.restsOn.length > 0 && (
            <details className="small">
              <summary>{t('programme.restsOn')}</summary>
              {m.restsOn.map((r) => (
                <div className="hash" key={r}>
                  {r}
                </div>
              ))}
            </details>
          )}
        </dd>
      </>
    )
  return (
    <div className="callcard">
      <h3>{n(x.name)}</h3>
      <dl className="facts">
        {line('programme.baseline', x.baseline, t(x.baseline?.frozen ? 'programme.frozen' : 'programme.notFrozen'))}
        {x.target && (
          <>
            <dt>{t('programme.target')}</dt>
            <dd>
              {x.direction === 'lower' ? '≤' : '≥'} {x.target} {x.unit}
            </dd>
          </>
        )}
        {line('programme.now', x.now, x.gain ? t('programme.gain', { n: x.gain }) : undefined)}
      </dl>
      {(x.now ?? p.state === 'accepting') && <Verdict of={x} />}
      {submit.problem && <Fault problem={submit.problem} />}
      {p.applies && before && x.method !== 'declared' && <Bind project={p.case} org={p.subject} of={x} />}
      {p.keeps && x.method === 'declared' && (before || p.state === 'accepting') && <Declare project={p.case} of={x} />}
      <div className="programmeactions">
        {(p.applies || p.keeps) &&
          x.method !== 'declared' &&
          Object.keys(x.bound).length > 0 &&
          (before || p.state === 'accepting') && (
            <Button type="primary" loading={submit.busy} onClick={() => void measure()}>
              {t(before ? 'programme.measureBaseline' : 'programme.measureNow')}
            </Button>
          )}
      </div>
    </div>
  )
}

function Write({
  project: p,
  kind,
  word,
  milestone,
  order,
  ok,
}: {
  project: Project
  kind: string
  word: Key
  milestone?: string
  order?: string
  ok?: boolean
}) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  const [due, setDue] = useState('')
  const [yuan, setYuan] = useState('')
  const [file, setFile] = useState<File>()
  const photos = kind === 'evidence' || kind === 'answer' || kind === 'use'
  const send = async () => {
    const done = await submit.run(async () => {
      const documents: string[] = []
      if (file)
        documents.push(
          (await sendFile<{ id: string }>('/facts/documents', { org: p.subject, name: file.name }, file, lang)).id,
        )
      const amount = kind === 'use' ? fenOf(yuan) : undefined
      await post(`/programme-applications/${p.case}/entries`, {
        kind,
        text,
        milestone,
        order,
        ok,
        amount,
        due: due || undefined,
        documents,
      })
      await refreshed(keys.project(p.case))
    })
    if (!done) return
    setOpen(false)
    setText('')
    setFile(undefined)
    void message.success(t('programme.saved'))
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t(word)}</Button>
      <Modal
        className="programmeform"
        open={open}
        title={t(word)}
        okText={t('programme.save')}
        okButtonProps={{ disabled: kind === 'use' && fenOf(yuan) === undefined }}
        cancelText={t('cancel')}
        confirmLoading={submit.busy}
        onOk={() => void send()}
        onCancel={() => setOpen(false)}
      >
        <label htmlFor={`w-${kind}-text`}>{t('programme.evidenceText')}</label>
        <Input.TextArea
          id={`w-${kind}-text`}
          rows={4}
          maxLength={4000}
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
        {kind === 'order' && (
          <>
            <label htmlFor="w-due">{t('programme.orderDue')}</label>
            <Input id="w-due" type="date" value={due} onChange={(e) => setDue(e.target.value)} />
          </>
        )}
        {kind === 'use' && (
          <>
            <label htmlFor="w-yuan">{t('programme.amountYuan')}</label>
            <Input
              id="w-yuan"
              inputMode="decimal"
              status={yuan && fenOf(yuan) === undefined ? 'error' : ''}
              aria-describedby="w-yuan-fault"
              value={yuan}
              onChange={(e) => setYuan(e.target.value)}
            />
            <div id="w-yuan-fault" className="fieldfault" role="status">
              {yuan && fenOf(yuan) === undefined && t('programme.inYuan')}
            </div>
          </>
        )}
        {photos && (
          <>
            <label htmlFor={`w-${kind}-file`}>{t('programme.photo')}</label>
            <input
              id={`w-${kind}-file`}
              type="file"
              accept="image/*,.pdf,.docx,.xlsx"
              onChange={(e) => setFile(e.target.files?.[0])}
            />
          </>
        )}
        {submit.problem && <Fault problem={submit.problem} />}
      </Modal>
    </>
  )
}
