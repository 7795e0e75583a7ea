import { App, Form, Input, Select } from 'antd'

import { post, put } from '../api/client'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { ReasonField } from '../storage/reason'
import { useSubmit } from '../ui/submit'
import { dockingKeys, type NodeBelow, type NodeEntry, type NodeState } from './queries'

interface Fields {
  prefix: string
  role: NodeBelow['role']
  nameZh: string
  nameEn: string
  operatorZh: string
  operatorEn: string
  creditCode?: string
  division?: string
  keys: string
  probe?: string
  doors: string
  reason: string
}

const lines = (s: string) =>
  s
    .split('\n')
    .map((x) => x.trim())
    .filter((x) => x !== '')

const entry = (f: Fields): NodeEntry => ({
  prefix: f.prefix.trim(),
  role: f.role,
  name: { zh: f.nameZh.trim(), en: f.nameEn.trim() },
  operator: { zh: f.operatorZh.trim(), en: f.operatorEn.trim() },
  creditCode: f.creditCode?.trim() || undefined,
  division: f.division?.trim() || undefined,
  keys: lines(f.keys),
  probe: f.probe?.trim() || undefined,
  doors: lines(f.doors),
  reason: f.reason.trim(),
})

const entryOf = (n: NodeBelow, reason: string): NodeEntry => ({
  prefix: n.prefix,
  role: n.role,
  name: n.name,
  operator: n.operator,
  creditCode: n.creditCode,
  division: n.division,
  keys: n.keys,
  probe: n.probe,
  doors: n.doors,
  reason,
})

/** NodeDialog enters a node, or changes what is entered of one. */
export function NodeDialog({ of: n, close }: { of?: NodeBelow; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<Fields>()
  const submit = useSubmit()
  const refreshed = useRefreshed()
  const save = async (f: Fields) => {
    const done = await submit.run(async () => {
      if (n) await put(`/docking/nodes/${n.id}`, { ...entry(f), revision: n.revision })
      else await post(`/docking/nodes?org=${org.id}`, entry(f))
      await refreshed(dockingKeys.all())
    }, form)
    if (!done) return
    void message.success(t('docking.saved'))
    close()
  }
  const need = (label: string) => [{ required: true, message: t('field.missing', { name: label }) }]
  const text = (name: keyof Fields, label: string, help?: string, required = true) => (
    <Form.Item
      name={name}
      label={label}
      extra={help && <span className="field-mend">{help}</span>}
      rules={required ? need(label) : []}
    >
      <Input autoComplete="off" />
    </Form.Item>
  )
  const several = (name: keyof Fields, label: string, help: string) => (
    <Form.Item name={name} label={label} extra={<span className="field-mend">{help}</span>} rules={need(label)}>
      <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} className="mono" spellCheck={false} />
    </Form.Item>
  )
  return (
    <Ask
      title={t(n ? 'docking.edit' : 'docking.register')}
      ok={t('save')}
      form={form}
      submit={submit}
      initial={
        n
          ? {
              prefix: n.prefix,
              role: n.role,
              nameZh: n.name.zh,
              nameEn: n.name.en,
              operatorZh: n.operator.zh,
              operatorEn: n.operator.en,
              creditCode: n.creditCode,
              division: n.division,
              keys: n.keys.join('\n'),
              probe: n.probe,
              doors: n.doors.join('\n'),
            }
          : { role: 'secondary' }
      }
      close={close}
      finish={(f) => void save(f)}
    >
      {text('prefix', t('docking.prefix'), t('docking.prefixHelp'))}
      <Form.Item name="role" label={t('docking.role')}>
        <Select
          options={(['secondary', 'enterprise'] as const).map((r) => ({ value: r, label: t(`docking.role.${r}`) }))}
        />
      </Form.Item>
      {text('nameZh', t('docking.nameZh'))}
      {text('nameEn', t('docking.nameEn'))}
      {text('operatorZh', t('docking.operatorZh'))}
      {text('operatorEn', t('docking.operatorEn'))}
      {text('creditCode', t('docking.credit'), undefined, false)}
      {text('division', t('docking.division'), t('docking.divisionHelp'), false)}
      {several('keys', t('docking.keys'), t('docking.keysHelp'))}
      {text('probe', t('docking.probe'), t('docking.probeHelp'), false)}
      {several('doors', t('docking.doors'), t('docking.doorsHelp'))}
      <ReasonField hint={t('docking.reasonHint')} />
    </Ask>
  )
}

/** StateDialog moves a node to a state that may follow. */
export function StateDialog({ of: n, close }: { of: NodeBelow; close: () => void }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ state: NodeState; reason: string }>()
  const submit = useSubmit()
  const refreshed = useRefreshed()
  const save = async (f: { state: NodeState; reason: string }) => {
    const done = await submit.run(async () => {
      await put(`/docking/nodes/${n.id}`, { ...entryOf(n, f.reason.trim()), revision: n.revision, state: f.state })
      await refreshed(dockingKeys.all())
    }, form)
    if (!done) return
    void message.success(t('docking.saved'))
    close()
  }
  return (
    <Ask
      title={t('docking.move')}
      ok={t('save')}
      form={form}
      submit={submit}
      initial={{ state: n.next[0] }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item name="state" label={t('docking.moveTo')}>
        <Select options={n.next.map((s) => ({ value: s, label: t(`docking.state.${s}`) }))} />
      </Form.Item>
      <ReasonField hint={t('docking.reasonHint')} />
    </Ask>
  )
}
