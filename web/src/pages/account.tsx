import { App, Button, Form, Input, Segmented } from 'antd'
import { useQueryClient } from '@tanstack/react-query'

import { keys } from '../api/queries'
import { useHere } from '../app/org'
import { useSignOut } from '../app/tools'
import { useI18n } from '../i18n'
import type { Lang } from '../format/time'
import { PageHead } from '../ui/page'
import { PasswordFields, usePasswordSubmit, type PasswordForm } from '../ui/password'
import { setPreferences, usePreferences, type Theme } from '../ui/preferences'
import { roleKey } from '../ui/role'
import { Fault } from '../ui/states'

export function AccountPage() {
  const { me } = useHere()
  const { t, n } = useI18n()
  const { lang, theme } = usePreferences()
  const signOut = useSignOut()
  return (
    <>
      <PageHead title={t('account.title')}>
        <Button onClick={() => void signOut()}>{t('signOut')}</Button>
      </PageHead>
      <div className="columns" style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 340px), 1fr))' }}>
        <section className="panel" aria-labelledby="who">
          <header>
            <h2 id="who">{me.person.name || me.person.login}</h2>
          </header>
          <div className="body stack">
            <dl className="facts">
              <dt>{t('signIn.login')}</dt>
              <dd>
                <code>{me.person.login}</code>
              </dd>
              <dt>{t('people.roles')}</dt>
              <dd>
                {me.roles.map((r) => (
                  <div key={r.org.id}>
                    {n(r.org.name)} · {t(roleKey[r.role])}
                  </div>
                ))}
              </dd>
            </dl>
            <div className="row wrap">
              <span style={{ minWidth: 72 }} id="lang-label">
                {t('account.language')}
              </span>
              <Segmented<Lang>
                aria-labelledby="lang-label"
                value={lang}
                onChange={(v) => setPreferences({ lang: v })}
                options={[
                  { label: '中文', value: 'zh' },
                  { label: 'English', value: 'en' },
                ]}
              />
            </div>
            <div className="row wrap">
              <span style={{ minWidth: 72 }} id="theme-label">
                {t('account.colours')}
              </span>
              <Segmented<Theme>
                aria-labelledby="theme-label"
                value={theme}
                onChange={(v) => setPreferences({ theme: v })}
                options={[
                  { label: t('theme.system'), value: 'system' },
                  { label: t('theme.light'), value: 'light' },
                  { label: t('theme.dark'), value: 'dark' },
                ]}
              />
            </div>
          </div>
        </section>
        <section className="panel" aria-labelledby="pw">
          <header>
            <h2 id="pw">{me.passwordSet ? t('password.change') : t('password.set')}</h2>
          </header>
          <div className="body">
            <ChangePassword />
          </div>
        </section>
      </div>
    </>
  )
}

function ChangePassword() {
  const { me } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const queries = useQueryClient()
  const [form] = Form.useForm<PasswordForm>()
  const submit = usePasswordSubmit(form)
  return (
    <Form<PasswordForm>
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(fields) =>
        void submit.set(fields).then((ok) => {
          if (!ok) return
          form.resetFields()
          void queries.invalidateQueries({ queryKey: keys.me() })
          void message.success(t('password.saved'))
        })
      }
    >
      <input type="text" name="username" autoComplete="username" defaultValue={me.person.login} hidden readOnly />
      {me.passwordSet && (
        <Form.Item
          name="current"
          label={t('password.current')}
          rules={[{ required: true, message: t('password.missing') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
      )}
      <PasswordFields />
      {submit.problem && (
        <Form.Item>
          <Fault problem={submit.problem} except={['new', 'current']} />
        </Form.Item>
      )}
      <Button type="primary" htmlType="submit" loading={submit.busy}>
        {t('save')}
      </Button>
    </Form>
  )
}
