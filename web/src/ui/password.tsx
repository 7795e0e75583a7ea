import { Form, Input, type FormInstance } from 'antd'

import { put } from '../api/client'
import { useI18n } from '../i18n'
import { useSubmit } from './submit'

export interface PasswordForm {
  current?: string
  new: string
  again: string
}

/** PasswordFields asks for a new password twice. The node decides whether it is good enough. */
export function PasswordFields() {
  const { t } = useI18n()
  return (
    <>
      <Form.Item name="new" label={t('password.new')} rules={[{ required: true, message: t('password.missing') }]}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={t('password.again')}
        dependencies={['new']}
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value: string | undefined) =>
              (value ?? '') === (getFieldValue('new') ?? '')
                ? Promise.resolve()
                : Promise.reject(new Error(t('password.differ'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
    </>
  )
}

export function usePasswordSubmit(form: FormInstance<PasswordForm>) {
  const submit = useSubmit()
  return {
    ...submit,
    set: (f: PasswordForm) =>
      submit.run(() => put('/me/password', { ...(f.current ? { current: f.current } : {}), new: f.new }), form),
  }
}
