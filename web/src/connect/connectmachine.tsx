import { Form, Input, Modal, Select } from 'antd'
import { useMemo } from 'react'

import { put } from '../api/client'
import { keys, usePlant } from '../api/queries'
import type { Gateway } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { pathTo } from '../plant/tree'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

interface Fields {
  machine: string
  link: string
  unit: string
}

/** ConnectMachine tells a gateway through which link, and as which unit behind it, a machine is read. */
export function ConnectMachine({ gateway, close }: { gateway: Gateway; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const plant = usePlant(org.id)
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const machines = useMemo(() => {
    const nodes = plant.data ?? []
    return nodes
      .filter((x) => x.kind === 'machine')
      .map((m) => ({
        value: m.id,
        label: pathTo(nodes, m.id)
          .map((p) => n(p.name))
          .join(' › '),
      }))
  }, [plant.data, n])
  const links = gateway.links
  const save = async ({ machine, link, unit }: Fields) => {
    const ok = await submit.run(async () => {
      await put(`/plant/machines/${machine}/connection`, { link, unit: unit.trim() })
      await refreshed(keys.connection(machine), keys.gateways(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Modal
      open
      title={t('connect.add')}
      onCancel={close}
      okText={t('connect.do')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ link: links[0]?.id, unit: '1' }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          name="machine"
          label={t('kind.machine')}
          rules={[{ required: true, message: t('field.missing', { name: t('kind.machine') }) }]}
        >
          <Select showSearch={{ optionFilterProp: 'label' }} options={machines} placeholder={t('connect.pick')} />
        </Form.Item>
        <Form.Item
          name="link"
          label={t('link.one')}
          rules={[{ required: true, message: t('field.missing', { name: t('link.one') }) }]}
        >
          <Select options={links.map((l) => ({ value: l.id, label: `${n(l.name)} ${l.endpoint}`.trim() }))} />
        </Form.Item>
        <Form.Item
          name="unit"
          label={t('connect.unit')}
          extra={<span className="field-mend">{t('connect.unitHelp')}</span>}
        >
          <Input maxLength={200} style={{ width: 240 }} />
        </Form.Item>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['machine', 'link', 'unit']} />}
    </Modal>
  )
}
