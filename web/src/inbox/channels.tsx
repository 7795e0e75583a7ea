import { App, Button, Form, Input, InputNumber, Modal, Select, Tag } from 'antd'
import { useState } from 'react'

import { del, patch, post } from '../api/client'
import type { components } from '../api/schema'
import { Problem } from '../api/problem'
import { useI18n } from '../i18n'
import { dateTime, millis } from '../format/time'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { inboxKeys, useChannels, type Channel } from './queries'

type Kind = Channel['kind']

const kinds: Kind[] = ['mail', 'sms', 'wecom', 'wecom-app', 'dingtalk', 'feishu', 'webhook']

/** Channels lists where messages are sent: an organisation's channels, or one's own where none is named. */
export function Channels({ org, title, change }: { org?: string; title: string; change: boolean }) {
  const { t } = useI18n()
  const channels = useChannels(org)
  const [adding, setAdding] = useState(false)
  const [verifying, setVerifying] = useState<Channel>()
  const add = change && <Button onClick={() => setAdding(true)}>{t('inbox.addChannel')}</Button>
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {add}
      </header>
      <Answer
        query={channels}
        rows={3}
        empty={(list) => list.length === 0 && <Blank title={t('inbox.noChannels')}>{t('inbox.noChannelsHelp')}</Blank>}
      >
        {(list) => (
          <DataTable
            label={title}
            className="cards roomy"
            columns={['inbox.channel', 'inbox.address', 'inbox.state', { hidden: 'inbox.actions' }]}
          >
            <tbody>
              {list.map((c) => (
                <Row key={c.id} channel={c} change={change} verify={() => setVerifying(c)} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
      {adding && <AddDialog org={org} close={() => setAdding(false)} />}
      {verifying && <VerifyDialog channel={verifying} close={() => setVerifying(undefined)} />}
    </section>
  )
}

function Row({ channel: c, change, verify }: { channel: Channel; change: boolean; verify: () => void }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const test = useSubmit()
  const send = () =>
    void test.run(async () => {
      const sent = await post<components['schemas']['InboxTest']>(`/inbox/channels/${c.id}/test`)
      await refreshed(inboxKeys.channels())
      if (!sent.sent) void message.error(t('inbox.lastError', { text: sent.trouble ? n(sent.trouble) : '' }))
      else if (sent.code && !c.verified) verify()
      else void message.success(t('inbox.sent'))
    })
  const switched = async () => {
    try {
      await patch(`/inbox/channels/${c.id}`, { enabled: !c.enabled })
      await refreshed(inboxKeys.channels())
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const remove = () =>
    confirm({
      title: t('inbox.removeTitle'),
      text: t('inbox.removeText'),
      ok: t('inbox.remove'),
      work: async () => {
        await del(`/inbox/channels/${c.id}`)
        await refreshed(inboxKeys.all())
      },
    })
  return (
    <tr>
      <th scope="row">
        {t(`inbox.kind.${c.kind}`)}
        {c.name && ` · ${c.name}`}
      </th>
      <td data-label={t('inbox.address')}>{c.address}</td>
      <td data-label={t('inbox.state')}>
        <div className="stack">
          <div className="row wrap">
            {!c.enabled ? (
              <Tag>{t('inbox.off')}</Tag>
            ) : (
              <Tag color={c.verified ? 'success' : 'warning'}>
                {t(c.verified ? 'inbox.verified' : 'inbox.unverified')}
              </Tag>
            )}
            {c.waiting > 0 && <span className="muted small">{t('inbox.waiting', { n: c.waiting })}</span>}
          </div>
          {c.trouble ? (
            <span className="small">{t('inbox.lastError', { text: n(c.trouble) })}</span>
          ) : (
            c.sent && <span className="muted small">{t('inbox.lastSent', { at: dateTime(millis(c.sent)) })}</span>
          )}
          {test.problem && <Fault problem={test.problem} />}
        </div>
      </td>
      <td data-label={t('inbox.actions')}>
        {change ? (
          <div className="row wrap">
            <Button size="small" loading={test.busy} onClick={send}>
              {t('inbox.test')}
            </Button>
            {!c.verified && (
              <Button size="small" onClick={verify}>
                {t('inbox.verify')}
              </Button>
            )}
            <Button size="small" onClick={() => void switched()}>
              {t(c.enabled ? 'inbox.disable' : 'inbox.enable')}
            </Button>
            <Button size="small" danger onClick={remove}>
              {t('inbox.remove')}
            </Button>
          </div>
        ) : (
          '–'
        )}
      </td>
    </tr>
  )
}

interface Fields {
  kind: Kind
  name?: string
  address?: string
  url?: string
  secret?: string
  corp?: string
  agent?: number
  to?: string
}

function AddDialog({ org, close }: { org: string | undefined; close: () => void }) {
  const { t, lang } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const kind = (Form.useWatch('kind', form) as Kind | undefined) ?? 'mail'
  const save = async (f: Fields) => {
    const done = await saving.run(async () => {
      await post('/inbox/channels', { ...f, org, lang })
      await refreshed(inboxKeys.channels())
    }, form)
    if (done) close()
  }
  const robot = kind === 'wecom' || kind === 'dingtalk' || kind === 'feishu' || kind === 'webhook'
  return (
    <Modal
      open
      title={t('inbox.addChannel')}
      okText={t('inbox.add')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form<Fields> form={form} layout="vertical" initialValues={{ kind: 'mail' }} onFinish={(f) => void save(f)}>
        {saving.problem && <Fault problem={saving.problem} except={Object.keys(form.getFieldsValue())} />}
        <Form.Item name="kind" label={t('inbox.kind')}>
          <Select options={(org ? kinds : kinds.slice(0, 2)).map((k) => ({ value: k, label: t(`inbox.kind.${k}`) }))} />
        </Form.Item>
        {(kind === 'mail' || kind === 'sms') && (
          <Form.Item name="address" label={t(kind === 'mail' ? 'inbox.field.mail' : 'inbox.field.phone')}>
            <Input inputMode={kind === 'mail' ? 'email' : 'tel'} autoComplete="off" />
          </Form.Item>
        )}
        {robot && (
          <Form.Item name="url" label={t('inbox.field.url')} extra={t('inbox.field.urlHelp')}>
            <Input autoComplete="off" />
          </Form.Item>
        )}
        {kind === 'wecom-app' && (
          <>
            <Form.Item name="corp" label={t('inbox.field.corp')}>
              <Input autoComplete="off" />
            </Form.Item>
            <Form.Item name="agent" label={t('inbox.field.agent')}>
              <InputNumber precision={0} controls={false} style={{ width: '100%' }} />
            </Form.Item>
            <Form.Item name="to" label={t('inbox.field.to')}>
              <Input autoComplete="off" />
            </Form.Item>
          </>
        )}
        {(robot || kind === 'wecom-app') && kind !== 'wecom' && (
          <Form.Item name="secret" label={t('inbox.field.secret')} extra={t('inbox.field.secretHelp')}>
            <Input.Password autoComplete="new-password" />
          </Form.Item>
        )}
        <Form.Item name="name" label={t('inbox.field.name')}>
          <Input maxLength={60} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

function VerifyDialog({ channel: c, close }: { channel: Channel; close: () => void }) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ code: string }>()
  const saving = useSubmit()
  const save = async (f: { code: string }) => {
    const done = await saving.run(async () => {
      await post(`/inbox/channels/${c.id}/verify`, f)
      await refreshed(inboxKeys.channels())
    }, form)
    if (done) close()
  }
  return (
    <Modal
      open
      title={t('inbox.verifyTitle')}
      okText={t('inbox.verify')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form form={form} layout="vertical" onFinish={(f: { code: string }) => void save(f)}>
        <p>{t('inbox.codeSent')}</p>
        {saving.problem && <Fault problem={saving.problem} except={['code']} />}
        <Form.Item name="code" label={t('inbox.code')} rules={[{ required: true, message: t('inbox.code') }]}>
          <Input inputMode="numeric" autoComplete="one-time-code" maxLength={6} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
