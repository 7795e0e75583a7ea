import { Button, Form, Input, InputNumber, Select } from 'antd'
import { useState } from 'react'

import { useDrivers } from '../api/queries'
import type { Gateway } from '../api/types'
import { configOf, isSchema, type Field, type Schema } from '../connect/schema'
import { SchemaFields } from '../connect/schemaform'
import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { protocolName, type Draft, type SetDraft, type Template } from './draft'
import { WhichGateway } from './gateway'

interface Props {
  draft: Draft
  set: SetDraft
  template: Template | undefined
  gateways: Gateway[]
  gateway: Gateway | undefined
  /** Goes on to the test, with the configuration as a link would have it. */
  next: (given: Pick<Draft, 'config' | 'unit' | 'link' | 'made'>) => void
}

/** Where is the second part: the gateway, the line to the device, and the unit behind it. */
export function Where(props: Props) {
  const { draft, set, template, gateways, gateway } = props
  const { t, n } = useI18n()
  const drivers = useDrivers()
  const schema = drivers.data?.find((d) => d.name === draft.driver)?.schema
  const note = n(template?.note)
  return (
    <div className="stack">
      {note && <p className="muted">{t('wizard.note', { note })}</p>}
      <WhichGateway
        gateways={gateways}
        gateway={gateway}
        choose={(id) => set((d) => ({ ...d, gateway: id, link: undefined, made: { ...d.made, link: undefined } }))}
      />
      {gateway &&
        (isSchema(schema) ? (
          <Line key={`${gateway.id} ${draft.driver}`} {...props} gateway={gateway} schema={schema} />
        ) : drivers.data ? (
          <Blank title={t('link.noDriver', { name: draft.driver ?? '' })} />
        ) : (
          <Answer query={drivers}>{() => null}</Answer>
        ))}
    </div>
  )
}

// Serving all of a driver's settings at once hides the two that matter.
const usual = new Set(['security', 'signIn', 'user', 'password'])
const withheld = new Set(['unit', 'serverFingerprint'])
const isUsual = (f: Field) => !f.required && usual.has(f.name)
const isFurther = (f: Field) => !f.required && !usual.has(f.name) && !withheld.has(f.name)

type Fields = Record<string, unknown> & { link: string; station?: string | number | null }

function Line({ draft, set, gateway, schema, next }: Props & { gateway: Gateway; schema: Schema }) {
  const { t, n } = useI18n()
  const [form] = Form.useForm<Fields>()
  const [more, setMore] = useState(false)
  const links = gateway.links.filter((l) => l.driver === draft.driver)
  const modbus = draft.driver === 'modbus'
  const link = links.some((l) => l.id === draft.link) ? draft.link : undefined
  const given = (f: Fields) => {
    const { link: itsLink, station, ...config } = f
    return {
      link: itsLink === 'new' ? undefined : itsLink,
      unit: station === undefined || station === null ? '' : String(station),
      // What is hidden with an existing link is kept for when a new one is chosen again.
      config: { ...draft.config, ...config },
      // A link that a save has made already, and that is turned away from, is not this machine's.
      made: itsLink === 'new' && draft.link ? { ...draft.made, link: undefined } : draft.made,
    }
  }
  return (
    <Form<Fields>
      form={form}
      name="line"
      layout="vertical"
      requiredMark={false}
      initialValues={{ ...draft.config, link: link ?? 'new', station: modbus ? Number(draft.unit || 1) : draft.unit }}
      onValuesChange={(_, all: Fields) => set(given(all))}
      onFinish={(f) => {
        const now = given(f)
        next({ ...now, config: { ...configOf(schema, now.config) } })
      }}
    >
      <Form.Item name="link" label={t('link.one')} hidden={links.length === 0} style={{ maxWidth: 460 }}>
        <Select
          options={[
            { value: 'new', label: t('wizard.newLink', { protocol: protocolName(draft.driver) }) },
            ...links.map((l) => ({ value: l.id, label: `${n(l.name)} ${l.endpoint}`.trim() })),
          ]}
        />
      </Form.Item>
      <div className="formgrid">
        {!link && <SchemaFields schema={schema} only={(f) => f.required} />}
        {modbus && (
          <Form.Item
            name="station"
            label={t('connect.unit')}
            extra={<span className="field-mend">{t('connect.unitHelp')}</span>}
          >
            <InputNumber min={0} max={255} precision={0} style={{ width: 120 }} />
          </Form.Item>
        )}
      </div>
      {!modbus && (
        <Form.Item name="station" hidden>
          <Input />
        </Form.Item>
      )}
      {!link && (
        <>
          <div className="formgrid">
            <SchemaFields schema={schema} only={isUsual} />
          </div>
          <div className="formgrid" hidden={!more}>
            <SchemaFields schema={schema} only={isFurther} />
          </div>
          <Button type="link" size="small" aria-expanded={more} onClick={() => setMore(!more)} style={{ padding: 0 }}>
            {more ? t('link.less') : t('link.more')}
          </Button>
        </>
      )}
      <div className="foot-actions">
        <Button type="primary" htmlType="submit" disabled={gateway.state !== 'online'}>
          {t('wizard.tryNow')}
        </Button>
        {gateway.state !== 'online' && <span className="muted">{t('wizard.needsOnline')}</span>}
      </div>
    </Form>
  )
}
