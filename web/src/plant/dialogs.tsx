import { Form, Input, Modal, Select } from 'antd'
import type { FormInstance } from 'antd'
import type { ReactNode } from 'react'

import { patch, post } from '../api/client'
import { keys, useTemplates } from '../api/queries'
import type { NodeKind, PlantNode, Text } from '../api/types'
import { useHere } from '../app/org'
import { fromLocalInput, toLocalInput, zone } from '../format/time'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { kindKey } from '../pages/overview'
import { Fault } from '../ui/states'
import { useSubmit, type Submit } from '../ui/submit'
import { pathTo } from './tree'

export interface Names {
  zh?: string
  en?: string
}

/** Ask is a dialog with a form: what is wrong with a field is shown there, all else below. */
export function Ask<F extends object>({
  title,
  ok,
  danger,
  form,
  submit,
  initial,
  close,
  finish,
  children,
}: {
  title: string
  ok: string
  danger?: boolean
  form: FormInstance<F>
  submit: Submit
  initial?: Partial<F>
  close: () => void
  finish: (fields: F) => void
  children: ReactNode
}) {
  const { t } = useI18n()
  return (
    <Modal
      open
      title={title}
      onCancel={close}
      okText={ok}
      okButtonProps={{ danger }}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={460}
    >
      <Form<F> form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={finish}>
        {children}
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={Object.keys(form.getFieldsValue(true) as object)} />}
    </Modal>
  )
}

export function NameFields() {
  const { t } = useI18n()
  const either = ({ getFieldValue }: { getFieldValue: (name: string) => unknown }) => ({
    validator: () =>
      getFieldValue('zh') || getFieldValue('en')
        ? Promise.resolve()
        : Promise.reject(new Error(t('plant.nameMissing'))),
  })
  return (
    <div className="formgrid">
      <Form.Item name="zh" label={t('plant.nameZh')} rules={[either]} dependencies={['en']}>
        <Input lang="zh-CN" autoFocus maxLength={120} />
      </Form.Item>
      <Form.Item name="en" label={t('plant.nameEn')}>
        <Input lang="en" maxLength={120} />
      </Form.Item>
    </div>
  )
}

export const nameOf = ({ zh, en }: Names): Text => ({ zh: zh?.trim() || en?.trim(), en: en?.trim() || zh?.trim() })

function WhenField({ name, label }: { name: string; label: string }) {
  const { t } = useI18n()
  return (
    <Form.Item
      name={name}
      label={label}
      extra={<span className="field-mend">{t('foot.zone', { zone: zone() })}</span>}
      rules={[{ required: true, message: t('span.missing') }]}
    >
      <Input type="datetime-local" step="1" />
    </Form.Item>
  )
}

const moment = (input: string) => new Date(fromLocalInput(input)).toISOString()

// A time that nobody changed means the moment at which the node does it: the field itself knows whole seconds only, and
// what was made a moment ago would be younger.
const chosen = (touched: boolean, input: string) => (touched ? moment(input) : undefined)

export function AddNode({
  kind,
  parent,
  close,
  added,
}: {
  kind: NodeKind
  parent?: PlantNode
  close: () => void
  added: (id: string) => void
}) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const templates = useTemplates()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Names & { template?: string }>()
  const save = (f: Names & { template?: string }) =>
    submit.run(async () => {
      const body = { org: org.id, kind, parent: parent?.id, name: nameOf(f), template: f.template }
      const made = await post<PlantNode>('/plant/nodes', body)
      await refreshed(keys.plant(org.id), keys.series(org.id), keys.latest(org.id))
      added(made.id)
    }, form)
  return (
    <Ask
      title={t('plant.add', { kind: t(kindKey[kind]) })}
      ok={t('plant.addDo')}
      form={form}
      submit={submit}
      close={close}
      finish={(f) => void save(f)}
    >
      {parent && (
        <p className="muted" style={{ marginBottom: 12 }}>
          {t('plant.under', { name: n(parent.name) })}
        </p>
      )}
      <NameFields />
      {kind === 'machine' && (
        <Form.Item
          name="template"
          label={t('plant.template')}
          extra={<span className="field-mend">{t('plant.templateHelp')}</span>}
        >
          <Select
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            loading={templates.isLoading}
            placeholder={t('plant.noTemplate')}
            options={(templates.data ?? []).map((x) => ({ value: x.id, label: n(x.name) }))}
          />
        </Form.Item>
      )}
    </Ask>
  )
}

export function ChangeNode({ node, close }: { node: PlantNode; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Names>()
  const save = async (f: Names) => {
    const ok = await submit.run(async () => {
      await patch(`/plant/nodes/${node.id}`, { name: nameOf(f) }, node.etag)
      await refreshed(keys.plant(org.id), keys.machine(node.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('plant.rename')}
      ok={t('save')}
      form={form}
      submit={submit}
      initial={{ zh: node.name.zh, en: node.name.en }}
      close={close}
      finish={(f) => void save(f)}
    >
      <NameFields />
    </Ask>
  )
}

const rank: NodeKind[] = ['site', 'area', 'line', 'machine']

export function MoveNode({ node, nodes, close }: { node: PlantNode; nodes: PlantNode[]; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  interface Fields {
    parent: string
    from: string
  }
  const [form] = Form.useForm<Fields>()
  const places = nodes
    .filter((p) => rank.indexOf(p.kind) < rank.indexOf(node.kind) && p.id !== node.parent)
    .filter((p) => !pathTo(nodes, p.id).some((above) => above.id === node.id))
    .map((p) => ({
      value: p.id,
      label: pathTo(nodes, p.id)
        .map((x) => n(x.name))
        .join(' › '),
    }))
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await post(`/plant/nodes/${node.id}/move`, {
        parent: f.parent,
        from: chosen(form.isFieldTouched('from'), f.from),
      })
      await refreshed(keys.plant(org.id), keys.machine(node.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('plant.moveTitle', { name: n(node.name) })}
      ok={t('plant.move')}
      form={form}
      submit={submit}
      initial={{ from: toLocalInput(nodeNow()) }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item
        name="parent"
        label={t('plant.moveTo')}
        rules={[{ required: true, message: t('field.missing', { name: t('plant.moveTo') }) }]}
      >
        <Select showSearch={{ optionFilterProp: 'label' }} options={places} placeholder={t('plant.movePick')} />
      </Form.Item>
      <WhenField name="from" label={t('plant.effective')} />
      <p className="muted">{t('plant.moveHelp')}</p>
    </Ask>
  )
}

export function RetireNode({ node, close }: { node: PlantNode; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  interface Fields {
    at: string
    reason: string
  }
  const [form] = Form.useForm<Fields>()
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await post(`/plant/nodes/${node.id}/retire`, {
        at: chosen(form.isFieldTouched('at'), f.at),
        reason: f.reason.trim(),
      })
      await refreshed(keys.plant(org.id), keys.machine(node.id), keys.series(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('plant.retireTitle', { name: n(node.name) })}
      ok={t('plant.retire')}
      danger
      form={form}
      submit={submit}
      initial={{ at: toLocalInput(nodeNow()) }}
      close={close}
      finish={(f) => void save(f)}
    >
      <p style={{ marginBottom: 12 }}>{t('plant.retireHelp')}</p>
      <WhenField name="at" label={t('plant.retireAt')} />
      <Form.Item
        name="reason"
        label={t('reason')}
        rules={[{ required: true, whitespace: true, message: t('plant.reasonMissing') }]}
      >
        <Input.TextArea rows={2} maxLength={500} />
      </Form.Item>
    </Ask>
  )
}
