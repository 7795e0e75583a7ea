import { App, Button, Drawer, Form, Input, Radio, Select, Space } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { fromLocalInput, zone } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import type { Interval } from '../trend/segments'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { kinds, requestOf, rowOf, type Correction, type CorrectionRequest, type Kind, type Preview } from './asked'
import './correction.css'
import { EnterTable, SetTable } from './givens'
import { PreviewView, type Of } from './preview'
import { useAfterwards } from './queries'
import { readRows, type Given, type Row, type RowFault } from './rows'
import { momentInput } from './time'
import { kindHelp, kindKey, offered, spanText, useWords } from './words'

interface Fields {
  kind: Kind
  series: string
  from: string
  to: string
  code: number
  other: string
  factor: string
  offset: string
  reason: string
  reference: string
}

interface Props {
  /** The series that may be chosen: with all kinds, or only to enter values. */
  series: (Of & { all: boolean })[]
  first: string
  span: Interval
  /** The span that the dialog is about, to be shown in the drawing. */
  onSpan: (span: Interval) => void
  close: () => void
}

const otherCode = -1

/** CorrectDialog corrects the samples of a span: what to do and why, then a look at what it would do, then it is done. */
export function CorrectDialog({ series, first, span, onSpan, close }: Props) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const words = useWords()
  const afterwards = useAfterwards()
  const [form] = Form.useForm<Fields>()
  // Undefined until the form stands.
  const id = (Form.useWatch('series', form) as string | undefined) ?? first
  const of = series.find((s) => s.id === id) ?? series[0]
  const offeredKinds = of?.all ? kinds : (['enter'] as Kind[])
  const kind = (Form.useWatch('kind', form) as Kind | undefined) ?? offeredKinds[0] ?? 'enter'
  const code = Form.useWatch('code', form)
  // What is read of the samples goes with a span that is whole, not with each key that is typed.
  const [whole, setWhole] = useState(span)
  const [edits, setEdits] = useState<ReadonlyMap<string, string>>(new Map())
  const [rows, setRows] = useState<Row[]>([{ time: momentInput(span.from).replace('T', ' '), value: '' }])
  const [faults, setFaults] = useState<ReadonlyMap<number, RowFault | { text: string }>>(new Map())
  const [missing, setMissing] = useState<string>()
  const [asked, setAsked] = useState<{ request: CorrectionRequest; preview: Preview }>()
  const submit = useSubmit()
  if (!of) return null
  const numeric = of.type === 'float64' || of.type === 'int64'
  const withSpan = kind !== 'enter'

  const given = (): { values: Given[] } | undefined => {
    setMissing(undefined)
    setFaults(new Map())
    if (kind !== 'set' && kind !== 'enter') return { values: [] }
    const typed = kind === 'enter' ? rows : [...edits].map(([time, value]) => ({ time, value }))
    const read = readRows(typed, of.type)
    if (read.faults.size > 0) {
      if (kind === 'enter') setFaults(read.faults)
      else setMissing(t('correction.fault.value'))
      return undefined
    }
    if (read.values.length === 0) {
      setMissing(t(kind === 'set' ? 'correction.noEdits' : 'correction.noRows'))
      return undefined
    }
    // Sorted, so that what the node says of a place is said of the row there.
    if (kind === 'enter') setRows(read.rows)
    return { values: read.values }
  }

  const look = async (f: Fields) => {
    const held = given()
    if (!held) return
    const request = requestOf({
      kind,
      span: whole,
      factor: f.factor,
      offset: f.offset,
      status: f.code === otherCode ? parseInt(f.other, 16) : f.code,
      values: held.values,
      reason: f.reason,
      reference: f.reference,
    })
    await again(request)
  }
  const again = async (request: CorrectionRequest) => {
    setAsked(undefined)
    await submit.run(async () => {
      try {
        setAsked({ request, preview: await post<Preview>(`/series/${of.id}/corrections/preview`, request) })
      } catch (e) {
        if (e instanceof Problem) tellRow(e, (request.values ?? []) as Given[])
        throw e
      }
    }, form)
  }
  const tellRow = (problem: Problem, values: Given[]) => {
    const told = rowOf(problem, values)
    if (!told) return
    if (kind === 'enter') setFaults(new Map([[told.row, { text: told.message }]]))
    else setMissing(told.message)
  }
  const confirm = async () => {
    if (!asked) return
    const body = { ...asked.request, ...(asked.preview.basis !== '0' && { basis: asked.preview.basis }) }
    const done = await submit.run(async () => {
      const made = await post<Correction>(`/series/${of.id}/corrections`, body)
      void message.success(t(made.state === 'applied' ? 'correction.done' : 'correction.applying', { n: made.rows }))
      await afterwards()
    })
    if (done) close()
  }
  const typedSpan = (f: Partial<Fields>) => {
    const next = { from: fromLocalInput(f.from ?? ''), to: fromLocalInput(f.to ?? '') }
    if (!(next.from > 0 && next.to > next.from)) return
    setWhole(next)
    setEdits(new Map())
    onSpan(next)
  }
  const number = (integer: boolean) => ({
    pattern: integer ? /^\s*[+-]?\d+\s*$/ : /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i,
    message: t(integer ? 'correction.integer' : 'trends.number'),
  })

  const footer = asked ? (
    <Space>
      <Button onClick={() => setAsked(undefined)}>{t('correction.back')}</Button>
      {submit.problem?.code === 'correction-changed' ? (
        <Button type="primary" loading={submit.busy} onClick={() => void again(asked.request)}>
          {t('correction.lookAgain')}
        </Button>
      ) : (
        <Button type="primary" danger={kind === 'withdraw'} loading={submit.busy} onClick={() => void confirm()}>
          {t(kind === 'enter' ? 'correction.confirmEnter' : 'correction.confirm', { n: asked.preview.rows })}
        </Button>
      )}
    </Space>
  ) : (
    <Space>
      <Button onClick={close}>{t('cancel')}</Button>
      <Button type="primary" loading={submit.busy} onClick={() => form.submit()}>
        {t('correction.look')}
      </Button>
    </Space>
  )

  return (
    <Drawer
      open
      mask={false}
      onClose={close}
      placement="right"
      size={Math.min(620, window.innerWidth)}
      title={t(of.all ? 'correction.title' : 'correction.titleEnter')}
      footer={footer}
      className="correct"
    >
      <div hidden={asked === undefined}>
        {asked && (
          <div className="stack">
            <dl className="facts">
              <dt>{t('correction.what')}</dt>
              <dd>
                {words.short(asked.request)} · {of.name}
              </dd>
              {withSpan && kind !== 'set' && (
                <>
                  <dt>{t('correction.span')}</dt>
                  <dd>{spanText(whole.from, whole.to)}</dd>
                </>
              )}
              <dt>{t('reason')}</dt>
              <dd>{asked.request.reason}</dd>
            </dl>
            {submit.problem && <Refusal problem={submit.problem} />}
            <PreviewView of={of} preview={asked.preview} />
            <p className="muted">{t('correction.kept')}</p>
          </div>
        )}
      </div>
      <Form<Fields>
        form={form}
        hidden={asked !== undefined}
        layout="vertical"
        requiredMark={false}
        scrollToFirstError
        initialValues={{
          kind: offeredKinds[0],
          series: first,
          from: momentInput(span.from),
          to: momentInput(span.to),
          code: 0x80000000,
          other: '',
          factor: '',
          offset: '',
          reason: '',
          reference: '',
        }}
        onValuesChange={(part, all) => {
          submit.clear()
          setMissing(undefined)
          if ('from' in part || 'to' in part) typedSpan(all)
          if ('series' in part) {
            setEdits(new Map())
            const next = series.find((s) => s.id === part.series)
            if (!next?.all) form.setFieldValue('kind', 'enter')
            else if (kind === 'scale' && next.type !== 'float64' && next.type !== 'int64')
              form.setFieldValue('kind', 'status')
          }
        }}
        onFinish={(f) => void look(f)}
      >
        {submit.problem && !asked && (
          <Refusal
            problem={submit.problem}
            except={['reason', 'reference', 'from', 'to', 'factor', 'offset', 'code']}
          />
        )}
        <Form.Item name="series" label={t('correction.series')}>
          <Select
            options={series.map((s) => ({ value: s.id, label: `${s.name} ${readableUnit(s.unit)}` }))}
            disabled={series.length === 1}
          />
        </Form.Item>
        {offeredKinds.length > 1 && (
          <Form.Item name="kind" label={t('correction.what')}>
            <Radio.Group className="kinds">
              {offeredKinds.map((k) => (
                <Radio key={k} value={k} disabled={k === 'scale' && !numeric}>
                  {t(kindKey[k])}
                </Radio>
              ))}
            </Radio.Group>
          </Form.Item>
        )}
        <p className="muted help">{t(kindHelp[kind])}</p>
        {withSpan && (
          <>
            <div className="two">
              <Form.Item name="from" label={t('span.from')} rules={[{ required: true, message: t('span.missing') }]}>
                <Input type="datetime-local" step="0.001" />
              </Form.Item>
              <Form.Item
                name="to"
                label={t('span.to')}
                dependencies={['from']}
                rules={[
                  { required: true, message: t('span.missing') },
                  ({ getFieldValue }) => ({
                    validator: (_, v: string) =>
                      v === '' || fromLocalInput(v) > fromLocalInput(getFieldValue('from') as string)
                        ? Promise.resolve()
                        : Promise.reject(new Error(t('span.order'))),
                  }),
                ]}
              >
                <Input type="datetime-local" step="0.001" />
              </Form.Item>
            </div>
            <p className="muted help">{zone()}</p>
          </>
        )}
        {kind === 'status' && (
          <div className="two">
            <Form.Item name="code" label={t('correction.newStatus')}>
              <Select
                options={[
                  ...offered.map((s) => ({ value: s.code, label: `${t(s.words)} · ${s.name}` })),
                  { value: otherCode, label: t('correction.otherStatus') },
                ]}
              />
            </Form.Item>
            {code === otherCode && (
              <Form.Item
                name="other"
                label={t('correction.code')}
                rules={[{ required: true, pattern: /^\s*(0x)?[0-9a-f]{8}\s*$/i, message: t('correction.codeHelp') }]}
              >
                <Input placeholder="0x808C0000" />
              </Form.Item>
            )}
          </div>
        )}
        {kind === 'scale' && (
          <div className="two">
            <Form.Item name="factor" label={t('correction.factor')} rules={[number(of.type === 'int64')]}>
              <Input inputMode="decimal" placeholder="1" />
            </Form.Item>
            <Form.Item name="offset" label={t('correction.offset')} rules={[number(of.type === 'int64')]}>
              <Input inputMode="decimal" placeholder="0" suffix={readableUnit(of.unit)} />
            </Form.Item>
          </div>
        )}
        {kind === 'set' && <SetTable of={of} span={whole} edits={edits} onEdits={setEdits} />}
        {kind === 'enter' && (
          <EnterTable
            of={of}
            rows={rows}
            faults={faults}
            onRows={(next) => {
              setRows(next)
              setFaults(new Map())
              setMissing(undefined)
            }}
          />
        )}
        {missing && (
          <p className="state is-bad" role="alert" style={{ margin: '0 0 12px' }}>
            {missing}
          </p>
        )}
        <Form.Item
          name="reason"
          label={t('reason')}
          rules={[{ required: true, whitespace: true, min: 3, max: 2000, message: t('correction.reasonMissing') }]}
        >
          <Input.TextArea rows={2} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
        <Form.Item
          name="reference"
          label={t('correction.reference')}
          rules={[{ max: 500, message: t('correction.referenceLong') }]}
        >
          <Input placeholder={t('correction.referenceHint')} />
        </Form.Item>
      </Form>
    </Drawer>
  )
}

/** Refusal is what the node says, and in words who may what where it is a matter of that. */
export function Refusal({ problem, except }: { problem: Problem; except?: string[] }) {
  const { t } = useI18n()
  return (
    <div style={{ marginBottom: 12 }}>
      <Fault problem={problem} except={except} />
      {problem.status === 403 && <p style={{ marginTop: 6 }}>{t('correction.whoMay')}</p>}
    </div>
  )
}
