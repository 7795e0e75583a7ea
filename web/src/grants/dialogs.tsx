import { App, Form, Input, Modal, Select } from 'antd'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { grantKeys, useGrantReads, type Choices, type Grant } from './queries'

interface Fields {
  toCreditCode: string
  person?: string
  kind: string
  subject: string
  fields?: string[]
  purpose: string
  words: string
  until: string
  basis?: string
}

/** GiveDialog gives a grant. */
export function GiveDialog({ choices, close }: { choices: Choices; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const kind = (Form.useWatch('kind', form) as string | undefined) ?? choices.things[0]?.kind
  const subject = Form.useWatch('subject', form)
  const thing = choices.things.find((x) => x.kind === kind)
  const chosen = thing?.subjects.find((x) => x.id === subject)
  const save = async (f: Fields) => {
    const done = await saving.run(async () => {
      await post('/grants', {
        from: org.id,
        toCreditCode: f.toCreditCode,
        person: f.person?.trim() || undefined,
        kind: f.kind,
        subject: f.subject,
        fields: f.fields && f.fields.length > 0 ? f.fields : undefined,
        purpose: f.purpose,
        words: f.words,
        until: new Date(new Date(`${f.until}T00:00:00+08:00`).getTime() + 86_400_000).toISOString(),
        basis: f.basis,
      })
      await refreshed(grantKeys.all())
    }, form)
    if (!done) return
    void message.success(t('grants.done'))
    close()
  }
  const needed = (label: string) => [{ required: true, message: label }]
  return (
    <Modal
      open
      title={t('grants.new')}
      okText={t('grants.give')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
      mask={{ closable: false }}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={{ kind: choices.things[0]?.kind, purpose: choices.purposes[0]?.id }}
        onFinish={(f) => void save(f)}
      >
        {saving.problem && <Fault problem={saving.problem} except={Object.keys(form.getFieldsValue())} />}
        <Form.Item name="toCreditCode" label={t('grants.code')} rules={needed(t('grants.code'))}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="kind" label={t('grants.thing')}>
          <Select
            options={choices.things.map((x) => ({ value: x.kind, label: n(x.name) }))}
            onChange={() => form.setFieldsValue({ subject: undefined, fields: [] })}
          />
        </Form.Item>
        <Form.Item name="subject" label={t('grants.which')} rules={needed(t('grants.which'))}>
          <Select
            aria-label={t('grants.which')}
            options={thing?.subjects.map((x) => ({ value: x.id, label: n(x.name) }))}
            onChange={() => form.setFieldsValue({ fields: [] })}
          />
        </Form.Item>
        <Form.Item name="fields" label={t('grants.fields')} extra={t('grants.fieldsHelp')}>
          <Select
            mode="multiple"
            allowClear
            disabled={!chosen}
            options={chosen?.fields.map((f) => ({
              value: f.key,
              label: f.restricted ? t('grants.restricted', { name: n(f.name) }) : n(f.name),
            }))}
          />
        </Form.Item>
        <Form.Item name="purpose" label={t('grants.purpose')}>
          <Select options={choices.purposes.map((p) => ({ value: p.id, label: n(p.name) }))} />
        </Form.Item>
        <Form.Item name="words" label={t('grants.words')} rules={needed(t('grants.words'))}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2 }} />
        </Form.Item>
        <Form.Item name="until" label={t('grants.lastDay')} rules={needed(t('grants.lastDay'))}>
          <Input type="date" />
        </Form.Item>
        <Form.Item name="basis" label={t('grants.basis')}>
          <Input maxLength={300} />
        </Form.Item>
        <Form.Item name="person" label={t('grants.person')}>
          <Input autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  )
}

/** EndDialog ends a grant at once. */
export function EndDialog({ grant: g, close }: { grant: Grant; close: () => void }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ reason: string }>()
  const saving = useSubmit()
  const save = async (f: { reason: string }) => {
    const done = await saving.run(async () => {
      await post(`/grants/${g.id}/end`, f)
      await refreshed(grantKeys.all())
    }, form)
    if (!done) return
    void message.success(t('grants.finished'))
    close()
  }
  return (
    <Modal
      open
      title={t('grants.endTitle')}
      okText={t('grants.end')}
      okButtonProps={{ danger: true }}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form form={form} layout="vertical" onFinish={(f: { reason: string }) => void save(f)}>
        <p>{t('grants.endText')}</p>
        {saving.problem && <Fault problem={saving.problem} except={['reason']} />}
        <Form.Item name="reason" label={t('grants.reason')} rules={[{ required: true, message: t('grants.reason') }]}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2 }} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

/** ReadsDialog tells the giver who looked, by day. */
export function ReadsDialog({ grant: g, close }: { grant: Grant; close: () => void }) {
  const { t, n } = useI18n()
  const reads = useGrantReads(g.id)
  return (
    <Modal open title={`${t('grants.reads')} · ${n(g.to.name)}`} footer={null} onCancel={close}>
      <Answer query={reads} rows={3} empty={(list) => list.length === 0 && <Blank title={t('grants.noReads')} />}>
        {(list) => (
          <DataTable
            label={t('grants.reads')}
            columns={['grants.day', 'grants.who', { num: 'grants.times' }, { num: 'grants.things' }]}
          >
            <tbody>
              {list.map((r, i) => (
                <tr key={i} title={dateTime(millis(r.last))}>
                  <th scope="row">{r.day}</th>
                  <td>{r.name}</td>
                  <td className="num">{r.reads}</td>
                  <td className="num">{r.things}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </Modal>
  )
}
