import { PlusOutlined } from '@ant-design/icons'
import { App, Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { del, patch, post, put } from '../api/client'
import { Problem } from '../api/problem'
import { keys, usePeople } from '../api/queries'
import type { InvitedPerson, OneTimeLink, Person, Role } from '../api/types'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { roles } from '../ui/role'
import { Copied } from '../ui/secret'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { RoleSelect } from './role'

interface Shown extends OneTimeLink {
  name: string
}

export function People() {
  const { org } = useHere()
  const { t } = useI18n()
  const people = usePeople(org.id)
  const [inviting, setInviting] = useState(false)
  const [link, setLink] = useState<Shown>()
  return (
    <div className="stack">
      {link && <OnceLink link={link} close={() => setLink(undefined)} />}
      <section className="panel" aria-label={t('people.title')}>
        <header>
          <h2>{t('people.title')}</h2>
          <div className="actions">
            <Button size="small" type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setInviting(true)}>
              {t('people.invite')}
            </Button>
          </div>
        </header>
        <Answer query={people} empty={(list) => list.length === 0 && <Blank title={t('people.none')} />}>
          {(list) => <Table list={list} showLink={setLink} />}
        </Answer>
      </section>
      {inviting && (
        <Invite
          close={() => setInviting(false)}
          invited={(made) => {
            setInviting(false)
            setLink(made)
          }}
        />
      )}
    </div>
  )
}

function OnceLink({ link, close }: { link: Shown; close: () => void }) {
  const { t } = useI18n()
  return (
    <section className="once" aria-label={t('people.link')} role="status">
      <h2>{t('people.linkFor', { name: link.name })}</h2>
      <p>{t('people.linkOnce', { until: dateTime(millis(link.expires)) })}</p>
      <Copied text={new URL(link.link, location.origin).href} label={t('people.link')} />
      <Button size="small" style={{ marginTop: 10 }} onClick={close}>
        {t('enrol.done')}
      </Button>
    </section>
  )
}

function Table({ list, showLink }: { list: Person[]; showLink: (l: Shown) => void }) {
  const { org, me } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const again = () => refreshed(keys.people(org.id))
  // What the node refuses is told where it was tried; the list then shows what holds.
  const attempt = async (work: () => Promise<unknown>, done?: string) => {
    try {
      await work()
      if (done) void message.success(done)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error([e.message, ...e.faults.map((f) => f.mend)].filter(Boolean).join(' '), 8)
    }
    await again()
  }
  return (
    <DataTable
      label={t('people.title')}
      className="cards roomy"
      columns={['name', 'signIn.login', 'people.role', 'state', { hidden: 'actions' }]}
    >
      <tbody>
        {list.map((p) => {
          const role = roleHere(p, org.id)
          const self = p.id === me.person.id
          const name = p.name || p.login
          return (
            <tr key={p.id}>
              <th scope="row">
                {name} {self && <span className="muted">{t('people.you')}</span>}
              </th>
              <td data-label={t('signIn.login')}>
                <code>{p.login}</code>
              </td>
              <td data-label={t('people.role')}>
                <RoleSelect
                  roles={roles}
                  size="small"
                  style={{ minWidth: 110 }}
                  placeholder="–"
                  popupMatchSelectWidth={false}
                  value={role}
                  aria-label={t('people.roleOf', { name })}
                  disabled={self}
                  onChange={(to) =>
                    void attempt(
                      () => put(`/people/${p.id}/roles/${org.id}`, { role: to }),
                      t('people.roleSaved', { name }),
                    )
                  }
                />
              </td>
              <td data-label={t('state')}>
                {p.disabled ? (
                  <span className="tag error">{t('people.disabled')}</span>
                ) : (
                  <span className="tag good">{t('people.active')}</span>
                )}
              </td>
              <td data-label="" className="nowrap">
                <Button
                  size="small"
                  type="link"
                  onClick={() =>
                    void attempt(async () =>
                      showLink({ ...(await post<OneTimeLink>(`/people/${p.id}/link`, {})), name }),
                    )
                  }
                >
                  {t('people.newLink')}
                </Button>
                {!self && (
                  <>
                    {p.disabled ? (
                      <Button
                        size="small"
                        type="link"
                        onClick={() => void attempt(() => patch(`/people/${p.id}`, { disabled: false }))}
                      >
                        {t('people.enable')}
                      </Button>
                    ) : (
                      <Button
                        size="small"
                        type="link"
                        danger
                        onClick={() =>
                          confirm({
                            title: t('people.disableAsk', { name }),
                            text: t('people.disableText'),
                            ok: t('people.disable'),
                            work: async () => {
                              await patch(`/people/${p.id}`, { disabled: true })
                              await again()
                            },
                          })
                        }
                      >
                        {t('people.disable')}
                      </Button>
                    )}
                    {role && (
                      <Button
                        size="small"
                        type="link"
                        danger
                        onClick={() =>
                          confirm({
                            title: t('people.removeAsk', { name }),
                            text: t('people.removeText'),
                            ok: t('people.remove'),
                            work: async () => {
                              await del(`/people/${p.id}/roles/${org.id}`)
                              await again()
                            },
                          })
                        }
                      >
                        {t('people.remove')}
                      </Button>
                    )}
                  </>
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </DataTable>
  )
}

function roleHere(p: Person, org: string): Role | undefined {
  return p.roles?.find((r) => r.org === org)?.role
}

interface Fields {
  login: string
  name: string
  role: Role
}

function Invite({ close, invited }: { close: () => void; invited: (link: Shown) => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const save = (f: Fields) =>
    submit.run(async () => {
      const made = await post<InvitedPerson>('/people', { org: org.id, ...f })
      // Where the answer holds no link yet, one is asked for.
      const link =
        made.link && made.expires
          ? { link: made.link, expires: made.expires }
          : await post<OneTimeLink>(`/people/${made.id}/link`, {})
      await refreshed(keys.people(org.id))
      invited({ ...link, name: f.name || f.login })
    }, form)
  return (
    <Modal
      open
      title={t('people.invite')}
      onCancel={close}
      okText={t('people.inviteDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={420}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ role: 'operator' }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          name="name"
          label={t('name')}
          rules={[{ required: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="login"
          label={t('signIn.login')}
          extra={<span className="field-mend">{t('people.loginHelp')}</span>}
          rules={[{ required: true, message: t('field.missing', { name: t('signIn.login') }) }]}
        >
          <Input autoComplete="off" autoCapitalize="off" spellCheck={false} />
        </Form.Item>
        <Form.Item name="role" label={t('people.role')}>
          <RoleSelect roles={roles} />
        </Form.Item>
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['name', 'login', 'role']} />}
    </Modal>
  )
}
