import { Input, Modal } from 'antd'
import { useState } from 'react'

import { date } from '../format/time'
import { useI18n } from '../i18n'
import type { Candidate, Naming } from './queries'
import { useNaming } from './work'

/** NameDialog asks from when to when a point is a main meter. */
export function NameDialog({ of: m, close }: { of: Candidate; close: () => void }) {
  const { t, n } = useI18n()
  const work = useNaming()
  const [from, setFrom] = useState(() => `${date(Date.now()).slice(0, 4)}-01-01`)
  const [to, setTo] = useState('')
  const [busy, setBusy] = useState(false)
  return (
    <Modal
      open
      title={t('energy.nameTitle', { name: n(m.name) })}
      okText={t('energy.name')}
      cancelText={t('cancel')}
      onCancel={close}
      confirmLoading={busy}
      okButtonProps={{ disabled: !from || (to !== '' && to < from) }}
      onOk={() => {
        setBusy(true)
        void work
          .name(m, from, to)
          .then((ok) => ok && close())
          .finally(() => setBusy(false))
      }}
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label>
          {t('energy.first')}
          <Input type="date" value={from} onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label>
          {t('energy.last')}
          <Input type="date" value={to} min={from} onChange={(e) => setTo(e.target.value)} />
          <span className="muted small">{t('energy.lastHelp')}</span>
        </label>
      </div>
    </Modal>
  )
}

/** EndDialog asks for the last day on which a point is a main meter. */
export function EndDialog({ of: m, naming, close }: { of: Candidate; naming: Naming; close: () => void }) {
  const { t, n } = useI18n()
  const work = useNaming()
  const [last, setLast] = useState(() => date(Date.now()))
  const [busy, setBusy] = useState(false)
  return (
    <Modal
      open
      title={t('energy.endTitle', { name: n(m.name) })}
      okText={t('energy.end')}
      cancelText={t('cancel')}
      onCancel={close}
      confirmLoading={busy}
      okButtonProps={{ disabled: !last || last < naming.from }}
      onOk={() => {
        setBusy(true)
        void work
          .end(m, naming, last)
          .then((ok) => ok && close())
          .finally(() => setBusy(false))
      }}
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label>
          {t('energy.lastDay')}
          <Input type="date" value={last} min={naming.from} onChange={(e) => setLast(e.target.value)} />
        </label>
      </div>
    </Modal>
  )
}
