import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { patch, post } from '../api/client'
import { useDrivers } from '../api/queries'
import type { Gateway, GatewayLink } from '../api/types'
import { useI18n } from '../i18n'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { configOf, isSchema, type Schema } from './schema'
import { SchemaFields } from './schemaform'

/** What nearly everybody fills in; the rest waits behind a button. */
const usual = new Set(['unit', 'order', 'responseTimeoutMs', 'origin'])

type Fields = Record<string, unknown> & { name: string }

interface Props {
  gateway: Gateway
  link?: GatewayLink
  close: () => void
  done: () => void
}

const driver = 'modbus'

/** LinkDialog adds a Modbus TCP link to a gateway, or changes one. The fields are those of the driver's schema. */
export function LinkDialog(props: Props) {
  const { t } = useI18n()
  const drivers = useDrivers()
  const name = props.link?.driver ?? driver
  const schema = drivers.data?.find((d) => d.name === name)?.schema
  if (isSchema(schema)) return <LinkForm {...props} driver={name} schema={schema} />
  return (
    <Modal open title={props.link ? t('link.edit') : t('link.add')} onCancel={props.close} footer={null} width={520}>
      {drivers.data ? <Blank title={t('link.noDriver', { name })} /> : <Answer query={drivers}>{() => null}</Answer>}
    </Modal>
  )
}

function LinkForm({ gateway, link, close, done, driver, schema }: Props & { driver: string; schema: Schema }) {
  const { t, n } = useI18n()
  const [form] = Form.useForm<Fields>()
  const submit = useSubmit()
  const [more, setMore] = useState(false)
  const save = async (fields: Fields) => {
    const body = { name: fields.name, config: configOf(schema, fields) }
    const ok = await submit.run(
      () =>
        link ? patch(`/links/${link.id}`, body, link.etag) : post(`/gateways/${gateway.id}/links`, { driver, ...body }),
      form,
    )
    if (ok) done()
  }
  return (
    <Modal
      open
      title={link ? t('link.edit') : t('link.add')}
      onCancel={close}
      okText={t('save')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={520}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: n(link?.name), ...(link?.config ?? {}) }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          name="name"
          label={t('name')}
          rules={[{ required: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus placeholder={t('link.nameHint')} />
        </Form.Item>
        <SchemaFields schema={schema} only={(f) => f.required} />
        <div className="formgrid">
          <SchemaFields schema={schema} only={(f) => !f.required && usual.has(f.name)} />
        </div>
        <div className="formgrid" hidden={!more}>
          <SchemaFields schema={schema} only={(f) => !f.required && !usual.has(f.name)} />
        </div>
        <Button type="link" size="small" aria-expanded={more} onClick={() => setMore(!more)} style={{ padding: 0 }}>
          {more ? t('link.less') : t('link.more')}
        </Button>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name', ...Object.keys(schema.properties)]} />}
    </Modal>
  )
}
