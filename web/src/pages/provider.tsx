import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { keys } from '../api/queries'
import type { components } from '../api/schema'
import type { Me } from '../api/types'
import { Door } from '../app/door'
import { useI18n } from '../i18n'
import { useEntered } from '../join/enter'
import { useWays } from '../join/queries'
import { Bones, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

type Answered = components['schemas']['ProviderSignIn']

// What came back counts once: the second run of an effect in development must not spend it again.
const spent = new Map<string, Promise<Answered>>()

function spend(query: URLSearchParams): Promise<Answered> {
  const state = query.get('state') ?? ''
  const word = (key: string) => query.get(key) ?? undefined
  let answer = spent.get(state)
  if (!answer) {
    answer = post<Answered>('/session/provider', { state, code: word('code'), iss: word('iss'), error: word('error') })
    spent.set(state, answer)
  }
  return answer
}

/** ProviderPage is where a provider sends the browser back. */
export function ProviderPage() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [query] = useState(() => new URLSearchParams(location.search))
  const [answer, setAnswer] = useState<Answered>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    document.title = `${t('signIn.title')} · ${t('appName')}`
  }, [t])
  useEffect(() => {
    history.replaceState(history.state, '', '/sign-in/oidc') // the code leaves the address at once
    spend(query).then(
      (a) => {
        if (!a.me) return setAnswer(a)
        queries.clear()
        queries.setQueryData(keys.me(), a.me)
        void navigate('/', { replace: true })
      },
      (e: unknown) => setProblem(e instanceof Problem ? e : new Problem(0, 'unknown', String(e))),
    )
  }, [query, queries, navigate])
  return (
    <Door title={t('signIn.title')}>
      {problem ? (
        <>
          <Fault problem={problem} />
          <p style={{ marginTop: 12 }}>
            <Link to="/sign-in">{t('signIn.title')}</Link>
          </p>
        </>
      ) : answer?.ticket ? (
        <Unknown ticket={answer.ticket} name={answer.name ?? ''} />
      ) : (
        <Bones rows={3} />
      )}
    </Door>
  )
}

/** Unknown is for somebody whom the provider vouches for, and whom nobody here is known by yet. */
function Unknown({ ticket, name }: { ticket: string; name: string }) {
  const { t } = useI18n()
  const ways = useWays()
  const navigate = useNavigate()
  const binding = useSubmit()
  const coming = useSubmit()
  const [form] = Form.useForm<{ login: string; password: string }>()
  const entered = useEntered(() => void navigate('/join', { replace: true }))
  const bound = useEntered(() => void navigate('/', { replace: true }))
  return (
    <>
      <p className="muted" style={{ marginBottom: 14 }}>
        {t('join.unknownHelp')}
      </p>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        size="large"
        onFinish={(f) =>
          void binding.run(async () => {
            const me = await post<Me>('/session', f)
            await post('/me/providers', { ticket })
            bound(me)
          }, form)
        }
      >
        <Form.Item
          name="login"
          label={t('signIn.login')}
          rules={[{ required: true, message: t('signIn.loginMissing') }]}
        >
          <Input autoComplete="username" />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('signIn.password')}
          rules={[{ required: true, message: t('signIn.passwordMissing') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        {binding.problem && (
          <Form.Item>
            <Fault problem={binding.problem} />
          </Form.Item>
        )}
        <Button type="primary" htmlType="submit" block loading={binding.busy}>
          {t('join.bind')}
        </Button>
      </Form>
      {ways.data?.signUp && (
        <Form<{ name: string }>
          layout="vertical"
          requiredMark={false}
          size="large"
          style={{ marginTop: 20 }}
          initialValues={{ name }}
          onFinish={(f) =>
            void coming.run(async () => entered(await post<Me>('/session/provider/person', { ticket, name: f.name })))
          }
        >
          <Form.Item
            name="name"
            label={t('join.yourName')}
            rules={[{ required: true, whitespace: true, message: t('join.nameMissing') }]}
          >
            <Input autoComplete="name" maxLength={100} />
          </Form.Item>
          {coming.problem && (
            <Form.Item>
              <Fault problem={coming.problem} />
            </Form.Item>
          )}
          <Button htmlType="submit" block loading={coming.busy}>
            {t('join.comeNew')}
          </Button>
        </Form>
      )}
    </>
  )
}
