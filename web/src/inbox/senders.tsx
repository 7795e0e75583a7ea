import { App, Button, Form, Input, InputNumber, Select } from 'antd'

import { put } from '../api/client'
import type { components } from '../api/schema'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { inboxKeys, useSenders } from './queries'

type S = components['schemas']

/** NodeSenders is how the node itself sends mail and SMS; for who runs it. */
export function NodeSenders() {
  const { t } = useI18n()
  const senders = useSenders()
  return (
    <section className="panel" aria-label={t('inbox.senders')}>
      <header>
        <h2>{t('inbox.senders')}</h2>
      </header>
      <div className="body stack">
        <p className="muted">{t('inbox.sendersHelp')}</p>
        <Answer query={senders} rows={4}>
          {(s) => (
            <div
              className="columns"
              style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 320px), 1fr))', alignItems: 'start' }}
            >
              <MailForm mail={s.mail} />
              <SmsForm sms={s.sms} />
            </div>
          )}
        </Answer>
      </div>
    </section>
  )
}

function useSave() {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const saving = useSubmit()
  const save = async (path: string, body: unknown) => {
    const done = await saving.run(async () => {
      await put(path, body)
      await refreshed(inboxKeys.all())
    })
    if (done) void message.success(t('inbox.saved'))
  }
  return { saving, save }
}

function MailForm({ mail }: { mail: S['MailServer'] | undefined }) {
  const { t } = useI18n()
  const { saving, save } = useSave()
  type Fields = S['MailServer'] & { password?: string }
  return (
    <Form<Fields>
      name="mail"
      layout="vertical"
      initialValues={mail ?? { port: 587, security: 'starttls' }}
      onFinish={({ password, ...f }) => void save('/inbox/senders/mail', { mail: f, password })}
    >
      <h3>
        {t('inbox.mailServer')} {!mail && <span className="muted small">{t('inbox.notSet')}</span>}
      </h3>
      {saving.problem && <Fault problem={saving.problem} />}
      <Form.Item name="host" label={t('inbox.host')} rules={[{ required: true, message: t('inbox.host') }]}>
        <Input />
      </Form.Item>
      <Form.Item name="port" label={t('inbox.port')} rules={[{ required: true, message: t('inbox.port') }]}>
        <InputNumber min={1} max={65535} precision={0} />
      </Form.Item>
      <Form.Item name="security" label={t('inbox.security')}>
        <Select options={['starttls', 'tls'].map((v) => ({ value: v, label: v.toUpperCase() }))} />
      </Form.Item>
      <Form.Item name="user" label={t('inbox.user')}>
        <Input autoComplete="off" />
      </Form.Item>
      <Form.Item name="password" label={t('inbox.password')}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item name="from" label={t('inbox.from')} rules={[{ required: true, message: t('inbox.from') }]}>
        <Input inputMode="email" />
      </Form.Item>
      <Button htmlType="submit" loading={saving.busy}>
        {t('save')}
      </Button>
    </Form>
  )
}

function SmsForm({ sms }: { sms: S['SMSGateway'] | undefined }) {
  const { t } = useI18n()
  const { saving, save } = useSave()
  type Fields = S['SMSGateway'] & { secret?: string }
  return (
    <Form<Fields>
      name="sms"
      layout="vertical"
      initialValues={sms}
      onFinish={({ secret, ...f }) => void save('/inbox/senders/sms', { sms: f, secret })}
    >
      <h3>
        {t('inbox.smsGateway')} {!sms && <span className="muted small">{t('inbox.notSet')}</span>}
      </h3>
      {saving.problem && <Fault problem={saving.problem} />}
      <Form.Item name="url" label={t('inbox.field.url')} rules={[{ required: true, message: t('inbox.field.url') }]}>
        <Input />
      </Form.Item>
      <Form.Item name="secret" label={t('inbox.keep')}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item name="signature" label={t('inbox.signature')}>
        <Input />
      </Form.Item>
      <Form.Item
        name="codeTemplate"
        label={t('inbox.codeTemplate')}
        rules={[{ required: true, message: t('inbox.codeTemplate') }]}
      >
        <Input />
      </Form.Item>
      <Form.Item name="noteTemplate" label={t('inbox.noteTemplate')}>
        <Input />
      </Form.Item>
      <Button htmlType="submit" loading={saving.busy}>
        {t('save')}
      </Button>
    </Form>
  )
}
