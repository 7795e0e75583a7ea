import { App, Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'

import { post, put } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Choices, complete } from '../checkup/choices'
import { Measured } from '../checkup/measured'
import {
  checkupKeys,
  chosen,
  inWords,
  points,
  useDesk,
  type AnswerInput,
  type Desk,
  type Question,
} from '../checkup/queries'
import { fetchFile } from '../fields/transfer'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { save } from '../trend/csv'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'

import '../checkup/checkup.css'

/** ExpertCheckPage is the expert's desk, and what the enterprise sees of it. */
export function ExpertCheckPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const desk = useDesk(id)
  return (
    <>
      <PageHead
        title={desk.data ? t('checkup.checkOf', { name: n(desk.data.check.orgName) }) : t('checkup.experts')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
        ]}
        after={desk.data && <span className="tag info">{t(`checkup.expert.${desk.data.check.state}`)}</span>}
      />
      <Answer query={desk} rows={8}>
        {(d) => (
          <div className="stack">
            <Shown desk={d} />
          </div>
        )}
      </Answer>
    </>
  )
}

function Shown({ desk: d }: { desk: Desk }) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [problem, setProblem] = useState<Problem>()
  const [reason, setReason] = useState('')
  const [asking, setAsking] = useState<'conflict' | 'end' | 'finish'>()
  const [busy, setBusy] = useState(false)
  const c = d.check
  const mine = c.expert === org.id && may('operate')
  const theirs = (c.org === org.id || c.asker === org.id) && may('operate')
  const act = async (path: string, body: unknown) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await post(`/expert-checks/${c.id}/${path}`, body)
      await refreshed(checkupKeys.expert(c.id), checkupKeys.experts(org.id))
      setAsking(undefined)
      setReason('')
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  const judged = d.verdicts.filter((v) => v.verdict !== 'unjudged')
  return (
    <>
      <section className="panel" aria-label={t('checkup.experts')}>
        <div className="body">
          <p>
            {n(d.checkup.name)} · {d.checkup.endedAt ? dateTime(millis(d.checkup.endedAt)) : ''} ·{' '}
            {t('checkup.expertIs', { name: n(c.expertName) })}
            {c.due && ` · ${t('checkup.until', { day: c.due })}`}
          </p>
          {c.note && <p>{c.note}</p>}
          {c.conflict && (
            <p>
              <span className="tag warning">{t('checkup.conflictDeclared')}</span> {c.conflict}
            </p>
          )}
          {c.reason && <p>{c.reason}</p>}
          {d.result && (
            <p>
              {t('checkup.judged', { n: judged.length, of: d.form.questions.length })}{' '}
              {t('checkup.checkedLevel', { name: n(d.result.evidenced.name) })}
            </p>
          )}
          {mine && c.state === 'asked' && <p className="muted">{t('checkup.declareHelp')}</p>}
          {problem && !asking && <Fault problem={problem} />}
          <div className="row wrap" style={{ gap: 10, marginTop: 8 }}>
            {mine && c.state === 'asked' && (
              <>
                <Button type="primary" loading={busy} onClick={() => void act('declaration', { conflict: false })}>
                  {t('checkup.noConflict')}
                </Button>
                <Button onClick={() => setAsking('conflict')}>{t('checkup.hasConflict')}</Button>
              </>
            )}
            {mine && c.state === 'accepted' && (
              <Button type="primary" disabled={judged.length === 0} onClick={() => setAsking('finish')}>
                {t('checkup.finish')}
              </Button>
            )}
            {theirs && (c.state === 'asked' || c.state === 'accepted') && (
              <Button onClick={() => setAsking('end')}>{t('checkup.endExpert')}</Button>
            )}
          </div>
        </div>
      </section>
      {d.answers.length > 0 && (
        <section className="panel" aria-label={t('checkup.answers')}>
          <header>
            <h2>{t('checkup.answers')}</h2>
          </header>
          <div className="body">
            {d.form.questions.map((q) => (
              <Judgement key={q.id} desk={d} question={q} may={mine && c.state === 'accepted'} />
            ))}
          </div>
        </section>
      )}
      <Modal
        open={asking !== undefined}
        title={t(
          asking === 'conflict' ? 'checkup.hasConflict' : asking === 'end' ? 'checkup.endExpert' : 'checkup.finish',
        )}
        okText={t('checkup.confirm')}
        cancelText={t('cancel')}
        confirmLoading={busy}
        okButtonProps={{ disabled: asking !== 'finish' && reason.trim().length < 2 }}
        onCancel={() => setAsking(undefined)}
        onOk={() =>
          void (asking === 'conflict'
            ? act('declaration', { conflict: true, reason })
            : asking === 'end'
              ? act('end', { reason })
              : act('completion', { note: reason || undefined }))
        }
      >
        <label>
          {t(asking === 'finish' ? 'checkup.note' : 'reason')}
          <Input.TextArea value={reason} maxLength={1000} onChange={(e) => setReason(e.target.value)} />
        </label>
        {problem && <Fault problem={problem} />}
      </Modal>
    </>
  )
}

function Judgement({ desk: d, question: q, may }: { desk: Desk; question: Question; may: boolean }) {
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const said = d.answers.find((a) => a.question === q.id)
  const v = d.verdicts.find((x) => x.question === q.id)
  const [other, setOther] = useState<AnswerInput>()
  const [reason, setReason] = useState('')
  const [open, setOpen] = useState(false)
  const judge = async (verdict: string) => {
    try {
      await put(`/expert-checks/${d.check.id}/verdicts/${q.id}`, {
        basis: v?.revision ?? 0,
        verdict,
        answer: verdict === 'otherwise' ? other : undefined,
        reason: verdict === 'otherwise' ? reason : undefined,
      })
      await refreshed(checkupKeys.expert(d.check.id))
      setOpen(false)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error([e.message, ...e.faults.map((f) => f.message)].join(' '))
    }
  }
  const take = async (id: string, name: string) => {
    try {
      save(await fetchFile(`/expert-checks/${d.check.id}/documents/${encodeURIComponent(id)}`, lang), name)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const words = (a: AnswerInput | undefined) => inWords(q, a, n, t('checkup.noneOf'), t('checkup.notApplicable'))
  const now = d.result?.evidenced.lines.find((l) => l.question === q.id)
  return (
    <div className="gap" data-judge={q.id}>
      <div>
        <strong>{n(q.text)}</strong>
        <p>
          {t('checkup.firmSays')} {said?.unknown ? t('checkup.unknown') : words(chosen(said?.answer)) || '–'}{' '}
          {said?.note && <span className="muted">（{said.note}）</span>}
        </p>
        {(said?.documents ?? []).map((p) => (
          <Button key={p.id} type="link" size="small" onClick={() => void take(p.id, p.name ?? 'document')}>
            {p.name ?? p.id}
          </Button>
        ))}
        <Measured facts={d.facts.filter((f) => q.facts.includes(f.key))} links={false} />
        {v && v.verdict !== 'unjudged' && (
          <p>
            <span className={v.verdict === 'confirmed' ? 'tag good' : 'tag warning'}>
              {t(v.verdict === 'confirmed' ? 'checkup.verdict.confirmed' : 'checkup.verdict.otherwise')}
            </span>{' '}
            {v.verdict === 'otherwise' && `${words(chosen(v.answer))}：${v.reason ?? ''}`}{' '}
            <span className="tag">E2</span> {now && !now.step && <span className="muted">{points(now.points)}</span>}
          </p>
        )}
        {open && (
          <div className="conflictbox">
            <Choices question={q} value={other} change={setOther} name={`other-${q.id}`} />
            <label>
              {t('reason')}
              <Input value={reason} maxLength={1000} onChange={(e) => setReason(e.target.value)} />
            </label>
            <Button
              type="primary"
              style={{ marginTop: 8 }}
              disabled={!other || !complete(other) || reason.trim().length < 2}
              onClick={() => void judge('otherwise')}
            >
              {t('checkup.saveVerdict')}
            </Button>
          </div>
        )}
      </div>
      {may && (
        <div className="row wrap" style={{ gap: 6 }}>
          <Button
            disabled={!said?.answer}
            onClick={() => void judge('confirmed')}
            aria-label={t('checkup.confirmOf', { name: n(q.text) })}
          >
            {t('checkup.verdict.confirm')}
          </Button>
          <Button
            onClick={() => setOpen(!open)}
            aria-expanded={open}
            aria-label={t('checkup.otherwiseOf', { name: n(q.text) })}
          >
            {t('checkup.verdict.other')}
          </Button>
        </div>
      )}
    </div>
  )
}
