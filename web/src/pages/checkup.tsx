import { CheckCircleFilled, CloudSyncOutlined, DisconnectOutlined, WarningFilled } from '@ant-design/icons'
import { App, Button, Input, Modal, Select } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Navigate, useNavigate, useParams, useSearchParams } from 'react-router'

import { post, put } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Choices, complete } from '../checkup/choices'
import { Measured } from '../checkup/measured'
import { Papers, type Paper } from '../checkup/papers'
import {
  checkupKeys,
  chosen,
  inWords,
  useCheckup,
  useOutcome,
  type AnswerInput,
  type Detail,
  type Question,
} from '../checkup/queries'
import { useSaver, type Saver } from '../checkup/saver'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'

import '../checkup/checkup.css'

/** CheckupPage asks the questions of a check-up, one to a screen; it saves by itself. */
export function CheckupPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const detail = useCheckup(id)
  const title = detail.data ? n(detail.data.form.name) : t('checkup.title')
  if (detail.data?.checkup.state === 'submitted') return <Navigate to={at(`checkup/${id}/result`)} replace />
  return (
    <>
      <PageHead
        title={title}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
        ]}
      />
      <Answer query={detail} rows={8}>
        {(d) => <Questionnaire key={id} detail={d} />}
      </Answer>
    </>
  )
}

function Questionnaire({ detail: d }: { detail: Detail }) {
  const { t, n } = useI18n()
  const id = d.checkup.id
  const saver = useSaver(id, d)
  const outcome = useOutcome(id)
  const [params, setParams] = useSearchParams()
  const applies = useMemo(
    () => new Map(outcome.data?.result.declared.lines.map((l) => [l.question, l.applies !== 'no'])),
    [outcome.data],
  )
  const asked = d.form.questions.filter((q) => applies.get(q.id) ?? true)
  const said = (q: Question) => {
    const w = saver.waiting[q.id]
    if (w) return !w.body.clear
    const a = d.answers.find((x) => x.question === q.id)
    return Boolean(a?.answer) || Boolean(a?.unknown)
  }
  const measured = (q: Question) => outcome.data?.filled.some((f) => f.question === q.id) ?? false
  const wanted = params.get('q')
  const first = asked.findIndex((q) => !said(q) && !measured(q))
  const found = asked.findIndex((q) => q.id === wanted)
  const index = wanted === 'end' ? asked.length : found >= 0 ? found : first >= 0 ? first : asked.length
  const go = (i: number) => setParams({ q: asked[i]?.id ?? 'end' }, { replace: false })
  const question = asked[index]
  // Where one begins is decided once: an answer must not move the page on by itself.
  const beginAt = wanted === null && outcome.data ? (question?.id ?? 'end') : undefined
  useEffect(() => {
    if (beginAt) setParams({ q: beginAt }, { replace: true })
  }, [beginAt, setParams])
  const heading = useRef<HTMLDivElement>(null)
  useEffect(() => {
    window.scrollTo(0, 0)
    heading.current?.focus({ preventScroll: true })
  }, [index])
  const done = asked.filter((q) => said(q) || measured(q)).length
  const sections = d.form.sections.filter((s) =>
    asked.some((q) => (q.section === q.part ? q.section : topPart(d, q)) === s.id),
  )
  const sectionOf = (q: Question) => topPart(d, q)
  return (
    <div className="ask">
      <div className="bar2">
        <span className="nowrap">
          {index < asked.length ? t('checkup.nOf', { n: index + 1, of: asked.length }) : t('checkup.overview')}
        </span>
        <span
          className="meterbar"
          role="progressbar"
          aria-label={t('checkup.progress')}
          aria-valuemin={0}
          aria-valuemax={asked.length}
          aria-valuenow={done}
        >
          <i style={{ width: `${asked.length > 0 ? (100 * done) / asked.length : 0}%` }} />
        </span>
        <SaveState saver={saver} />
      </div>
      <nav className="sections" aria-label={t('checkup.sections')} tabIndex={0}>
        {sections.map((s) => {
          const mine = asked.filter((q) => sectionOf(q) === s.id)
          return (
            <button
              key={s.id}
              type="button"
              aria-current={question && sectionOf(question) === s.id ? 'step' : undefined}
              onClick={() => go(asked.findIndex((q) => sectionOf(q) === s.id))}
            >
              {n(s.name)} {mine.filter((q) => said(q) || measured(q)).length}/{mine.length}
            </button>
          )
        })}
      </nav>
      <section className="panel" aria-label={t('checkup.question')} ref={heading} tabIndex={-1}>
        <div className="body">
          {question ? (
            <One
              key={question.id}
              detail={d}
              question={question}
              saver={saver}
              facts={outcome.data?.facts.filter((f) => question.facts.includes(f.key)) ?? []}
            />
          ) : (
            <End
              detail={d}
              open={asked.filter((q) => !said(q) && !measured(q))}
              saver={saver}
              go={(q) => go(asked.indexOf(q))}
            />
          )}
        </div>
      </section>
      <div className="walk">
        <Button disabled={index === 0} onClick={() => go(index - 1)}>
          {t('checkup.back')}
        </Button>
        {question && (
          <Button type="primary" onClick={() => go(index + 1)}>
            {t('checkup.next')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** topPart is the part under its section in which a question stands, or the section where it has none. */
function topPart(d: Detail, q: Question): string {
  let at = d.form.sections.find((s) => s.id === q.part)
  while (at?.parent) {
    const up = d.form.sections.find((s) => s.id === at?.parent)
    if (!up?.parent) break
    at = up
  }
  return at?.id ?? q.section
}

function SaveState({ saver }: { saver: Saver }) {
  const { t } = useI18n()
  const count = Object.keys(saver.waiting).length
  return (
    <span className="nowrap muted" role="status" data-save={saver.state}>
      {saver.state === 'saved' && (
        <>
          <CheckCircleFilled style={{ color: 'var(--good)' }} aria-hidden /> {t('checkup.saved')}
        </>
      )}
      {saver.state === 'saving' && (
        <>
          <CloudSyncOutlined aria-hidden /> {t('checkup.saving')}
        </>
      )}
      {saver.state === 'offline' && (
        <>
          <DisconnectOutlined style={{ color: 'var(--warn)' }} aria-hidden /> {t('checkup.offline', { n: count })}
        </>
      )}
      {saver.state === 'stopped' && (
        <>
          <WarningFilled style={{ color: 'var(--warn)' }} aria-hidden /> {t('checkup.stopped')}
        </>
      )}
    </span>
  )
}

function One({
  detail: d,
  question: q,
  saver,
  facts,
}: {
  detail: Detail
  question: Question
  saver: Saver
  facts: Parameters<typeof Measured>[0]['facts']
}) {
  const { t, n } = useI18n()
  const saved = d.answers.find((a) => a.question === q.id)
  const waiting = saver.waiting[q.id]
  const body = waiting?.body
  // Half a count is kept on the screen until it can be sent.
  const [half, setHalf] = useState<AnswerInput>()
  const value = half ?? (body ? body.answer : chosen(saved?.answer))
  const unknown = half ? false : body ? Boolean(body.unknown) : Boolean(saved?.unknown)
  const papers: Paper[] = (body ? body.documents : saved?.documents) ?? []
  const note = (body ? body.note : saved?.note) ?? ''
  const [writing, setWriting] = useState<string>()
  const timer = useRef<number>(undefined)
  const send = (x: { answer?: AnswerInput; unknown?: boolean; documents?: Paper[]; note?: string }) => {
    const answer = 'answer' in x ? x.answer : value
    const no = x.unknown ?? ('answer' in x ? false : unknown)
    const list = answer && !no ? (x.documents ?? papers) : []
    saver.say(q.id, {
      answer: no ? undefined : answer,
      unknown: no || undefined,
      clear: !no && !answer ? true : undefined,
      documents: list.map((p) => ({ id: p.id, options: p.options?.filter((o) => answer?.choices?.includes(o)) })),
      note: (x.note ?? note) || undefined,
    })
  }
  const change = (a: AnswerInput | undefined) => {
    clearTimeout(timer.current)
    if (!complete(a)) {
      setHalf(a)
      return
    }
    const typed = q.kind === 'percentage' || q.kind === 'number'
    if (!typed) {
      setHalf(undefined)
      send({ answer: a })
      return
    }
    setHalf(a)
    timer.current = window.setTimeout(() => {
      send({ answer: a })
      setHalf(undefined)
    }, 500)
  }
  const latest = useRef({ half, send })
  useEffect(() => {
    latest.current = { half, send }
  })
  // Whoever goes on while typing loses nothing.
  useEffect(
    () => () => {
      clearTimeout(timer.current)
      const now = latest.current
      if (now.half && complete(now.half)) now.send({ answer: now.half })
    },
    [],
  )
  const ratio = facts.find((f) => f.part !== undefined && f.of !== undefined)
  return (
    <>
      {q.binding && <span className="tag info">{t('checkup.binding')}</span>}
      <h2>{n(q.text)}</h2>
      {q.help && n(q.help) && <p className="muted">{n(q.help)}</p>}
      {waiting?.conflict && saved && (
        <div className="conflictbox" role="alert">
          <p>
            <strong>{t('checkup.conflict')}</strong>
          </p>
          <p>
            {t('checkup.conflictThere', { by: saved.by.name, at: dateTime(millis(saved.at)) })}{' '}
            {saved.unknown
              ? t('checkup.unknown')
              : inWords(q, chosen(saved.answer), n, t('checkup.noneOf'), t('checkup.notApplicable'))}
          </p>
          <p>
            {t('checkup.conflictHere')}{' '}
            {body?.unknown
              ? t('checkup.unknown')
              : inWords(q, body?.answer, n, t('checkup.noneOf'), t('checkup.notApplicable'))}
          </p>
          <Button onClick={() => void saver.settle(q.id, false)}>{t('checkup.useThere')}</Button>{' '}
          <Button type="primary" onClick={() => void saver.settle(q.id, true)}>
            {t('checkup.useHere')}
          </Button>
        </div>
      )}
      {waiting?.refused && (
        <p className="fault" role="alert">
          {waiting.refused}
        </p>
      )}
      <Measured facts={facts}>
        {ratio && (q.kind === 'percentage' || q.kind === 'number') && (
          <Button style={{ marginTop: 8 }} onClick={() => change({ part: ratio.part, of: ratio.of })}>
            {t('checkup.useMeasured')}
          </Button>
        )}
      </Measured>
      <Choices question={q} value={value?.notApplicable ? undefined : value} change={change} />
      <div className="choices">
        <label>
          <input
            type="checkbox"
            checked={unknown}
            onChange={(e) => send(e.target.checked ? { unknown: true } : { answer: undefined })}
          />
          <span>{t('checkup.unknown')}</span>
        </label>
        {q.mayNotApply && (
          <label>
            <input
              type="checkbox"
              checked={value?.notApplicable ?? false}
              onChange={(e) => send({ answer: e.target.checked ? { notApplicable: true } : undefined })}
            />
            <span>{t('checkup.notApplicable')}</span>
          </label>
        )}
      </div>
      {value && !unknown && complete(value) && !half && (
        <details open={papers.length > 0 || note !== ''}>
          <summary>{t('checkup.prove')}</summary>
          <p className="muted">{t('checkup.proveHelp')}</p>
          <Papers value={papers} change={(documents) => send({ documents })} />
          <label style={{ display: 'block', marginTop: 10 }}>
            {t('checkup.note')}
            <Input.TextArea
              value={writing ?? note}
              maxLength={1000}
              autoSize={{ minRows: 2 }}
              onChange={(e) => setWriting(e.target.value)}
              onBlur={() => {
                if (writing !== undefined && writing !== note) send({ note: writing })
                setWriting(undefined)
              }}
            />
          </label>
        </details>
      )}
    </>
  )
}

function End({
  detail: d,
  open,
  saver,
  go,
}: {
  detail: Detail
  open: Question[]
  saver: Saver
  go: (q: Question) => void
}) {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [leaving, setLeaving] = useState(false)
  const [reason, setReason] = useState('')
  const id = d.checkup.id
  const act = async (work: () => Promise<unknown>, then: string) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
      await refreshed(checkupKeys.one(id), checkupKeys.list(org.id), checkupKeys.calls(org.id))
      void navigate(at(then))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  const trait = async (key: string, value: string) => {
    try {
      await put(`/checkups/${id}/profile`, { profile: { ...d.checkup.profile, [key]: value } })
      await refreshed(checkupKeys.one(id))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <h2>{t(open.length > 0 ? 'checkup.endOpen' : 'checkup.endDone', { n: open.length })}</h2>
      {d.form.profile.map((p) => (
        <div className="counts" key={p.id}>
          <span id={`trait-${p.id}`}>{n(p.name)}</span>
          <Select
            aria-labelledby={`trait-${p.id}`}
            style={{ minWidth: 180 }}
            value={d.checkup.profile?.[p.id]}
            onChange={(v: string) => void trait(p.id, v)}
            options={(p.options ?? []).map((o) => ({ value: o.id, label: n(o.text) }))}
          />
        </div>
      ))}
      {open.length > 0 && (
        <ul className="items">
          {open.map((q) => (
            <li key={q.id}>
              <Button
                type="link"
                onClick={() => go(q)}
                style={{ whiteSpace: 'normal', height: 'auto', textAlign: 'left' }}
              >
                {n(q.text)}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <p className="muted">{t(d.checkup.campaign ? 'checkup.endCampaign' : 'checkup.endHelp')}</p>
      {problem && <Fault problem={problem} />}
      <div className="row wrap" style={{ gap: 10, marginTop: 12 }}>
        {may('operate') && (
          <Button
            type="primary"
            size="large"
            loading={busy}
            disabled={open.length > 0 || saver.state !== 'saved'}
            onClick={() => void act(() => post(`/checkups/${id}/submission`), `checkup/${id}/result`)}
          >
            {t('checkup.submit')}
          </Button>
        )}
        {may('operate') && (
          <Button size="large" onClick={() => setLeaving(true)}>
            {t('checkup.withdraw')}
          </Button>
        )}
      </div>
      <Modal
        open={leaving}
        title={t('checkup.withdrawTitle')}
        okText={t('checkup.withdraw')}
        cancelText={t('cancel')}
        confirmLoading={busy}
        okButtonProps={{ danger: true, disabled: reason.trim().length < 2 }}
        onCancel={() => setLeaving(false)}
        onOk={() => void act(() => post(`/checkups/${id}/withdrawal`, { reason }), 'checkup')}
      >
        <label>
          {t('reason')}
          <Input value={reason} maxLength={500} onChange={(e) => setReason(e.target.value)} />
        </label>
      </Modal>
    </>
  )
}
