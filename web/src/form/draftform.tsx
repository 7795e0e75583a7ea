import { App, Button, Input, Modal, Radio } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { itemsOf, itemText, valueText, type Content, type Field } from '../fields/field'
import { useWords } from '../fields/words'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Blank, Fault } from '../ui/states'
import { Attachments } from './attachments'
import { asked, draftOf, type Draft } from './form'
import { contentIn, FormFields } from './formfields'
import { draftKeys, useDraft, useFilling } from './usedraft'

type S = components['schemas']

/** DraftForm is a draft that is filled in: it saves by itself, says what is wrong, and is handed in. */
export function DraftForm({
  id,
  done,
  gone,
  submitWord,
}: {
  id: string
  /** It was handed in, and has become something. */
  done: (d: Draft) => void
  /** It was put away. */
  gone: () => void
  submitWord?: string
}) {
  const draft = useDraft(id)
  const refreshed = useRefreshed()
  const { t } = useI18n()
  const again = async () => {
    await refreshed(draftKeys.one(id), draftKeys.all())
  }
  return (
    <Answer query={draft} rows={6}>
      {(d) => {
        if (d.state === 'submitted') {
          return (
            <Blank
              title={t('form.submitted')}
              actions={<Button onClick={() => done(d)}>{t('form.openOutcome')}</Button>}
            />
          )
        }
        if (d.state !== 'open') return <Ended draft={d} again={again} />
        if (!d.mine) return <Colleagues draft={d} again={again} />
        if (!d.form) return <Refused draft={d} gone={gone} />
        return <Filled key={`${d.id} ${d.by}`} draft={d} done={done} gone={gone} submitWord={submitWord} />
      }}
    </Answer>
  )
}

function Ended({ draft: d, again }: { draft: Draft; again: () => Promise<void> }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const restore = async () => {
    try {
      await post(`/drafts/${d.id}/restore`, { basis: d.revision })
      await again()
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <Blank
      title={t(d.state === 'expired' ? 'form.expired' : 'form.discarded')}
      actions={<Button onClick={() => void restore()}>{t('form.restore')}</Button>}
    >
      {t('form.endedHelp')}
    </Blank>
  )
}

function Colleagues({ draft: d, again }: { draft: Draft; again: () => Promise<void> }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const take = async () => {
    try {
      await post(`/drafts/${d.id}/take-over`, { basis: d.revision })
      await again()
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
      await again()
    }
  }
  return (
    <Blank
      title={t('form.colleague', { who: d.by })}
      actions={
        <Button type="primary" onClick={() => void take()}>
          {t('form.takeOver')}
        </Button>
      }
    >
      {t('form.colleagueHelp', { who: d.by, when: dateTime(millis(d.at)), device: d.device || t('form.device') })}
    </Blank>
  )
}

function Refused({ draft: d, gone }: { draft: Draft; gone: () => void }) {
  const { t } = useI18n()
  return (
    <Blank title={t('form.closed')} actions={<Discard draft={d} gone={gone} />}>
      {t('form.closedHelp', { code: d.refused ?? '' })}
    </Blank>
  )
}

function Discard({ draft: d, gone, flush }: { draft: Draft; gone: () => void; flush?: () => Promise<boolean> }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const work = async () => {
    await flush?.()
    try {
      const now = await post<S['DraftView']>(`/drafts/${d.id}/discard`, { basis: d.revision })
      await refreshed(draftKeys.all())
      gone()
      const undo = async () => {
        message.destroy(d.id)
        await post(`/drafts/${d.id}/restore`, { basis: now.revision })
        await refreshed(draftKeys.all(), draftKeys.one(d.id))
      }
      void message.open({
        key: d.id,
        type: 'success',
        duration: 10,
        content: (
          <>
            {t('form.discardedNow')}{' '}
            <Button type="link" size="small" onClick={() => void undo()}>
              {t('undo')}
            </Button>
          </>
        ),
      })
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <Button type="text" onClick={() => void work()}>
      {t('form.discard')}
    </Button>
  )
}

function Filled({
  draft: first,
  done,
  gone,
  submitWord,
}: {
  draft: Draft
  done: (d: Draft) => void
  gone: () => void
  submitWord?: string
}) {
  const { t, n } = useI18n()
  const f = useFilling(first)
  const [touched, setTouched] = useState<Set<string>>(new Set())
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const { draft: d, boxes } = f
  const form = d.form
  if (!form) return <Refused draft={d} gone={gone} />
  const content = contentIn(form, boxes, d.content)
  const there = asked(form, content)
  // What is missing is told once somebody has been there, or has tried to hand in; what is wrong at once. What was typed since the
  // last saving is missing no more.
  const faults = d.faults.filter((x) => {
    if (x.code !== 'required' && x.code !== 'calc') return true
    if (x.code === 'required' && f.state !== 'saved' && x.path in content) return false
    return tried || touched.has(x.path.split(/[.[]/)[0] ?? '')
  })
  const filled = Object.fromEntries(
    Object.entries(d.filled ?? {})
      .filter(([key, x]) => JSON.stringify(content[key]) === JSON.stringify(x.value))
      .map(([key, x]) => [key, n(x.from)]),
  )
  const open = d.faults.filter((x) => there.has(x.path.split(/[.[]/)[0] ?? '')).length + (d.lacking?.length ?? 0)
  const submit = async () => {
    setBusy(true)
    setProblem(undefined)
    setTried(true)
    try {
      if (!(await f.flush())) return
      done(await f.submit())
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
      requestAnimationFrame(() =>
        document.querySelector('.formarea .fieldfault, .formarea .fault')?.scrollIntoView({ block: 'center' }),
      )
    } finally {
      setBusy(false)
    }
  }
  // What stands at its field is not said twice.
  const rest =
    problem &&
    new Problem(
      problem.status,
      problem.code,
      problem.message,
      problem.faults.filter((x) => x.code !== 'form-field'),
      problem.instance,
      problem.mend,
    )
  return (
    <div className="formarea">
      <div className="body">
        {d.before && <p className="banner">{t('form.takenFrom', { who: d.before })}</p>}
        <FormFields
          form={form}
          boxes={boxes}
          old={d.content}
          faults={faults}
          filled={filled}
          disabled={f.state === 'ended' || busy}
          change={f.change}
          left={(key) => setTouched((s) => new Set(s).add(key))}
        />
        {form.attachments.length > 0 && (
          <section className="formsection" aria-label={t('form.attachments')}>
            <h2>{t('form.attachments')}</h2>
            <Attachments
              draft={d.id}
              kinds={form.attachments}
              attachments={d.attachments}
              lacking={tried ? (d.lacking ?? []) : []}
              disabled={busy}
              changed={f.changed}
            />
          </section>
        )}
        <section className="formsection" aria-label={t('reason')}>
          <label className="boxlabel" htmlFor={`reason-${d.id}`}>
            {form.reason && (
              <span className="mustmark" aria-hidden="true">
                *{' '}
              </span>
            )}
            {t(form.reason ? 'reason' : 'form.remark')}
          </label>
          <Input.TextArea
            id={`reason-${d.id}`}
            value={f.reason}
            maxLength={2000}
            autoSize={{ minRows: form.reason ? 2 : 1, maxRows: 6 }}
            onChange={(e) => f.setReason(e.target.value)}
          />
        </section>
        {rest && (rest.faults.length > 0 || problem.faults.length === 0) && <Fault problem={rest} />}
        {problem && rest?.faults.length === 0 && problem.faults.length > 0 && (
          <p className="fieldfault" role="alert">
            {t('form.marked', { n: problem.faults.length })}
          </p>
        )}
      </div>
      {/* Pressing here leaves no field: a fault told there would move the button away from under the finger. */}
      <div className="formfoot" onMouseDown={(e) => e.preventDefault()}>
        <Saved filling={f} open={open} />
        <Discard draft={d} gone={gone} flush={f.flush} />
        <Button
          type="primary"
          loading={busy}
          disabled={f.state === 'ended' || f.state === 'conflict'}
          onClick={() => void submit()}
        >
          {submitWord ?? t('form.submit')}
        </Button>
      </div>
      {f.theirs?.form && (
        <TwoVersions
          fields={form.fields.filter((x) => !form.calculated.some((c) => c.own && c.key === x.key))}
          mine={content}
          myReason={f.reason}
          theirs={f.theirs}
          settle={f.settle}
        />
      )}
    </div>
  )
}

function Saved({ filling: f, open }: { filling: ReturnType<typeof useFilling>; open: number }) {
  const { t } = useI18n()
  const words = {
    saved: t('form.saved', { when: dateTime(millis(f.draft.at)).slice(11) }),
    waiting: t('form.saving'),
    saving: t('form.saving'),
    offline: t('form.offline'),
    conflict: t('form.conflict'),
    ended: f.problem?.message ?? '',
  }
  return (
    <span className="savestate" role="status">
      <span
        className={f.state === 'saved' || f.state === 'saving' || f.state === 'waiting' ? 'muted' : 'fieldfault'}
        data-save={f.state}
      >
        {words[f.state]}
      </span>
      <span className="muted"> · {open > 0 ? t('form.open', { n: open }) : t('form.complete')}</span>
    </span>
  )
}

/** TwoVersions asks which of two versions shall stand, field by field. */
function TwoVersions({
  fields,
  mine,
  myReason,
  theirs,
  settle,
}: {
  fields: Field[]
  mine: Content
  myReason: string
  theirs: Draft
  settle: (content: Content, reason: string) => Promise<void>
}) {
  const { t, n } = useI18n()
  const w = useWords()
  const [choice, setChoice] = useState<Record<string, 'mine' | 'theirs'>>({})
  const [busy, setBusy] = useState(false)
  const differ = fields.filter((f) => JSON.stringify(mine[f.key]) !== JSON.stringify(theirs.content[f.key]))
  const show = (f: Field, v: unknown) =>
    (f.type === 'list'
      ? itemsOf(v)
          .map((x) => itemText(f, x, w))
          .join(' ； ')
      : valueText(f, v, w)) || '–'
  const use = async (of: (key: string) => 'mine' | 'theirs') => {
    setBusy(true)
    const taken = new Set(differ.filter((f) => of(f.key) === 'mine').map((f) => f.key))
    const content: Content = Object.fromEntries([
      ...Object.entries(theirs.content).filter(([key]) => !taken.has(key)),
      ...Object.entries(mine).filter(([key]) => taken.has(key)),
    ])
    await settle(content, differ.length === 0 || of('reason') === 'mine' ? myReason : (theirs.reason ?? ''))
    setBusy(false)
  }
  return (
    <Modal
      open
      title={t('form.twoVersions')}
      closable={false}
      footer={
        <div className="row wrap" style={{ justifyContent: 'flex-end' }}>
          <Button disabled={busy} onClick={() => void use(() => 'theirs')}>
            {t('form.useTheirs')}
          </Button>
          <Button disabled={busy} onClick={() => void use(() => 'mine')}>
            {t('form.useMine')}
          </Button>
          <Button type="primary" loading={busy} onClick={() => void use((key) => choice[key] ?? 'mine')}>
            {t('form.useChosen')}
          </Button>
        </div>
      }
    >
      <p>
        {t('form.twoVersionsText', {
          who: theirs.by,
          device: theirs.device || t('form.device'),
          when: dateTime(millis(theirs.at)),
        })}
      </p>
      {differ.map((f) => (
        <div key={f.key} className="formbox wide" style={{ marginTop: 10 }}>
          <span className="boxlabel" id={`two-${f.key}`}>
            {n(f.name)}
          </span>
          <Radio.Group
            className="bigchoice"
            aria-labelledby={`two-${f.key}`}
            value={choice[f.key] ?? 'mine'}
            onChange={(e) => setChoice((c) => ({ ...c, [f.key]: e.target.value as 'mine' | 'theirs' }))}
            options={[
              { value: 'mine', label: `${t('form.mine')}：${show(f, mine[f.key])}` },
              { value: 'theirs', label: `${t('form.theirs')}：${show(f, theirs.content[f.key])}` },
            ]}
          />
        </div>
      ))}
    </Modal>
  )
}

/** beginDraft begins to fill something in, or finds what was begun before. */
export const beginDraft = async (org: string, target: S['DraftTarget']): Promise<Draft> =>
  draftOf(await post<S['DraftView']>('/drafts', { org, ...target }))
