import { useQueryClient } from '@tanstack/react-query'
import { Form, Input, Modal, Select } from 'antd'

import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { plateFields, putPlate, twinKeys, type PlateField, type Twin, type TwinSubmodel } from './queries'

interface Values {
  field: PlateField
  value: string
  reason?: string
}

/** FillDialog puts one value on a machine's nameplate that the plant model does not know. */
export function FillDialog({ twin, plate, close }: { twin: Twin; plate: TwinSubmodel; close: () => void }) {
  const { t, lang } = useI18n()
  const [form] = Form.useForm<Values>()
  const submit = useSubmit()
  const client = useQueryClient()
  const fields = Object.keys(plateFields) as PlateField[]
  const was = (f: PlateField) => (typeof plate.value[f] === 'string' ? plate.value[f] : '')
  const first = fields.find((f) => !was(f)) ?? fields[0]
  const save = (v: Values) =>
    submit.run(async () => {
      await putPlate(twin, plate, v.field, v.value.trim(), v.reason?.trim() ?? '', lang)
      await client.invalidateQueries({ queryKey: twinKeys.all })
      close()
    })
  return (
    <Modal
      open
      title={t('twin.fill')}
      okText={t('twin.save')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        initialValues={{ field: first, value: '' }}
        onFinish={(v) => void save(v)}
        onValuesChange={(v: Partial<Values>) => v.field && form.setFieldValue('value', was(v.field))}
      >
        {submit.problem && <Fault problem={submit.problem} />}
        <Form.Item name="field" label={t('twin.field')}>
          <Select options={fields.map((f) => ({ value: f, label: t(`twin.plate.${f}`) }))} />
        </Form.Item>
        <Form.Item
          name="value"
          label={t('twin.value')}
          rules={[{ required: true, whitespace: true, message: t('twin.needValue') }]}
        >
          <Input maxLength={500} autoComplete="off" />
        </Form.Item>
        <Form.Item name="reason" label={t('twin.reason')}>
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  )
}
