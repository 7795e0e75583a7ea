import { LoadingOutlined } from '@ant-design/icons'
import { Button, Form, Input, Select } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { keys } from '../api/queries'
import type { EnrolCode, Gateway } from '../api/types'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { GatewayMark } from '../ui/marks'
import { Copied } from '../ui/secret'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

/** WhichGateway chooses the gateway that stands beside the machine, or adds it and waits until it is there. */
export function WhichGateway({
  gateways,
  gateway,
  choose,
}: {
  gateways: Gateway[]
  gateway: Gateway | undefined
  choose: (id: string) => void
}) {
  const { t, n } = useI18n()
  const [adding, setAdding] = useState(false)
  const [code, setCode] = useState<EnrolCode & { gateway: string }>()
  if (adding || gateways.length === 0) {
    return (
      <NewGateway
        made={(made, itsCode) => {
          setCode({ ...itsCode, gateway: made })
          setAdding(false)
          choose(made)
        }}
        cancel={gateways.length > 0 ? () => setAdding(false) : undefined}
      />
    )
  }
  return (
    <div className="stack">
      <div className="row wrap">
        <label htmlFor="wizard-gateway">{t('gateway.one')}</label>
        <Select
          id="wizard-gateway"
          style={{ minWidth: 220 }}
          value={gateway?.id}
          onChange={choose}
          placeholder={t('wizard.pickGateway')}
          options={gateways.map((g) => ({ value: g.id, label: n(g.name) }))}
        />
        {gateway && <GatewayMark state={gateway.state} />}
        <Button type="link" size="small" onClick={() => setAdding(true)}>
          {t('wizard.addGateway')}
        </Button>
      </div>
      {gateway && gateway.state !== 'online' && (
        <Arrival
          key={gateway.id}
          gateway={gateway}
          code={code?.gateway === gateway.id ? code : undefined}
          told={(c) => setCode({ ...c, gateway: gateway.id })}
        />
      )}
    </div>
  )
}

function NewGateway({ made, cancel }: { made: (id: string, code: EnrolCode) => void; cancel?: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<{ name: string }>()
  const [id, setId] = useState<string>()
  const save = ({ name }: { name: string }) =>
    submit.run(async () => {
      // Where the code failed, the gateway is there already.
      const gateway = id ?? (await post<Gateway>('/gateways', { org: org.id, name })).id
      setId(gateway)
      const code = await post<EnrolCode>(`/gateways/${gateway}/code`, {})
      await refreshed(keys.gateways(org.id))
      made(gateway, code)
    }, form)
  return (
    <>
      <p className="muted" style={{ marginBottom: 8 }}>
        {t('gateways.noneHelp')}
      </p>
      <Form<{ name: string }>
        form={form}
        name="gateway"
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: t('wizard.gatewayName') }}
        onFinish={(f) => void save(f)}
        style={{ maxWidth: 380 }}
      >
        <Form.Item
          name="name"
          label={t('wizard.gatewayNameLabel')}
          extra={<span className="field-mend">{t('gateways.nameHelp')}</span>}
          rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input maxLength={120} disabled={id !== undefined} />
        </Form.Item>
        <div className="row wrap">
          <Button type="primary" htmlType="submit" loading={submit.busy}>
            {t('gateways.createDo')}
          </Button>
          {cancel && <Button onClick={cancel}>{t('cancel')}</Button>}
        </div>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name']} />}
    </>
  )
}

/** Arrival shows the command that starts a gateway, and waits for it; the page hears of it by its live stream. */
function Arrival({
  gateway: g,
  code,
  told,
}: {
  gateway: Gateway
  code: EnrolCode | undefined
  told: (code: EnrolCode) => void
}) {
  const { t, n } = useI18n()
  const submit = useSubmit()
  const make = () => submit.run(async () => told(await post<EnrolCode>(`/gateways/${g.id}/code`, {})))
  if (g.state === 'offline' && !code) {
    return (
      <div className="fault" role="status">
        <p>
          <strong>{t('wizard.gatewayOffline', { name: n(g.name) })}</strong>
        </p>
        <p>{t('wizard.gatewayOfflineHelp')}</p>
        <Button size="small" style={{ marginTop: 6 }} loading={submit.busy} onClick={() => void make()}>
          {t('enrol.make')}
        </Button>
        {submit.problem && <Fault problem={submit.problem} />}
      </div>
    )
  }
  return (
    <div className="once">
      {code ? (
        <>
          <p>{t('enrol.run')}</p>
          <Copied label={t('enrol.command')} text={`jingwei edge --data jingwei-edge-data --code ${code.code}`} />
          <p className="muted" style={{ marginTop: 6 }}>
            {t('enrol.once', { until: dateTime(millis(code.expires)) })}
          </p>
        </>
      ) : (
        <div className="row wrap">
          <span className="grow">{t('enrol.waiting')}</span>
          <Button loading={submit.busy} onClick={() => void make()}>
            {t('enrol.make')}
          </Button>
        </div>
      )}
      {submit.problem && <Fault problem={submit.problem} />}
      <p className="waits" role="status">
        <LoadingOutlined aria-hidden />
        {t('wizard.waitsOnline', { name: n(g.name) })}
      </p>
    </div>
  )
}
