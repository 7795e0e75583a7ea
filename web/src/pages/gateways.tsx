import { PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { keys, useGateways, usePlant } from '../api/queries'
import type { Gateway } from '../api/types'
import { useHere } from '../app/org'
import { bytes, rate, trip, whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed, useWant } from '../live/live'
import { Age } from '../ui/age'
import { GatewayMark } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { ConnectButton } from '../wizard/button'

export function Gateways() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  useWant(org.id)
  const gateways = useGateways(org.id)
  const [creating, setCreating] = useState(false)
  const create = may('configure') && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setCreating(true)}>
      {t('gateways.create')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('nav.gateways')} crumbs={[{ label: n(org.name), to: at() }]}>
        {gateways.data && gateways.data.length > 0 && <ConnectButton primary={false} />}
        {gateways.data && gateways.data.length > 0 && create}
      </PageHead>
      <section className="panel" aria-label={t('nav.gateways')}>
        <Answer
          query={gateways}
          empty={(list) =>
            list.length === 0 && (
              <Blank
                title={t('gateways.none')}
                actions={
                  <>
                    <ConnectButton primary={false} />
                    {create}
                  </>
                }
              >
                {t('gateways.noneHelp')}
              </Blank>
            )
          }
        >
          {(list) => <Table list={list} />}
        </Answer>
      </section>
      {creating && <Create close={() => setCreating(false)} />}
    </>
  )
}

function Table({ list }: { list: Gateway[] }) {
  const { at, org } = useHere()
  const { t, n, lang } = useI18n()
  const plant = usePlant(org.id)
  const siteName = (id: string | undefined) => n(plant.data?.find((x) => x.id === id)?.name)
  return (
    <DataTable
      label={t('nav.gateways')}
      className="cards roomy"
      columns={[
        'name',
        'state',
        'kind.site',
        'gateway.links',
        { num: 'gateway.rtt' },
        { num: 'gateway.rate' },
        { num: 'gateway.spool' },
        { num: 'gateway.lastSeen' },
        'gateway.lastError',
      ]}
    >
      <tbody>
        {list.map((g) => (
          <tr key={g.id}>
            <th scope="row">
              <Link to={at(`gateways/${g.id}`)}>{n(g.name)}</Link>
            </th>
            <td data-label={t('state')}>
              <GatewayMark state={g.state} />
            </td>
            <td data-label={t('kind.site')}>{siteName(g.site) || '–'}</td>
            <td data-label={t('gateway.links')}>
              {`${g.links.filter((l) => l.state === 'connected' || l.state === 'resting').length} / ${g.links.length}`}
            </td>
            <td data-label={t('gateway.rtt')} className="num nowrap">
              {g.rttMs !== undefined && g.state === 'online' ? trip(lang, g.rttMs) : '–'}
            </td>
            <td data-label={t('gateway.rate')} className="num nowrap">
              {rate(lang, g.samplesPerSecond)} {t('perSecond')}
            </td>
            <td data-label={t('gateway.spool')} className="num nowrap">
              {g.spool ? `${bytes(lang, g.spool.bytes)} · ${whole(lang, g.spool.samples)}` : '–'}
            </td>
            <td data-label={t('gateway.lastSeen')} className="num nowrap">
              {g.lastSeen ? <Age of={millis(g.lastSeen)} /> : '–'}
            </td>
            <td data-label={t('gateway.lastError')} style={{ maxWidth: 320 }}>
              {g.lastError ? n(g.lastError.text) : <span className="muted">{t('gateway.noError')}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

interface Fields {
  name: string
  site?: string
}

function Create({ close }: { close: () => void }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const plant = usePlant(org.id)
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const sites = plant.data?.filter((x) => x.kind === 'site') ?? []
  const save = (fields: Fields) =>
    submit.run(async () => {
      const made = await post<Gateway>('/gateways', { org: org.id, ...fields })
      await refreshed(keys.gateways(org.id))
      // A gateway is of use only with its code: the page goes on to it.
      await navigate(at(`gateways/${made.id}?code`))
    }, form)
  return (
    <Modal
      open
      title={t('gateways.create')}
      onCancel={close}
      okText={t('gateways.createDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ site: sites[0]?.id }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          name="name"
          label={t('name')}
          extra={<span className="field-mend">{t('gateways.nameHelp')}</span>}
          rules={[{ required: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus />
        </Form.Item>
        <Form.Item name="site" label={t('kind.site')}>
          <Select
            allowClear
            options={sites.map((s) => ({ value: s.id, label: n(s.name) }))}
            placeholder={t('gateways.noSite')}
          />
        </Form.Item>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name', 'site']} />}
    </Modal>
  )
}
