import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Segmented } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router'

import { post } from '../api/client'
import { keys } from '../api/queries'
import type { Me } from '../api/types'
import { useI18n } from '../i18n'
import { PhoneForm, Providers, useEntered } from '../join/enter'
import { useWays } from '../join/queries'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { Door } from '../app/door'
import { ByLink } from './welcome'

interface Fields {
  login: string
  password: string
}

/** SignInPage is the way in: by a one-time link, whose secret stands behind #link=, or by login and password. */
export function SignInPage() {
  const { hash } = useLocation()
  // A link that was opened stays what this page is about, also once its secret has left the address.
  const [link, setLink] = useState<string>()
  const found = /^#link=(.+)$/.exec(hash)?.[1]
  if (found && found !== link) setLink(found)
  return link ? <ByLink key={link} token={link} /> : <SignIn />
}

function SignIn() {
  const { t } = useI18n()
  const [params] = useSearchParams()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const done = useRef(false)
  const ways = useWays()
  const [by, setBy] = useState<'password' | 'phone'>('password')
  const entered = useEntered(() => void navigate(inside(params.get('next')), { replace: true }))
  useEffect(() => {
    document.title = `${t('signIn.title')} · ${t('appName')}`
  }, [t])
  const enter = async (fields: Fields) => {
    const ok = await submit.run(async () => {
      const me = await post<Me>('/session', fields)
      queries.clear()
      queries.setQueryData(keys.me(), me)
    }, form)
    if (ok && !done.current) {
      done.current = true
      await navigate(inside(params.get('next')), { replace: true })
    }
  }
  return (
    <Door title={t('signIn.title')}>
      {ways.data?.sms && (
        <Segmented
          block
          aria-label={t('signIn.title')}
          value={by}
          onChange={setBy}
          style={{ marginBottom: 14 }}
          options={[
            { value: 'password', label: t('join.byPassword') },
            { value: 'phone', label: t('join.byPhone') },
          ]}
        />
      )}
      {by === 'phone' ? (
        <PhoneForm done={entered} />
      ) : (
        <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={(f) => void enter(f)} size="large">
          <Form.Item
            name="login"
            label={t('signIn.login')}
            rules={[{ required: true, message: t('signIn.loginMissing') }]}
          >
            <Input autoFocus autoComplete="username" autoCapitalize="off" spellCheck={false} />
          </Form.Item>
          <Form.Item
            name="password"
            label={t('signIn.password')}
            rules={[{ required: true, message: t('signIn.passwordMissing') }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          {submit.problem && (
            <Form.Item>
              <Fault problem={submit.problem} except={['login', 'password']} />
            </Form.Item>
          )}
          <Button type="primary" htmlType="submit" block loading={submit.busy}>
            {t('signIn.enter')}
          </Button>
        </Form>
      )}
      {ways.data && <Providers ways={ways.data} />}
      {ways.data?.signUp && (
        <p style={{ marginTop: 16 }}>
          <Link to="/sign-up">{t('join.first')}</Link>
        </p>
      )}
      <p className="muted" style={{ marginTop: 16 }}>
        {t('signIn.help')}
      </p>
    </Door>
  )
}

/** inside lets "next" lead only to a page of this console. */
function inside(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/'
}
