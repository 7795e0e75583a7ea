import { App, Form, Input, Modal } from 'antd'

import { post } from '../api/client'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { agreementKeys, type Agreement, type Side } from './queries'

/** EndDialog ends an agreement at once, after it has said what happens. */
export function EndDialog({ of: a, side, close }: { of: Agreement; side: Side; close: () => void }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ reason: string }>()
  const saving = useSubmit()
  const save = async (f: { reason: string }) => {
    const done = await saving.run(async () => {
      await post(`/agreements/${a.id}/end`, { side, reason: f.reason })
      await refreshed(agreementKeys.all())
    }, form)
    if (!done) return
    void message.success(t('agreements.endDone'))
    close()
  }
  const label = t('agreements.endReason')
  return (
    <Modal
      open
      title={t('agreements.endTitle')}
      okText={t('agreements.end')}
      okButtonProps={{ danger: true }}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form form={form} layout="vertical" onFinish={(f: { reason: string }) => void save(f)}>
        <p style={{ marginBottom: 12 }}>
          {side === 'giver'
            ? t('agreements.endGiver', { name: n(a.taker.name) })
            : t('agreements.endTaker', { name: n(a.giver.name) })}
        </p>
        {saving.problem && <Fault problem={saving.problem} except={['reason']} />}
        <Form.Item
          name="reason"
          label={label}
          rules={[{ required: true, message: t('field.missing', { name: label }) }]}
        >
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2 }} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
