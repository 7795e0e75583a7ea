import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input } from 'antd'
import { useEffect, useState } from 'react'

import { post } from '../api/client'
import type { components } from '../api/schema'
import { keys } from '../api/queries'
import { Problem } from '../api/problem'
import type { Me } from '../api/types'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import type { Ways } from './queries'

/** useEntered keeps who has come in, and goes on. */
export function useEntered(done: () => void): (me: Me) => void {
  const queries = useQueryClient()
  return (me) => {
    queries.clear()
    queries.setQueryData(keys.me(), me)
    done()
  }
}

/** PhoneForm signs in by a code; somebody who is new is asked for a name once the code is right. */
export function PhoneForm({ done }: { done: (me: Me) => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<{ phone: string; code: string; name: string }>()
  const sending = useSubmit()
  const entering = useSubmit()
  const [challenge, setChallenge] = useState('')
  const [fresh, setFresh] = useState(false)
  const [wait, setWait] = useState(0)
  useEffect(() => {
    if (wait === 0) return
    const timer = setTimeout(() => setWait(wait - 1), 1000)
    return () => clearTimeout(timer)
  }, [wait])
  const send = () =>
    sending.run(async () => {
      await form.validateFields(['phone'])
      const sent = await post<components['schemas']['SentCode']>('/session/codes', {
        phone: form.getFieldValue('phone') as string,
      })
      setChallenge(sent.challenge)
      setFresh(false)
      setWait(60)
    }, form)
  const enter = (f: { code: string; name?: string }) =>
    entering.run(async () => {
      try {
        done(await post<Me>('/session/code', { challenge, code: f.code, name: f.name }))
      } catch (e) {
        if (!(e instanceof Problem) || e.code !== 'person-not-known') throw e
        setFresh(true)
      }
    }, form)
  return (
    <Form form={form} layout="vertical" requiredMark={false} size="large" onFinish={(f) => void enter(f)}>
      <Form.Item name="phone" label={t('join.phone')} rules={[{ required: true, message: t('join.phoneMissing') }]}>
        <Input type="tel" autoComplete="tel" inputMode="tel" disabled={fresh} />
      </Form.Item>
      <Form.Item>
        <Button
          block
          disabled={wait > 0 || fresh}
          loading={sending.busy}
          onClick={() => void send().catch(() => false)}
        >
          {wait > 0 ? t('join.sendAgain', { n: wait }) : t('join.send')}
        </Button>
      </Form.Item>
      {sending.problem && (
        <Form.Item>
          <Fault problem={sending.problem} except={['phone']} />
        </Form.Item>
      )}
      {challenge && (
        <>
          <Form.Item name="code" label={t('join.code')} rules={[{ required: true, message: t('join.codeMissing') }]}>
            <Input autoComplete="one-time-code" inputMode="numeric" maxLength={6} autoFocus readOnly={fresh} />
          </Form.Item>
          {fresh && (
            <Form.Item
              name="name"
              label={t('join.yourName')}
              extra={t('join.newHere')}
              rules={[{ required: true, whitespace: true, message: t('join.nameMissing') }]}
            >
              <Input autoComplete="name" maxLength={100} autoFocus />
            </Form.Item>
          )}
          {entering.problem && (
            <Form.Item>
              <Fault problem={entering.problem} except={['code', 'name']} />
            </Form.Item>
          )}
          <Button type="primary" htmlType="submit" block loading={entering.busy}>
            {t('signIn.enter')}
          </Button>
        </>
      )}
    </Form>
  )
}

/** Providers are the buttons of those who vouch for people. */
export function Providers({ ways }: { ways: Ways }) {
  const { t, n } = useI18n()
  const submit = useSubmit()
  if (ways.providers.length === 0) return null
  const go = (id: string) =>
    submit.run(async () => {
      const { url } = await post<{ url: string }>(`/session/providers/${id}`)
      window.location.assign(url)
    })
  return (
    <div style={{ display: 'grid', gap: 8, marginTop: 12 }}>
      {ways.providers.map((p) => (
        <Button key={p.id} block size="large" loading={submit.busy} onClick={() => void go(p.id)}>
          {t('join.with', { name: n(p.label) })}
        </Button>
      ))}
      {submit.problem && <Fault problem={submit.problem} />}
    </div>
  )
}

/** PersonForm makes a person with a login and a password. */
export function PersonForm({ done }: { done: (me: Me) => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<{ login: string; name: string; password: string }>()
  const submit = useSubmit()
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      size="large"
      onFinish={(f) => void submit.run(async () => done(await post<Me>('/session/person', f)), form)}
    >
      <Form.Item
        name="name"
        label={t('join.yourName')}
        rules={[{ required: true, whitespace: true, message: t('join.nameMissing') }]}
      >
        <Input autoComplete="name" maxLength={100} />
      </Form.Item>
      <Form.Item
        name="login"
        label={t('signIn.login')}
        extra={t('join.loginHelp')}
        rules={[{ required: true, message: t('signIn.loginMissing') }]}
      >
        <Input autoComplete="username" autoCapitalize="off" spellCheck={false} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('signIn.password')}
        extra={t('join.passwordHelp')}
        rules={[{ required: true, message: t('signIn.passwordMissing') }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      {submit.problem && (
        <Form.Item>
          <Fault problem={submit.problem} except={['login', 'name', 'password']} />
        </Form.Item>
      )}
      <Button type="primary" htmlType="submit" block loading={submit.busy}>
        {t('join.signUp')}
      </Button>
    </Form>
  )
}
