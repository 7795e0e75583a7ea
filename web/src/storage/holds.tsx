import { PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Select } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import type { Hold, Retention } from '../api/types'
import { useHere } from '../app/org'
import { fromLocalInput, millis, zone } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { Blank } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { Consequence } from './consequence'
import { storageKeys, useThings } from './queries'
import { ReasonField } from './reason'
import { useKept } from './words'

/** Holds lists the spans of which nothing goes whatever the classes say. */
export function Holds({ rules }: { rules: Retention }) {
  const { may } = useHere()
  const { t } = useI18n()
  const { nameOf } = useThings()
  const { minute } = useKept()
  const [adding, setAdding] = useState(false)
  const [releasing, setReleasing] = useState<Hold>()
  const add = may('configure') && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
      {t('storage.hold')}
    </Button>
  )
  return (
    <section className="panel" aria-label={t('storage.holds')}>
      <header>
        <h2>{t('storage.holds')}</h2>
        {rules.holds.length > 0 && <div className="actions">{add}</div>}
      </header>
      {rules.holds.length === 0 ? (
        <Blank title={t('storage.noHolds')} actions={add}>
          {t('storage.noHoldsHelp')}
        </Blank>
      ) : (
        <DataTable
          label={t('storage.holds')}
          className="cards roomy"
          columns={['storage.held', 'span.from', 'span.to', 'reason', { hidden: 'actions' }]}
        >
          <tbody>
            {rules.holds.map((h) => (
              <tr key={h.id}>
                <th scope="row">{h.series ? nameOf('series', h.series) : t('storage.allSeries')}</th>
                <td data-label={t('span.from')} className="nowrap">
                  {minute(millis(h.from))}
                </td>
                <td data-label={t('span.to')} className="nowrap">
                  {minute(millis(h.to))}
                </td>
                <td data-label={t('reason')}>{h.reason}</td>
                <td data-label="">
                  {may('configure') && (
                    <span className="row wrap ends">
                      <Button size="small" danger onClick={() => setReleasing(h)}>
                        {t('storage.release')}
                      </Button>
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
      {adding && <HoldDialog close={() => setAdding(false)} />}
      {releasing && <ReleaseDialog of={releasing} close={() => setReleasing(undefined)} />}
    </section>
  )
}

interface Fields {
  series?: string
  from: string
  to: string
  reason: string
}

function HoldDialog({ close }: { close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const things = useThings()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await post('/retention/holds', {
        org: org.id,
        series: f.series,
        from: new Date(fromLocalInput(f.from)).toISOString(),
        to: new Date(fromLocalInput(f.to)).toISOString(),
        reason: f.reason.trim(),
      })
      await refreshed(storageKeys.rules(org.id))
    }, form)
    if (ok) close()
  }
  const missing = { required: true, message: t('span.missing') }
  return (
    <Ask
      title={t('storage.hold')}
      ok={t('storage.holdDo')}
      form={form}
      submit={submit}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item name="series" label={t('storage.toSeries')}>
        <Select
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={t('storage.allSeries')}
          options={things.seriesOptions}
        />
      </Form.Item>
      <div className="formgrid">
        <Form.Item name="from" label={t('span.from')} rules={[missing]}>
          <Input type="datetime-local" />
        </Form.Item>
        <Form.Item
          name="to"
          label={t('span.to')}
          dependencies={['from']}
          rules={[
            missing,
            ({ getFieldValue }) => ({
              validator: (_, v: string) =>
                !v || fromLocalInput(v) > fromLocalInput(getFieldValue('from') as string)
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('span.order'))),
            }),
          ]}
        >
          <Input type="datetime-local" />
        </Form.Item>
      </div>
      <p className="muted" style={{ marginBottom: 12 }}>
        {t('foot.zone', { zone: zone() })}
      </p>
      <ReasonField hint={t('storage.holdHint')} />
      <Consequence>{t('storage.holdText')}</Consequence>
    </Ask>
  )
}

function ReleaseDialog({ of: h, close }: { of: Hold; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { minute } = useKept()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<{ reason: string }>()
  const save = async (f: { reason: string }) => {
    const ok = await submit.run(async () => {
      await post(`/retention/holds/${h.id}/release`, { reason: f.reason.trim() })
      await refreshed(storageKeys.rules(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('storage.releaseAsk')}
      ok={t('storage.release')}
      danger
      form={form}
      submit={submit}
      close={close}
      finish={(f) => void save(f)}
    >
      <ReasonField hint={t('storage.releaseHint')} />
      <Consequence takes>
        {t('storage.releaseText', { from: minute(millis(h.from)), to: minute(millis(h.to)) })}
      </Consequence>
    </Ask>
  )
}
