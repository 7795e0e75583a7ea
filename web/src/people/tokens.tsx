import { PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'

import { del, post } from '../api/client'
import { keys, useTokens } from '../api/queries'
import type { ApiToken, NewApiToken, Role } from '../api/types'
import { useHere } from '../app/org'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { roleKey } from '../ui/role'
import { Copied } from '../ui/secret'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { RoleSelect } from './role'

export function Tokens() {
  const { org } = useHere()
  const { t } = useI18n()
  const tokens = useTokens(org.id)
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<NewApiToken>()
  const create = (
    <Button size="small" type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setCreating(true)}>
      {t('tokens.create')}
    </Button>
  )
  const revoke = (token: ApiToken) =>
    confirm({
      title: t('tokens.revokeAsk', { name: token.name }),
      text: t('tokens.revokeText'),
      ok: t('tokens.revoke'),
      work: async () => {
        await del(`/tokens/${token.id}`)
        await refreshed(keys.tokens(org.id))
      },
    })
  return (
    <div className="stack">
      {made && (
        <section className="once" aria-label={t('tokens.new')} role="status">
          <h2>{t('tokens.newFor', { name: made.name })}</h2>
          <p>{t('tokens.once')}</p>
          <Copied text={made.token} label={t('tokens.new')} />
          <p style={{ marginTop: 8 }}>{t('tokens.use')}</p>
          <Copied
            text={`curl -H "Authorization: Bearer ${made.token}" "${location.origin}/api/v1/series?limit=5"`}
            label={t('tokens.use')}
          />
          <Button size="small" style={{ marginTop: 10 }} onClick={() => setMade(undefined)}>
            {t('enrol.done')}
          </Button>
        </section>
      )}
      <section className="panel" aria-label={t('tokens.title')}>
        <header>
          <h2>{t('tokens.title')}</h2>
          <div className="actions">{tokens.data && tokens.data.length > 0 && create}</div>
        </header>
        <Answer
          query={tokens}
          empty={(list) =>
            list.length === 0 && (
              <Blank title={t('tokens.none')} actions={create}>
                {t('tokens.noneHelp')}
              </Blank>
            )
          }
        >
          {(list) => (
            <DataTable
              label={t('tokens.title')}
              className="cards roomy"
              columns={['name', 'people.role', 'tokens.expires', 'tokens.lastUsed', { hidden: 'actions' }]}
            >
              <tbody>
                {list.map((token) => (
                  <tr key={token.id}>
                    <th scope="row">{token.name}</th>
                    <td data-label={t('people.role')}>{t(roleKey[token.role])}</td>
                    <td data-label={t('tokens.expires')}>
                      {token.expires ? date(millis(token.expires)) : t('tokens.never')}
                      {token.expires && millis(token.expires) < nodeNow() && (
                        <span className="tag error">{t('tokens.expired')}</span>
                      )}
                    </td>
                    <td data-label={t('tokens.lastUsed')}>
                      {token.lastUsed ? <Age of={millis(token.lastUsed)} /> : t('tokens.unused')}
                    </td>
                    <td data-label="">
                      <Button size="small" type="link" danger onClick={() => revoke(token)}>
                        {t('tokens.revoke')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
      {creating && (
        <Create
          close={() => setCreating(false)}
          created={(token) => {
            setCreating(false)
            setMade(token)
          }}
        />
      )}
    </div>
  )
}

interface Fields {
  name: string
  role: Role
  days: number
}

const lives = [30, 90, 365]
const tokenRoles: Role[] = ['viewer', 'operator', 'engineer', 'monitor']

function Create({ close, created }: { close: () => void; created: (token: NewApiToken) => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const save = ({ name, role, days }: Fields) =>
    submit.run(async () => {
      const expires = new Date(nodeNow() + days * 86_400_000).toISOString()
      const token = await post<NewApiToken>('/tokens', { name, org: org.id, role, expires })
      await refreshed(keys.tokens(org.id))
      created(token)
    }, form)
  return (
    <Modal
      open
      title={t('tokens.create')}
      onCancel={close}
      okText={t('tokens.createDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={420}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ role: 'viewer', days: 90 }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          name="name"
          label={t('name')}
          extra={<span className="field-mend">{t('tokens.nameHelp')}</span>}
          rules={[{ required: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus autoComplete="off" />
        </Form.Item>
        <Form.Item name="role" label={t('people.role')}>
          <RoleSelect roles={tokenRoles} />
        </Form.Item>
        <Form.Item name="days" label={t('tokens.expires')}>
          <Select options={lives.map((value) => ({ value, label: t('tokens.days', { n: value }) }))} />
        </Form.Item>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name', 'role', 'expires']} />}
    </Modal>
  )
}
