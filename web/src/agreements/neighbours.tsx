import { App, Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { call, post } from '../api/client'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Copied } from '../ui/secret'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { agreementKeys, type Peer } from './queries'

/** InviteDialog makes a one-time code for another node, and shows it once. */
export function InviteDialog({ close }: { close: () => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<{ name: string }>()
  const [made, setMade] = useState<{ code: string; expires: string }>()
  const saving = useSubmit()
  const refreshed = useRefreshed()
  const save = (f: { name: string }) =>
    saving.run(async () => {
      setMade(await post('/neighbours/invitations', { name: f.name.trim() }))
      await refreshed(agreementKeys.peers())
    }, form)
  const label = t('neighbours.inviteName')
  return (
    <Modal
      open
      title={t('neighbours.inviteTitle')}
      okText={t('neighbours.make')}
      cancelText={t(made ? 'close' : 'cancel')}
      onCancel={close}
      onOk={form.submit}
      okButtonProps={{ style: made && { display: 'none' } }}
      confirmLoading={saving.busy}
      mask={{ closable: false }}
    >
      {made ? (
        <div className="once">
          <b>{t('neighbours.code')}</b>
          <Copied text={made.code} label={t('neighbours.code')} />
          <p className="muted" style={{ marginTop: 8 }}>
            {t('neighbours.codeHelp', { at: dateTime(millis(made.expires)) })}
          </p>
        </div>
      ) : (
        <Form form={form} layout="vertical" onFinish={(f: { name: string }) => void save(f)}>
          {saving.problem && <Fault problem={saving.problem} except={['name']} />}
          <Form.Item
            name="name"
            label={label}
            rules={[{ required: true, message: t('field.missing', { name: label }) }]}
          >
            <Input maxLength={200} autoComplete="off" />
          </Form.Item>
        </Form>
      )}
    </Modal>
  )
}

/** JoinDialog links this node to the one that made a code. */
export function JoinDialog({ close }: { close: () => void }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ code: string }>()
  const saving = useSubmit()
  const refreshed = useRefreshed()
  const save = async (f: { code: string }) => {
    let peer: Peer | undefined
    const done = await saving.run(async () => {
      peer = await post<Peer>('/neighbours/join', { code: f.code.trim() })
      await refreshed(agreementKeys.peers())
    }, form)
    if (!done) return
    void message.success(t('neighbours.joined', { name: n(peer?.org?.name) || peer?.name || '' }))
    close()
  }
  const label = t('neighbours.code')
  return (
    <Modal
      open
      title={t('neighbours.joinTitle')}
      okText={t('neighbours.join')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
      mask={{ closable: false }}
    >
      <Form form={form} layout="vertical" onFinish={(f: { code: string }) => void save(f)}>
        <p style={{ marginBottom: 12 }}>{t('neighbours.joinHelp')}</p>
        {saving.problem && <Fault problem={saving.problem} except={['code']} />}
        <Form.Item name="code" label={label} rules={[{ required: true, message: t('field.missing', { name: label }) }]}>
          <Input.TextArea autoSize={{ minRows: 3 }} className="mono" spellCheck={false} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

/** Remove ends the link with a node, after it has said what that means. */
export function Remove({ of: p }: { of: Peer }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const name = n(p.org?.name) || p.name
  const force = p.streams > 0
  return (
    <Button
      size="small"
      danger
      aria-label={`${t('neighbours.remove')} ${name}`}
      onClick={() =>
        confirm({
          title: t('neighbours.removeTitle', { name }),
          text: force ? t('neighbours.removeStreams', { n: p.streams }) : t('neighbours.removeText'),
          ok: t(force ? 'neighbours.removeForce' : 'neighbours.remove'),
          work: async () => {
            await call('DELETE', `/neighbours/${p.node}`, { query: { way: p.way, force: force || undefined } })
            await refreshed(agreementKeys.peers())
            void message.success(t('neighbours.removed'))
          },
        })
      }
    >
      {t('neighbours.remove')}
    </Button>
  )
}
