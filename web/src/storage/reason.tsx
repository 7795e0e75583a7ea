import { Form, Input } from 'antd'

import { useI18n } from '../i18n'

/** ReasonField asks why: every change of what is kept says so. */
export function ReasonField({ hint }: { hint: string }) {
  const { t } = useI18n()
  return (
    <Form.Item
      name="reason"
      label={t('reason')}
      rules={[
        {
          validator: (_, v: string | undefined) =>
            (v ?? '').trim().length < 3 ? Promise.reject(new Error(t('storage.reasonMissing'))) : Promise.resolve(),
        },
      ]}
    >
      <Input.TextArea rows={2} maxLength={500} placeholder={hint} />
    </Form.Item>
  )
}
