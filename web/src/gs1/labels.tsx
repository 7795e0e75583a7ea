import { Form, InputNumber, Modal, Radio, Input } from 'antd'

import { base } from '../api/client'
import { accepted, lost, refused } from '../files/transfer'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { here, type Kind, type LabelSheet } from './queries'
import './gs1.css'

interface Values {
  kind: Kind
  text: string
  title: string
  count: number
  width: number
  height: number
  margin: number
  gap: number
  skip: number
  module: number
}

/** What a sheet usually is, in mm: 24 labels of 70 × 37 on A4. */
const usual = { width: 70, height: 37, margin: 0, gap: 0, skip: 0, module: 0.5, count: 24 }

/** LabelsDialog sets a sheet of labels for a thing and takes it as PDF. Measures are in mm. */
export function LabelsDialog({ text, title, close }: { text: string; title: string; close: () => void }) {
  const { t, lang } = useI18n()
  const submit = useSubmit()
  const [form] = Form.useForm<Values>()
  const um = (mm: number) => Math.round(mm * 1000)
  const print = (v: Values) =>
    submit.run(async () => {
      const sheet: LabelSheet = {
        kind: v.kind,
        stem: here(),
        width: um(v.width),
        height: um(v.height),
        margin: um(v.margin),
        gap: um(v.gap),
        skip: v.skip,
        module: um(v.module),
        bar: um(v.height / 2.5),
        labels: [{ text: v.text, title: v.title, count: v.count }],
      }
      let answer: Response
      try {
        answer = await fetch(`${base}/gs1/label-sheets`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Accept-Language': accepted(lang) },
          credentials: 'same-origin',
          body: JSON.stringify(sheet),
        })
      } catch {
        throw lost(lang)
      }
      if (!answer.ok) throw await refused(answer.status, await answer.text())
      save(await answer.blob(), 'labels.pdf')
      close()
    })
  const measure = (name: keyof Values, label: string, min: number, max: number, step = 1) => (
    <Form.Item name={name} label={label}>
      <InputNumber min={min} max={max} step={step} style={{ width: '100%' }} />
    </Form.Item>
  )
  return (
    <Modal
      open
      title={t('gs1.labels')}
      onCancel={close}
      okText={t('gs1.labelsDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={() => form.submit()}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: 'qr', text, title, ...usual }}
        onFinish={(v) => void print(v)}
      >
        <Form.Item name="kind" label={t('gs1.kind')}>
          <Radio.Group
            options={[
              { value: 'qr', label: t('gs1.qr') },
              { value: 'datamatrix', label: 'GS1 DataMatrix' },
              { value: 'gs1-128', label: 'GS1-128' },
            ]}
          />
        </Form.Item>
        <Form.Item name="text" label={t('gs1.form.bracketed')} extra={t('gs1.labelText')}>
          <Input maxLength={4000} />
        </Form.Item>
        <Form.Item name="title" label={t('gs1.labelTitle')}>
          <Input maxLength={100} />
        </Form.Item>
        <div className="gs1-pair">
          {measure('width', t('gs1.width'), 10, 210)}
          {measure('height', t('gs1.height'), 8, 297)}
          {measure('count', t('gs1.count'), 1, 2000)}
          {measure('skip', t('gs1.skip'), 0, 500)}
          {measure('margin', t('gs1.margin'), 0, 50)}
          {measure('gap', t('gs1.gap'), 0, 50, 0.5)}
          {measure('module', t('gs1.module'), 0.1, 3, 0.05)}
        </div>
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}
