import { Button, Form, Input } from 'antd'
import { useState } from 'react'

import type { GatewayLink } from '../api/types'
import { Readings } from '../connect/readings'
import { useI18n } from '../i18n'

interface Fields {
  unit?: string
  address: string
}

/** Read asks the device what one address holds, in every reading. */
export function Read({
  gateway,
  link: l,
  approve,
}: {
  gateway: string
  link: GatewayLink
  approve: (fingerprint: string) => void
}) {
  const { t } = useI18n()
  const [asked, setAsked] = useState<Fields & { turn: number }>()
  const ask = (f: Fields) => setAsked((last) => ({ ...f, address: f.address.trim(), turn: (last?.turn ?? 0) + 1 }))
  return (
    <div className="stack trace">
      <p className="muted">{t('trace.readHelp')}</p>
      <Form<Fields> name="probe" className="ask" layout="vertical" requiredMark={false} onFinish={ask}>
        <Form.Item name="unit" label={t('trace.unit')} className="unit">
          <Input placeholder={t('trace.unitHint')} maxLength={200} />
        </Form.Item>
        <Form.Item
          name="address"
          label={t('trace.address')}
          className="grow"
          rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('trace.address') }) }]}
        >
          <Input placeholder={l.driver === 'modbus' ? 'holding:0' : undefined} maxLength={1000} />
        </Form.Item>
        <Button type="primary" htmlType="submit">
          {t('trace.readDo')}
        </Button>
      </Form>
      {asked && (
        <div>
          <Readings
            key={asked.turn}
            via={{ gateway, link: l.id, driver: l.driver, config: {}, unit: asked.unit?.trim() ?? '' }}
            address={asked.address}
            turn={asked.turn}
            approve={approve}
          />
        </div>
      )}
    </div>
  )
}
