import { App, Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'

import { post, put } from '../api/client'
import { useHere } from '../app/org'
import { Documents } from '../facts/documents'
import type { Document } from '../facts/queries'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Num, readingKey } from '../targets/parts'
import { useConfirm } from '../ui/confirm'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { Graded } from './marks'
import { populationWords } from './population'
import { figureKeys, useIndicators, useManualRevisions, type Manual } from './queries'

/** What a value is entered beside; what is left out is chosen in the form. */
export interface Beside {
  indicator?: string
  filter?: string
  kind?: string
  period?: string
  baseline?: string
  reading?: string
  unit?: string
}

const tones: Record<Manual['state'], string> = { entered: 'tag warning', confirmed: 'tag good', withdrawn: 'tag' }

/** ManualTable lists values that people have entered, each with what may be done with it. */
export function ManualTable({ list, label, named }: { list: Manual[]; label: string; named?: boolean }) {
  const [open, setOpen] = useState<{ what: 'revise' | 'withdraw' | 'history'; of: Manual }>()
  const close = () => setOpen(undefined)
  return (
    <>
      <DataTable
        label={label}
        className="cards roomy manuals"
        columns={[
          named ? 'figures.indicator' : 'figures.reading',
          { num: 'figures.value' },
          'figures.state',
          'figures.by',
          'figures.why',
          { hidden: 'figures.actions' },
        ]}
      >
        <tbody>
          {list.map((m) => (
            <Row key={m.id} of={m} named={named} open={(what) => setOpen({ what, of: m })} />
          ))}
        </tbody>
      </DataTable>
      {open?.what === 'revise' && <EnterDialog revise={open.of} beside={{}} filters={[]} close={close} />}
      {open?.what === 'withdraw' && <WithdrawDialog of={open.of} close={close} />}
      {open?.what === 'history' && <HistoryDialog of={open.of} close={close} />}
    </>
  )
}

function Row({
  of: m,
  named,
  open,
}: {
  of: Manual
  named?: boolean
  open: (what: 'revise' | 'withdraw' | 'history') => void
}) {
  const { may } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const where = `${n(m.of.name)} ${m.of.period.label}`
  return (
    <tr>
      <th scope="row">
        <div>
          {named && (
            <div>
              {n(m.of.name)} · {m.of.period.label}
            </div>
          )}
          <div className={named ? 'muted small' : undefined}>
            {t(readingKey(m.reading))} {named && <>· {populationWords(m.of.filter, i18n)}</>}
          </div>
        </div>
      </th>
      <td data-label={t('figures.value')} className="num">
        <div>
          <Said of={m} /> <Graded grade={m.grade} short />
        </div>
      </td>
      <td data-label={t('figures.state')}>
        <span className={tones[m.state]}>{t(`figures.manual.${m.state}`)}</span>
      </td>
      <td data-label={t('figures.by')}>
        <div>
          {t('figures.enteredBy', { name: m.entered.name })}
          <div className="muted small">
            {m.by.name} · {dateTime(millis(m.at))}
          </div>
        </div>
      </td>
      <td data-label={t('figures.why')} className="words">
        {m.reason}
        {m.checkedBy && <span className="muted small"> · {m.checkedBy}</span>}
      </td>
      <td data-label={t('figures.actions')}>
        <div className="row wrap">
          {may('configure') && m.state === 'entered' && <Confirm of={m} where={where} />}
          {may('configure') && m.state !== 'withdrawn' && (
            <>
              <Button size="small" aria-label={`${t('figures.revise')} ${where}`} onClick={() => open('revise')}>
                {t('figures.revise')}
              </Button>
              <Button
                size="small"
                danger
                aria-label={`${t('figures.withdraw')} ${where}`}
                onClick={() => open('withdraw')}
              >
                {t('figures.withdraw')}
              </Button>
            </>
          )}
          <Button
            size="small"
            type="text"
            aria-label={`${t('figures.history')} ${where}`}
            onClick={() => open('history')}
          >
            {t('figures.history')}
          </Button>
        </div>
      </td>
    </tr>
  )
}

function Said({ of: m }: { of: Manual }) {
  return m.number ? <Num of={m.number} /> : <b>{`${m.value} ${m.unit}`}</b>
}

/** Confirm is for another person than the one who entered the value. */
function Confirm({ of: m, where }: { of: Manual; where: string }) {
  const { me } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const own = m.entered.id === me.person.id
  return (
    <Button
      size="small"
      type="primary"
      disabled={own}
      title={own ? t('figures.confirmOwn') : undefined}
      aria-label={`${t('figures.confirm')} ${where}`}
      onClick={() =>
        confirm({
          title: t('figures.confirmTitle'),
          text: t('figures.confirmText', { value: `${m.value} ${m.unit}` }),
          ok: t('figures.confirm'),
          work: async () => {
            await post(`/manual-figures/${m.id}/confirmation`, { basis: Number(m.revision) })
            await refreshed(figureKeys.all())
            void message.success(t('figures.confirmed'))
          },
        })
      }
    >
      {t('figures.confirm')}
    </Button>
  )
}

interface Fields {
  indicator: string
  filter: string
  kind: string
  period: string
  baseline?: string
  reading: string
  value: string
  unit: string
  grade: 'E0' | 'E1' | 'E2'
  documents?: Document[]
  checkedBy?: string
  reason: string
}

/** EnterDialog enters a value beside the computed one, or corrects one that was entered. */
export function EnterDialog({
  beside,
  revise: m,
  filters,
  close,
}: {
  beside: Beside
  revise?: Manual
  filters: string[]
  close: () => void
}) {
  const { org } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const indicators = useIndicators()
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const said = Form.useWatch((f) => f, form) as Partial<Fields> | undefined
  const chosen = indicators.data?.find((d) => d.id === (said?.indicator ?? beside.indicator))
  const grade = said?.grade ?? m?.grade ?? 'E0'
  const save = async (f: Fields) => {
    const value = {
      value: f.value.trim(),
      unit: f.unit.trim(),
      grade: f.grade,
      document: f.grade === 'E0' ? undefined : (f.documents?.at(-1)?.id ?? m?.document),
      checkedBy: f.grade === 'E2' ? f.checkedBy?.trim() : undefined,
      reason: f.reason,
    }
    const ok = await saving.run(async () => {
      if (m) await put(`/manual-figures/${m.id}`, { ...value, basis: Number(m.revision) })
      else
        await post('/manual-figures', {
          ...value,
          org: org.id,
          indicator: f.indicator,
          filter: f.filter,
          kind: f.kind,
          period: f.period.trim(),
          baseline: f.baseline || undefined,
          reading: f.reading,
        })
      await refreshed(figureKeys.all())
    }, form)
    if (!ok) return
    void message.success(t('figures.entered'))
    close()
  }
  const needed = (label: string) => [{ required: true, message: t('field.missing', { name: label }) }]
  const kinds = ['year', 'quarter', 'month', 'moment', 'day'] as const
  return (
    <Modal
      open
      width={640}
      title={t(m ? 'figures.reviseTitle' : 'figures.enterTitle')}
      okText={t(m ? 'save' : 'figures.enter')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
      mask={{ closable: false }}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={
          m ? { ...m, documents: [] } : { filter: 'all', grade: 'E1', kind: 'year', documents: [], ...beside }
        }
        onValuesChange={(changed: Partial<Fields>) => {
          const d = indicators.data?.find((x) => x.id === changed.indicator)
          if (d) form.setFieldsValue({ kind: d.period, reading: d.readings[0] ?? 'value', unit: d.unit })
        }}
        onFinish={(f) => void save(f)}
      >
        <p className="muted" style={{ marginBottom: 12 }}>
          {t('figures.enterHelp')}
        </p>
        {saving.problem && <Fault problem={saving.problem} except={Object.keys(form.getFieldsValue())} />}
        {!m && (
          <>
            <Form.Item name="indicator" label={t('figures.indicator')} rules={needed(t('figures.indicator'))}>
              <Select
                disabled={Boolean(beside.indicator)}
                loading={indicators.isPending}
                showSearch={{ optionFilterProp: 'label' }}
                options={indicators.data?.map((d) => ({ value: d.id, label: n(d.name) }))}
              />
            </Form.Item>
            <div className="formgrid">
              <Form.Item name="filter" label={t('figures.population')}>
                <Select
                  disabled={Boolean(beside.filter)}
                  options={[...new Set(['all', ...filters])].map((f) => ({
                    value: f,
                    label: populationWords(f, i18n),
                  }))}
                />
              </Form.Item>
              <Form.Item name="reading" label={t('figures.reading')} rules={needed(t('figures.reading'))}>
                <Select
                  options={(chosen?.of === 'region' ? ['value'] : (chosen?.readings ?? [])).map((r) => ({
                    value: r,
                    label: t(readingKey(r)),
                  }))}
                />
              </Form.Item>
            </div>
            <div className="formgrid">
              <Form.Item name="kind" label={t('figures.kind')}>
                <Select
                  disabled={Boolean(beside.kind)}
                  options={kinds.map((k) => ({ value: k, label: t(`figures.kind.${k}`) }))}
                />
              </Form.Item>
              <Form.Item name="period" label={t('figures.period')} rules={needed(t('figures.period'))}>
                <Input disabled={Boolean(beside.period)} placeholder="2025 · 2025-Q4 · 2025-12 · 2025-12-31" />
              </Form.Item>
            </div>
          </>
        )}
        <div className="formgrid">
          <Form.Item name="value" label={t('figures.value')} rules={needed(t('figures.value'))}>
            <Input inputMode="decimal" autoComplete="off" />
          </Form.Item>
          <Form.Item name="unit" label={t('figures.unit')} rules={needed(t('figures.unit'))}>
            <Input autoComplete="off" />
          </Form.Item>
          <Form.Item name="grade" label={t('figures.grade')}>
            <Select
              options={(['E0', 'E1', 'E2'] as const).map((g) => ({
                value: g,
                label: `${g} ${t(`figures.grade.${g}`)}`,
              }))}
            />
          </Form.Item>
        </div>
        {grade !== 'E0' && (
          <Form.Item
            name="documents"
            label={t('figures.document')}
            rules={m?.document ? [] : [{ required: true, type: 'array', min: 1, message: t('figures.documentNeeded') }]}
          >
            <Documents />
          </Form.Item>
        )}
        {grade === 'E2' && (
          <Form.Item name="checkedBy" label={t('figures.checkedBy')} rules={needed(t('figures.checkedBy'))}>
            <Input maxLength={200} />
          </Form.Item>
        )}
        <Form.Item name="reason" label={t('figures.why')} rules={needed(t('figures.why'))}>
          <Input.TextArea maxLength={2000} autoSize={{ minRows: 2 }} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

function WithdrawDialog({ of: m, close }: { of: Manual; close: () => void }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ reason: string }>()
  const saving = useSubmit()
  const save = async (f: { reason: string }) => {
    const ok = await saving.run(async () => {
      await post(`/manual-figures/${m.id}/withdrawal`, { basis: Number(m.revision), reason: f.reason })
      await refreshed(figureKeys.all())
    }, form)
    if (!ok) return
    void message.success(t('figures.withdrawn'))
    close()
  }
  const label = t('figures.why')
  return (
    <Modal
      open
      title={t('figures.withdrawTitle')}
      okText={t('figures.withdraw')}
      okButtonProps={{ danger: true }}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form form={form} layout="vertical" onFinish={(f: { reason: string }) => void save(f)}>
        <p style={{ marginBottom: 12 }}>{t('figures.withdrawText')}</p>
        {saving.problem && <Fault problem={saving.problem} except={['reason']} />}
        <Form.Item
          name="reason"
          label={label}
          rules={[{ required: true, message: t('field.missing', { name: label }) }]}
        >
          <Input.TextArea maxLength={2000} autoSize={{ minRows: 2 }} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

function HistoryDialog({ of: m, close }: { of: Manual; close: () => void }) {
  const { t } = useI18n()
  const revisions = useManualRevisions(m.id)
  return (
    <Modal open width={680} title={t('figures.historyTitle')} footer={null} onCancel={close}>
      <Answer query={revisions} rows={3}>
        {(list) => (
          <DataTable
            label={t('figures.historyTitle')}
            className="roomy"
            columns={['figures.when', { num: 'figures.value' }, 'figures.state', 'figures.by', 'figures.why']}
          >
            <tbody>
              {list.map((x) => (
                <tr key={x.revision}>
                  <th scope="row" className="nowrap">
                    {dateTime(millis(x.at))}
                  </th>
                  <td className="num">
                    <Said of={x} /> <Graded grade={x.grade} short />
                  </td>
                  <td>
                    <span className={tones[x.state]}>{t(`figures.manual.${x.state}`)}</span>
                  </td>
                  <td>{x.by.name}</td>
                  <td className="words">{x.reason}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </Modal>
  )
}
