import { useQueryClient } from '@tanstack/react-query'
import { Button, Form } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { keys } from '../api/queries'
import type { Me } from '../api/types'
import { Door } from '../app/door'
import { useI18n } from '../i18n'
import { PasswordFields, type PasswordForm, usePasswordSubmit } from '../ui/password'
import { Blank, Bones, Fault } from '../ui/states'

// A one-time token works once: the second run of an effect in development must not spend it again.
const spent = new Map<string, Promise<Me>>()

function spend(token: string): Promise<Me> {
  let answer = spent.get(token)
  if (!answer) spent.set(token, (answer = post<Me>('/session/link', { token })))
  return answer
}

/** Welcome opens links of the form /welcome?token=… */
export function Welcome() {
  const [params] = useSearchParams()
  const [token] = useState(() => params.get('token') ?? undefined)
  return <ByLink token={token} />
}

/** ByLink signs in with the secret of a one-time link, and then asks for a password where there is none yet. */
export function ByLink({ token }: { token: string | undefined }) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [me, setMe] = useState<Me>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    document.title = `${t('welcome.title')} · ${t('appName')}`
  }, [t])
  useEffect(() => {
    if (!token) return
    // The token leaves the address bar and the history at once.
    history.replaceState(history.state, '', '/sign-in')
    spend(token).then(
      (answer) => {
        queries.clear()
        queries.setQueryData(keys.me(), answer)
        if (answer.passwordSet) void navigate('/', { replace: true })
        else setMe(answer)
      },
      (e: unknown) => setProblem(e instanceof Problem ? e : new Problem(0, 'unknown', String(e))),
    )
  }, [token, queries, navigate])
  if (!token) {
    return (
      <Door title={t('welcome.title')}>
        <Blank
          title={t('welcome.noToken')}
          actions={
            <Link to="/sign-in" reloadDocument>
              {t('signIn.title')}
            </Link>
          }
        >
          {t('welcome.noTokenHelp')}
        </Blank>
      </Door>
    )
  }
  if (problem) {
    return (
      <Door title={t('welcome.refused')}>
        <Fault problem={problem} />
        <p className="muted" style={{ margin: '12px 0' }}>
          {t('welcome.refusedHelp')}
        </p>
        <Link to="/sign-in" reloadDocument>
          {t('signIn.title')}
        </Link>
      </Door>
    )
  }
  if (!me) {
    return (
      <Door title={t('welcome.title')}>
        <Bones rows={3} />
      </Door>
    )
  }
  return (
    <Door title={t('welcome.hello', { name: me.person.name || me.person.login })}>
      <FirstPassword me={me} />
    </Door>
  )
}

function FirstPassword({ me }: { me: Me }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [form] = Form.useForm<PasswordForm>()
  const submit = usePasswordSubmit(form)
  return (
    <Form<PasswordForm>
      form={form}
      layout="vertical"
      requiredMark={false}
      size="large"
      onFinish={(fields) =>
        void submit.set(fields).then(async (ok) => {
          if (!ok) return
          queries.setQueryData(keys.me(), { ...me, passwordSet: true })
          await navigate('/', { replace: true })
        })
      }
    >
      <p className="muted" style={{ marginBottom: 14 }}>
        {t('welcome.setPassword', { login: me.person.login })}
      </p>
      <input type="text" name="username" autoComplete="username" defaultValue={me.person.login} hidden readOnly />
      <PasswordFields />
      {submit.problem && (
        <Form.Item>
          <Fault problem={submit.problem} except={['new']} />
        </Form.Item>
      )}
      <div className="row">
        <Button type="primary" htmlType="submit" loading={submit.busy}>
          {t('welcome.save')}
        </Button>
        <Button type="text" onClick={() => void navigate('/', { replace: true })}>
          {t('welcome.later')}
        </Button>
      </div>
    </Form>
  )
}
