import { Button, Form, Input, Modal } from 'antd'

import { fromLocalInput, toLocalInput, zone } from '../format/time'
import { useI18n } from '../i18n'
import type { Interval } from './segments'

interface Fields {
  from: string
  to: string
}

/** SpanDialog asks for the two ends of a span. */
export function SpanDialog({
  span,
  close,
  choose,
}: {
  span: Interval
  close: () => void
  choose: (s: Interval) => void
}) {
  const { t } = useI18n()
  return (
    <Modal open title={t('span.title')} onCancel={close} footer={null} width={380}>
      <Form<Fields>
        layout="vertical"
        requiredMark={false}
        initialValues={{ from: toLocalInput(span.from), to: toLocalInput(span.to) }}
        onFinish={(f) => choose({ from: fromLocalInput(f.from), to: fromLocalInput(f.to) })}
      >
        <Form.Item name="from" label={t('span.from')} rules={[{ required: true, message: t('span.missing') }]}>
          <Input type="datetime-local" step="1" autoFocus />
        </Form.Item>
        <Form.Item
          name="to"
          label={t('span.to')}
          dependencies={['from']}
          rules={[
            { required: true, message: t('span.missing') },
            ({ getFieldValue }) => ({
              validator: (_, value: string) =>
                fromLocalInput(value) > fromLocalInput(getFieldValue('from') as string)
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('span.order'))),
            }),
          ]}
        >
          <Input type="datetime-local" step="1" />
        </Form.Item>
        <p className="muted" style={{ marginBottom: 12 }}>
          {t('foot.zone', { zone: zone() })}
        </p>
        <Button type="primary" htmlType="submit" block>
          {t('span.show')}
        </Button>
      </Form>
    </Modal>
  )
}
