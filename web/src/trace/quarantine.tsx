import { App, Button, Input, Modal } from 'antd'
import { useId, useState } from 'react'

import { post } from '../api/client'
import { keys } from '../api/queries'
import type { components } from '../api/schema'
import type { Gateway } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DeviceFault } from '../wizard/fault'

type Settled = components['schemas']['ReleaseQuarantineResponse']

/** Quarantine tells of the samples that the node refused, and has them offered again or thrown away. */
export function Quarantine({ gateway: g, samples }: { gateway: Gateway; samples: string }) {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message, modal } = App.useApp()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const [discarding, setDiscarding] = useState(false)
  const count = whole(lang, samples)
  const release = () =>
    confirm({
      title: t('trace.releaseAsk', { n: count }),
      text: t('trace.releaseText'),
      ok: t('trace.release'),
      work: async () => {
        const { records, fault } = await post<Settled>(`/gateways/${g.id}/quarantine/release`, {})
        if (fault) modal.error({ title: n(fault.text), content: fault.detail })
        else void message.success(t('trace.released', { n: whole(lang, records) }))
        await refreshed(keys.gateways(org.id))
      },
    })
  return (
    <section className="panel" aria-label={t('trace.quarantine')}>
      <header>
        <h2>{t('trace.quarantine')}</h2>
        {may('configure') && (
          <div className="actions">
            <Button size="small" onClick={release}>
              {t('trace.release')}
            </Button>
            <Button size="small" danger onClick={() => setDiscarding(true)}>
              {t('trace.discard')}
            </Button>
          </div>
        )}
      </header>
      <div className="body">{t('trace.quarantineHelp', { n: count })}</div>
      {discarding && (
        <Discard
          gateway={g.id}
          count={count}
          close={() => setDiscarding(false)}
          done={(records) => {
            setDiscarding(false)
            void message.success(t('trace.discarded', { n: whole(lang, records) }))
            void refreshed(keys.gateways(org.id))
          }}
        />
      )}
    </section>
  )
}

function Discard({
  gateway,
  count,
  close,
  done,
}: {
  gateway: string
  count: string
  close: () => void
  done: (records: string) => void
}) {
  const { t } = useI18n()
  const id = useId()
  const submit = useSubmit()
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState<Settled['fault']>()
  const given = reason.trim()
  const discard = () =>
    submit.run(async () => {
      const settled = await post<Settled>(`/gateways/${gateway}/quarantine/discard`, { reason: given })
      setFault(settled.fault)
      if (!settled.fault) done(settled.records)
    })
  return (
    <Modal
      open
      title={t('trace.discardAsk', { n: count })}
      onCancel={close}
      okText={t('trace.discardDo')}
      okButtonProps={{ danger: true, disabled: given === '' }}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={() => void discard()}
    >
      <div className="stack">
        <p>{t('trace.discardText')}</p>
        <label htmlFor={id}>{t('trace.reason')}</label>
        <Input.TextArea
          id={id}
          autoFocus
          rows={2}
          maxLength={500}
          value={reason}
          onChange={(e) => setReason(e.target.value)}
        />
        {submit.problem && <Fault problem={submit.problem} />}
        {fault && <DeviceFault fault={fault} approve={() => undefined} />}
      </div>
    </Modal>
  )
}
