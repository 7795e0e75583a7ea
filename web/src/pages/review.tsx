import { Button, Input, InputNumber, Modal } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useNavigate, useParams } from 'react-router'

import { base, post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { dateTime } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { keys, useReview, type Review } from '../programmes/queries'
import { useConfirm } from '../ui/confirm'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../programmes/programmes.css'

/** ReviewPage is one application as its reviewer sees it, with the scores that he gives. They save themselves. */
export function ReviewPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const review = useReview(id)
  return (
    <>
      <PageHead
        title={review.data?.title ?? t('programme.reviews')}
        after={review.data && <span className="tag info">{n(review.data.stateName)}</span>}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('programme.reviews'), to: at('reviews') },
        ]}
      />
      <Answer query={review}>{(r) => <Form key={r.id} of={r} />}</Answer>
    </>
  )
}

function Form({ of: first }: { of: Review }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [r, setR] = useState(first)
  const [points, setPoints] = useState<Record<string, number>>(first.points)
  const [opinion, setOpinion] = useState(first.opinion)
  const [savedAt, setSavedAt] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const revision = useRef(first.revision)
  const chain = useRef(Promise.resolve())
  const drafts = r.open && r.state === 'drawn'
  const send = async (submit: boolean) => {
    const next = await post<Review>(`/programme-reviews/${r.id}/scores`, {
      basis: revision.current,
      points,
      opinion,
      submit,
    })
    revision.current = next.revision
    return next
  }
  const changed = points !== first.points || opinion !== first.opinion
  useEffect(() => {
    if (!drafts || !changed) return
    const timer = setTimeout(() => {
      chain.current = chain.current.then(async () => {
        try {
          await send(false)
          setProblem(undefined)
          setSavedAt(dateTime(Date.now()).slice(11, 16))
        } catch (e) {
          if (!(e instanceof Problem)) throw e
          setProblem(e)
        }
      })
    }, 800)
    return () => clearTimeout(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- saved when what was filled in changes
  }, [points, opinion])
  const submit = () =>
    confirm({
      title: t('programme.submitTitle'),
      text: t('programme.submitText'),
      ok: t('programme.submitScores'),
      work: async () => {
        await chain.current
        setR(await send(true))
        await refreshed(keys.reviews())
      },
    })
  const max = r.scale
  const total = r.criteria.reduce((sum, c) => sum + c.weight * (points[c.id] ?? 0), 0) / max
  return (
    <div className="programmepage">
      <section className="panel" aria-label={r.title}>
        {r.blind && <p className="note">{t('programme.blind')}</p>}
        <dl className="facts body">
          {r.fields.map((f, i) => (
            <div key={i} style={{ display: 'contents' }}>
              <dt>{n(f.name)}</dt>
              <dd>{n(f.value)}</dd>
            </div>
          ))}
          <dt>{t('programme.papers')}</dt>
          <dd>
            {r.papers.length === 0
              ? t('programme.noPapers')
              : r.papers.map((p) => (
                  <div key={p.id}>
                    <a href={`${base}/programme-reviews/${r.id}/papers/${p.id}`}>{p.name}</a>
                  </div>
                ))}
          </dd>
        </dl>
      </section>
      <section className="panel" aria-label={t('programme.scoring')}>
        <header>
          <h2>{t('programme.scoring')}</h2>
          <span className="muted small">{t('programme.reviewDue', { day: r.due })}</span>
        </header>
        {r.criteria.map((c) => (
          <div className="criterion" key={c.id}>
            <label htmlFor={`c-${c.id}`}>{n(c.name)}</label>{' '}
            <span className="muted small">{t('programme.weight', { n: c.weight, max })}</span>
            {n(c.guide) && <p className="small">{n(c.guide)}</p>}
            <InputNumber
              id={`c-${c.id}`}
              size="large"
              min={0}
              max={max}
              precision={0}
              disabled={!drafts}
              value={points[c.id]}
              onChange={(v) =>
                setPoints((old) =>
                  v === null
                    ? Object.fromEntries(Object.entries(old).filter(([k]) => k !== c.id))
                    : { ...old, [c.id]: v },
                )
              }
            />
          </div>
        ))}
        <div className="criterion">
          <label htmlFor="opinion">{t('programme.opinion')}</label>
          <Input.TextArea
            id="opinion"
            rows={4}
            maxLength={4000}
            disabled={!drafts}
            value={opinion}
            onChange={(e) => setOpinion(e.target.value)}
          />
        </div>
        <div className="body">
          <p>
            <strong>{t('programme.total', { n: r.total ?? total.toFixed(2) })}</strong>{' '}
            {savedAt && <span className="muted small">{t('programme.savedAt', { time: savedAt })}</span>}
          </p>
          {problem && <Fault problem={problem} />}
          <div className="programmeactions">
            {drafts && (
              <Button type="primary" onClick={submit}>
                {t('programme.submitScores')}
              </Button>
            )}
            <Leave
              review={r}
              conflict
              word="programme.conflict"
              text="programme.conflictText"
              after={() => void navigate(at('reviews'))}
            />
            {drafts && (
              <Leave
                review={r}
                word="programme.decline"
                text="programme.declineText"
                after={() => void navigate(at('reviews'))}
              />
            )}
          </div>
        </div>
      </section>
    </div>
  )
}

function Leave({
  review: r,
  conflict = false,
  word,
  text,
  after,
}: {
  review: Review
  conflict?: boolean
  word: Key
  text: Key
  after: () => void
}) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const send = async () => {
    if (!(await submit.run(() => post(`/programme-reviews/${r.id}/leaving`, { conflict, reason })))) return
    setOpen(false)
    await refreshed(keys.reviews())
    after()
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t(word)}</Button>
      <Modal
        className="programmeform"
        open={open}
        title={t(word)}
        okText={t(word)}
        cancelText={t('cancel')}
        confirmLoading={submit.busy}
        onOk={() => void send()}
        onCancel={() => setOpen(false)}
      >
        <p>{t(text)}</p>
        <label htmlFor={`leave-${String(conflict)}`}>{t('programme.reason')}</label>
        <Input.TextArea
          id={`leave-${String(conflict)}`}
          rows={3}
          maxLength={4000}
          value={reason}
          onChange={(e) => setReason(e.target.value)}
        />
        {submit.problem && <Fault problem={submit.problem} />}
      </Modal>
    </>
  )
}
