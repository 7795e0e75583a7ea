import { App, Button, Drawer, Form, Input, Space } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { post } from '../api/client'
import type { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { dateTime, dateTimeMillis, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { allowed } from '../ui/role'
import { Answer } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { useValueText } from '../ui/valuetext'
import { isUndo, spanOf, type Correction, type Preview } from './asked'
import './correction.css'
import { Refusal } from './dialog'
import { PreviewView, type Of } from './preview'
import { useAfterwards, useCorrection, useNamed, useUndone, type Named } from './queries'
import { useWords } from './words'

/** CorrectionDrawer tells all of one correction, or of each of several, and undoes it. */
export function CorrectionDrawer({ ids, close }: { ids: string[]; close: () => void }) {
  const { t } = useI18n()
  const [chosen, setChosen] = useState(ids[0])
  return (
    <Drawer
      open
      onClose={close}
      placement="right"
      size={Math.min(620, window.innerWidth)}
      title={t('correction.one')}
      className="correct"
    >
      {ids.length > 1 && (
        <nav aria-label={t('correction.several', { n: ids.length })} style={{ marginBottom: 12 }}>
          <ol className="stack" style={{ gap: 4 }}>
            {ids.map((id) => (
              <li key={id}>
                <OneOf id={id} current={id === chosen} choose={() => setChosen(id)} />
              </li>
            ))}
          </ol>
        </nav>
      )}
      {chosen && <Detail key={chosen} id={chosen} go={setChosen} />}
    </Drawer>
  )
}

function OneOf({ id, current, choose }: { id: string; current: boolean; choose: () => void }) {
  const words = useWords()
  const one = useCorrection(id)
  return (
    <Button size="small" block type={current ? 'primary' : 'default'} aria-current={current} onClick={choose}>
      {one.data ? `${dateTime(millis(one.data.at))} · ${words.short(one.data)}` : id}
    </Button>
  )
}

function Detail({ id, go }: { id: string; go: (id: string) => void }) {
  const query = useCorrection(id)
  return (
    <Answer query={query} rows={8}>
      {(c) => <Told c={c} go={go} />}
    </Answer>
  )
}

function Told({ c, go }: { c: Correction; go: (id: string) => void }) {
  const { at, me, orgs } = useHere()
  const { t, n, lang } = useI18n()
  const words = useWords()
  const named = useNamed([c.series]).get(c.series)
  const undone = useUndone([c]).get(c.id)
  const span = spanOf(c, undone)
  const [undoing, setUndoing] = useState(false)
  const may = allowed(me, orgs, c.org, c.kind === 'enter' && !isUndo(c) ? 'operate' : 'configure')
  const trend = (asOf?: string) => {
    if (!span) return undefined
    const [from, to] = [Math.floor(millis(span.from)), Math.ceil(millis(span.to))]
    // A little more than what was corrected, so that it is seen beside what stands around it.
    const more = Math.max(30_000, Math.round((to - from) / 4))
    const query = new URLSearchParams({ s: c.series, from: String(from - more), to: String(to + more) })
    if (asOf) query.set('asOf', asOf)
    return at(`trend?${query.toString()}`)
  }
  const now = trend()
  const then = trend(new Date(Math.floor(millis(c.at))).toISOString())
  return (
    <div className="stack">
      <dl className="facts">
        <dt>{t('correction.what')}</dt>
        <dd>
          <strong>{words.short(c)}</strong> <StateTag c={c} />
        </dd>
        <dt>{t('correction.series')}</dt>
        <dd>
          <SeriesName named={named} id={c.series} />
        </dd>
        <dt>{t('correction.span')}</dt>
        <dd>{words.span(c, undone)}</dd>
        <dt>{t('correction.rowsChanged')}</dt>
        <dd>{whole(lang, c.rows)}</dd>
        <dt>{t('reason')}</dt>
        <dd className="prewrap">{c.reason}</dd>
        <dt>{t('correction.reference')}</dt>
        <dd>{c.reference ? <Reference text={c.reference} /> : <span className="muted">–</span>}</dd>
        <dt>{t('correction.by')}</dt>
        <dd>
          {c.by.name} <span className="muted">{dateTimeMillis(millis(c.at))}</span>
        </dd>
        {c.undoes && (
          <>
            <dt>{t('correction.undoes')}</dt>
            <dd>
              <Button size="small" type="link" className="inline-link" onClick={() => go(c.undoes ?? '')}>
                {t('correction.showUndone')}
              </Button>
            </dd>
          </>
        )}
        {c.undoneBy && (
          <>
            <dt>{t('correction.undoneBy')}</dt>
            <dd>
              <UndoneBy id={c.undoneBy} go={go} />
            </dd>
          </>
        )}
        <dt>{t('correction.commit')}</dt>
        <dd className="muted">{c.commit ?? '–'}</dd>
      </dl>
      {now && then && (
        <div className="row wrap">
          <Link to={now}>{t('correction.inTrend')}</Link>
          <Link to={then}>{t('correction.asBefore')}</Link>
        </div>
      )}
      {named && <Values c={c} named={named} label={t('correction.given')} name={n(named.series.name)} />}
      {may && c.undoneBy === undefined && c.state === 'applied' && named && (
        <section aria-label={t('correction.undo')} className="undoing">
          {undoing ? (
            <UndoForm c={c} of={ofNamed(named, n(named.series.name))} close={() => setUndoing(false)} go={go} />
          ) : (
            <Button onClick={() => setUndoing(true)}>{t('correction.undo')}</Button>
          )}
        </section>
      )}
    </div>
  )
}

const ofNamed = (named: Named, name: string): Of => ({
  id: named.series.id,
  name,
  unit: named.series.unit,
  type: named.series.type,
  values: named.machine?.points.find((p) => p.id === named.series.id)?.values,
})

function UndoneBy({ id, go }: { id: string; go: (id: string) => void }) {
  const by = useCorrection(id).data
  return (
    <Button size="small" type="link" className="inline-link" onClick={() => go(id)}>
      {by ? `${by.by.name} · ${dateTime(millis(by.at))}` : id}
    </Button>
  )
}

/** StateTag says where it stands: being carried out, undone, or nothing, which is that it counts. */
export function StateTag({ c }: { c: Correction }) {
  const { t } = useI18n()
  if (c.state === 'applying') return <span className="tag warning">{t('correction.state.applying')}</span>
  if (c.undoneBy) return <span className="tag">{t('correction.state.undone')}</span>
  return <span className="tag good">{t('correction.state.applied')}</span>
}

/** SeriesName is the machine's name, which leads to it, and the point's. */
export function SeriesName({ named, id }: { named: Named | undefined; id: string }) {
  const { at } = useHere()
  const { n } = useI18n()
  if (!named) return <code>{id}</code>
  return (
    <>
      {named.machine && (
        <>
          <Link to={at(`m/${named.machine.id}`)}>{n(named.machine.name)}</Link>
          {' · '}
        </>
      )}
      {n(named.series.name)} <span className="muted">{readableUnit(named.series.unit)}</span>
    </>
  )
}

/** Reference is a link where it is an address of the web, and text else. */
export function Reference({ text }: { text: string }) {
  if (!/^https?:\/\/\S+$/i.test(text)) return <>{text}</>
  return (
    <a href={text} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  )
}

const shown = 200

function Values({ c, named, label, name }: { c: Correction; named: Named; label: string; name: string }) {
  const { t } = useI18n()
  const text = useValueText()
  const of = ofNamed(named, name)
  const values = c.values ?? []
  if (values.length === 0) return null
  return (
    <div className="tablebox boxed" tabIndex={0} role="group" aria-label={label} style={{ maxHeight: 260 }}>
      <table className="data">
        <caption className="hidden-text">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{t('correction.time')}</th>
            <th scope="col">
              {t('value')} {readableUnit(of.unit)}
            </th>
          </tr>
        </thead>
        <tbody>
          {values.slice(0, shown).map((v) => (
            <tr key={v.time}>
              <th scope="row" className="nowrap" title={v.time}>
                {dateTimeMillis(millis(v.time))}
              </th>
              <td>{text(of, v.value as string | number | boolean)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {values.length > shown && <p className="muted">{t('correction.first', { n: shown })}</p>}
    </div>
  )
}

interface UndoFields {
  reason: string
  reference: string
}

function UndoForm({ c, of, close, go }: { c: Correction; of: Of; close: () => void; go: (id: string) => void }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const afterwards = useAfterwards()
  const [form] = Form.useForm<UndoFields>()
  const [asked, setAsked] = useState<{ why: UndoFields; preview: Preview }>()
  const submit = useSubmit()
  const preview = (why: UndoFields) =>
    submit.run(
      async () => setAsked({ why, preview: await post<Preview>(`/corrections/${c.id}/undo/preview`, why) }),
      form,
    )
  const look = (f: UndoFields) =>
    preview({
      reason: f.reason.trim(),
      ...(f.reference.trim() && { reference: f.reference.trim() }),
    } as UndoFields)
  const confirm = async () => {
    if (!asked) return
    let made: Correction | undefined
    const done = await submit.run(async () => {
      // What was looked at is what is undone: refused when a sample of it has changed since.
      const { basis } = asked.preview
      made = await post<Correction>(`/corrections/${c.id}/undo`, { ...asked.why, ...(basis !== '0' && { basis }) })
      void message.success(t('correction.undoneNow', { n: made.rows }))
      await afterwards()
    })
    if (done && made) go(made.id)
  }
  const problem: Problem | undefined = submit.problem
  return (
    <div className="stack">
      <p>{t('correction.undoHelp')}</p>
      {problem && <Refusal problem={problem} except={asked ? undefined : ['reason', 'reference']} />}
      <Form<UndoFields>
        form={form}
        hidden={asked !== undefined}
        layout="vertical"
        requiredMark={false}
        initialValues={{ reason: '', reference: '' }}
        onFinish={(f) => void look(f)}
      >
        <Form.Item
          name="reason"
          label={t('correction.undoReason')}
          rules={[{ required: true, whitespace: true, min: 3, max: 2000, message: t('correction.reasonMissing') }]}
        >
          <Input.TextArea autoFocus autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
        <Form.Item
          name="reference"
          label={t('correction.reference')}
          rules={[{ max: 500, message: t('correction.referenceLong') }]}
        >
          <Input placeholder={t('correction.referenceHint')} />
        </Form.Item>
        <Space>
          <Button type="primary" htmlType="submit" loading={submit.busy}>
            {t('correction.look')}
          </Button>
          <Button onClick={close}>{t('cancel')}</Button>
        </Space>
      </Form>
      {asked && (
        <>
          <PreviewView of={of} preview={asked.preview} />
          <Space>
            {problem?.code === 'correction-changed' ? (
              <Button type="primary" loading={submit.busy} onClick={() => void preview(asked.why)}>
                {t('correction.lookAgain')}
              </Button>
            ) : (
              <Button type="primary" danger loading={submit.busy} onClick={() => void confirm()}>
                {t('correction.undoConfirm', { n: asked.preview.rows })}
              </Button>
            )}
            <Button onClick={() => setAsked(undefined)}>{t('correction.back')}</Button>
          </Space>
        </>
      )}
    </div>
  )
}
