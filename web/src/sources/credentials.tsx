import { PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { del, post } from '../api/client'
import type { Credential, Source } from '../api/types'
import { useHere } from '../app/org'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { Copied } from '../ui/secret'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { sourceKeys, useCredentials } from './queries'
import { snippets } from './snippets'

/** Credentials are how the devices of a source sign in. */
export function Credentials({ source: s }: { source: Source }) {
  const { may } = useHere()
  const { t } = useI18n()
  const credentials = useCredentials(s.id)
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<Credential>()
  const change = may('configure')
  const revoke = (c: Credential) =>
    confirm({
      title: t('sources.revokeAsk', { name: c.name || c.id }),
      text: t('sources.revokeText'),
      ok: t('sources.revoke'),
      work: async () => {
        await del(`/sources/${s.id}/credentials/${c.id}`)
        if (made?.id === c.id) setMade(undefined)
        await refreshed(sourceKeys.credentials(s.id))
      },
    })
  const add = change && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setCreating(true)}>
      {t('sources.newCredential')}
    </Button>
  )
  return (
    <>
      {made && <Once source={s} credential={made} done={() => setMade(undefined)} />}
      <section className="panel" aria-label={t('sources.credentials')}>
        <header>
          <h2>{t('sources.credentials')}</h2>
          <span className="muted">{t('sources.credentialsHelp')}</span>
          <div className="actions">{(credentials.data?.length ?? 0) > 0 && add}</div>
        </header>
        <Answer
          query={credentials}
          rows={2}
          empty={(list) =>
            list.length === 0 && (
              <Blank title={t('sources.noCredentials')} actions={add}>
                {t('sources.noCredentialsHelp')}
              </Blank>
            )
          }
        >
          {(list) => (
            <DataTable label={t('sources.credentials')} className="cards roomy">
              <thead>
                <tr>
                  <th scope="col">{t('name')}</th>
                  <th scope="col">{t('sources.user')}</th>
                  <th scope="col">{t('sources.onlyDevice')}</th>
                  <th scope="col">{t('sources.made')}</th>
                  <th scope="col">{t('sources.used')}</th>
                  <th scope="col">{t('sources.certificateUntil')}</th>
                  {change && (
                    <th scope="col">
                      <span className="hidden-text">{t('actions')}</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {list.map((c) => (
                  <tr key={c.id}>
                    <th scope="row">{c.name || '–'}</th>
                    <td data-label={t('sources.user')}>
                      <code>{c.id}</code>
                    </td>
                    <td data-label={t('sources.onlyDevice')}>
                      {c.device ? <code>{c.device}</code> : <span className="muted">{t('sources.anyDevice')}</span>}
                    </td>
                    <td data-label={t('sources.made')} className="nowrap">
                      {date(millis(c.created))}
                    </td>
                    <td data-label={t('sources.used')} className="nowrap">
                      {c.used ? <Age of={millis(c.used)} /> : <span className="muted">{t('gateway.never')}</span>}
                    </td>
                    <td data-label={t('sources.certificateUntil')} className="nowrap">
                      {c.notAfter ? date(millis(c.notAfter)) : '–'}
                    </td>
                    {change && (
                      <td data-label="" className="num">
                        <Button
                          size="small"
                          type="link"
                          danger
                          aria-label={t('sources.revokeOne', { name: c.name || c.id })}
                          onClick={() => revoke(c)}
                        >
                          {t('sources.revoke')}
                        </Button>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
        {creating && (
          <Create
            source={s}
            close={() => setCreating(false)}
            created={(c) => {
              setCreating(false)
              setMade(c)
            }}
          />
        )}
      </section>
    </>
  )
}

const snippetWord = {
  curl: 'sources.snippet.curl',
  telegraf: 'sources.snippet.telegraf',
  prometheus: 'sources.snippet.prometheus',
  otlp: 'sources.snippet.otlp',
  mosquitto: 'sources.snippet.mosquitto',
  edge: 'sources.snippet.edge',
} as const

/** Once shows a new credential's secret: the node tells it this one time. */
function Once({ source: s, credential: c, done }: { source: Source; credential: Credential; done: () => void }) {
  const { t } = useI18n()
  const { secret } = c
  return (
    <section className="once" aria-label={t('sources.once')}>
      <h2>{t('sources.once')}</h2>
      <p>{t('sources.onceHelp')}</p>
      {secret !== undefined && (
        <>
          <p style={{ marginTop: 8 }}>{t('sources.user')}</p>
          <Copied label={t('sources.user')} text={c.id} />
          <p style={{ marginTop: 8 }}>{t('sources.secret')}</p>
          <Copied label={t('sources.secret')} text={secret} />
          {snippets(s, { id: c.id, secret, device: c.device }).map((x) => (
            <div key={x.id}>
              <p style={{ marginTop: 8 }}>{t(snippetWord[x.id])}</p>
              <Copied label={t(snippetWord[x.id])} text={x.text} />
            </div>
          ))}
          {(s.endpoint.mqtt ?? s.endpoint.http)?.match(/^(mqtts|https):/) && (
            <p className="muted" style={{ marginTop: 8 }}>
              {t(s.transport === 'http' ? 'sources.authorityHttp' : 'sources.authorityMqtt')}
            </p>
          )}
        </>
      )}
      {c.certificate && (
        <>
          <p style={{ marginTop: 8 }}>{t('sources.certificate')}</p>
          <Copied label={t('sources.certificate')} text={c.certificate} />
        </>
      )}
      {c.chain && (
        <>
          <p style={{ marginTop: 8 }}>{t('sources.chain')}</p>
          <Copied label={t('sources.chain')} text={c.chain} />
        </>
      )}
      <Button size="small" style={{ marginTop: 10 }} onClick={done}>
        {t('enrol.done')}
      </Button>
    </section>
  )
}

interface Fields {
  name: string
  device?: string
  csr?: string
}

function Create({
  source: s,
  close,
  created,
}: {
  source: Source
  close: () => void
  created: (c: Credential) => void
}) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const save = ({ name, device, csr }: Fields) =>
    submit.run(async () => {
      const body = { name, device: device?.trim() || undefined, csr: csr?.trim() || undefined }
      const c = await post<Credential>(`/sources/${s.id}/credentials`, body)
      await refreshed(sourceKeys.credentials(s.id))
      created(c)
    }, form)
  return (
    <Modal
      open
      title={t('sources.newCredential')}
      onCancel={close}
      okText={t('sources.newCredentialDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={460}
    >
      <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={(f) => void save(f)}>
        <Form.Item
          name="name"
          label={t('name')}
          extra={<span className="field-mend">{t('sources.credentialNameHelp')}</span>}
          rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus autoComplete="off" maxLength={100} />
        </Form.Item>
        <Form.Item
          name="device"
          label={t('sources.onlyDevice')}
          extra={
            <span className="field-mend">
              {t(s.kind === 'sparkplug' ? 'sources.onlyDeviceSparkplug' : 'sources.onlyDeviceHelp')}
            </span>
          }
        >
          <Input autoComplete="off" spellCheck={false} maxLength={200} placeholder={t('sources.anyDevice')} />
        </Form.Item>
        {s.transport === 'broker' && (
          <details className="more">
            <summary>{t('sources.csrMore')}</summary>
            <Form.Item
              name="csr"
              label={t('sources.csr')}
              extra={<span className="field-mend">{t('sources.csrHelp')}</span>}
            >
              <Input.TextArea rows={4} spellCheck={false} placeholder="-----BEGIN CERTIFICATE REQUEST-----" />
            </Form.Item>
          </details>
        )}
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name', 'device', 'csr']} />}
    </Modal>
  )
}
