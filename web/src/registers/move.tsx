import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { useSaving } from '../fields/faults'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { registerKeys, type Entry, type Register, type Transition } from './queries'

/** Moves are the transitions that an entry's state has, for whoever may take it through them. */
export function Moves({
  register: r,
  entry: e,
  may,
}: {
  register: Register
  entry: Entry
  may: (doing: 'configure' | 'operate') => boolean
}) {
  const { n } = useI18n()
  const [chosen, setChosen] = useState<Transition>()
  const open = r.transitions.filter(
    (x) => (x.from ?? []).includes(e.state) && may(x.verb === 'operate' ? 'operate' : 'configure'),
  )
  return (
    <>
      {open.map((x) => (
        <Button key={x.id} onClick={() => setChosen(x)}>
          {n(x.name)}
        </Button>
      ))}
      {chosen && <MoveDialog register={r} entry={e} transition={chosen} close={() => setChosen(undefined)} />}
    </>
  )
}

function MoveDialog({
  register: r,
  entry: e,
  transition: x,
  close,
}: {
  register: Register
  entry: Entry
  transition: Transition
  close: () => void
}) {
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ reason?: string }>()
  const saving = useSaving(form)
  const state = (id: string) => n(r.states.find((s) => s.id === id)?.name) || id
  const opens = r.publicStates?.includes(x.to) && !r.publicStates.includes(e.state) && e.class === 'public'
  const hides = r.publicStates?.includes(e.state) && !r.publicStates.includes(x.to) && e.class === 'public'
  const move = (reason: string | undefined) =>
    saving.run(async () => {
      await post(`/register-entries/${e.id}/transitions`, {
        transition: x.id,
        basis: e.revision,
        reason: reason?.trim() || undefined,
      })
      await refreshed(registerKeys.entries(r.id), registerKeys.entry(e.id))
      close()
    })
  return (
    <Modal
      open
      title={t('registers.moveTitle', { move: n(x.name), name: e.key })}
      onCancel={close}
      okText={n(x.name)}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <p style={{ marginBottom: 10 }}>
        {t('registers.moveText', { from: state(e.state), to: state(x.to) })} {opens && t('registers.moveOpens')}
        {hides && t('registers.moveHides')}
      </p>
      <Form form={form} layout="vertical" onFinish={(f: { reason?: string }) => void move(f.reason)}>
        <Form.Item
          name="reason"
          label={t('reason')}
          extra={x.reason ? t('registers.reasonHelp') : undefined}
          rules={
            x.reason
              ? [{ required: true, whitespace: true, message: t('field.missing', { name: t('reason') }) }]
              : undefined
          }
        >
          <Input autoFocus maxLength={2000} />
        </Form.Item>
      </Form>
      {saving.problem && <Fault problem={saving.problem} />}
    </Modal>
  )
}
