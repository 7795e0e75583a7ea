import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal } from 'antd'
import { useNavigate } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { needKeys, type Contact } from './queries'

/** AskDialog asks the other side for a contact, in words. */
export function AskDialog({
  need,
  supply,
  way,
  name,
  help,
  close,
}: {
  need: string
  supply: string
  way?: string
  name: string
  help?: string
  close: () => void
}) {
  const { org, at } = useHere()
  const { t } = useI18n()
  const submit = useSubmit()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form] = Form.useForm<{ words: string }>()
  const send = async ({ words }: { words: string }) => {
    await submit.run(async () => {
      const made = await post<Contact>('/matching/contacts', { as: org.id, need, supply, way, words })
      await client.invalidateQueries({ queryKey: needKeys.all })
      void navigate(at(`needs/contacts/${made.id}`))
    }, form)
  }
  return (
    <Modal open title={t('needs.contactOf', { name })} footer={null} onCancel={close} destroyOnHidden>
      <Form form={form} layout="vertical" onFinish={(d) => void send(d)} requiredMark={false}>
        {help && <p className="muted">{help}</p>}
        <Form.Item
          name="words"
          label={t('needs.contactWords')}
          rules={[{ required: true, min: 3, message: t('needs.contactWords') }]}
        >
          <Input.TextArea autoSize={{ minRows: 3, maxRows: 8 }} maxLength={2000} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
        <Button type="primary" htmlType="submit" size="large" loading={submit.busy}>
          {t('contact.send')}
        </Button>
      </Form>
    </Modal>
  )
}
