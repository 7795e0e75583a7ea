import { Checkbox, Form, Input, Modal, Segmented, Select } from 'antd'
import { useState } from 'react'

import { post, put } from '../api/client'
import { useClasses, useTemplates } from '../api/queries'
import type { Source, SourceDevice } from '../api/types'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { usePlaces } from './places'

interface Fields {
  parent?: string
  name?: string
  template?: string
  class?: string
  machine?: string
  take?: boolean
}

interface Props {
  source: Source
  device: SourceDevice
  /** Metrics of the device that no point takes. */
  unclaimed: string[]
  close: () => void
  done: (machine: string) => void
}

/** AdoptDialog makes a machine of a device, or lets the device feed one that is there. */
export function AdoptDialog({ source, device, unclaimed, close, done }: Props) {
  const { t, n } = useI18n()
  const places = usePlaces()
  const templates = useTemplates()
  const classes = useClasses()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const [to, setTo] = useState<'new' | 'machine'>('new')
  const save = (f: Fields) =>
    submit.run(async () => {
      const path = `/sources/${source.id}/adopt`
      if (to === 'new') {
        const body = { device: device.device, parent: f.parent, name: f.name, template: f.template, class: f.class }
        const made = await post<{ machine: string }>(path, body)
        done(made.machine)
        return
      }
      const machine = f.machine ?? ''
      if (f.take && unclaimed.length > 0) await post(path, { device: device.device, machine, metrics: unclaimed })
      else await put(`/plant/machines/${machine}/feed`, { source: source.id, device: device.device })
      done(machine)
    }, form)
  const missing = (name: string) => [{ required: true, message: t('field.missing', { name }) }]
  return (
    <Modal
      open
      title={t('sources.adoptTitle', { device: device.device })}
      onCancel={close}
      okText={t('sources.adopt')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={520}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: device.device, parent: source.adopt?.parent ?? places.parents[0]?.value, take: true }}
        onFinish={(f) => void save(f)}
      >
        <Form.Item
          extra={<span className="field-mend">{t(to === 'new' ? 'sources.toNewHelp' : 'sources.toMachineHelp')}</span>}
        >
          <Segmented<'new' | 'machine'>
            aria-label={t('sources.adoptTo')}
            value={to}
            onChange={setTo}
            options={[
              { value: 'new', label: t('sources.toNew') },
              { value: 'machine', label: t('sources.toMachine') },
            ]}
          />
        </Form.Item>
        {to === 'new' ? (
          <>
            <Form.Item name="parent" label={t('sources.under')} rules={missing(t('sources.under'))}>
              <Select showSearch={{ optionFilterProp: 'label' }} options={places.parents} />
            </Form.Item>
            <Form.Item name="name" label={t('name')} rules={missing(t('name'))}>
              <Input maxLength={120} />
            </Form.Item>
            <div className="formgrid">
              <Form.Item
                name="template"
                label={t('plant.template')}
                extra={<span className="field-mend">{t('sources.templateHelp')}</span>}
              >
                <Select
                  allowClear
                  showSearch={{ optionFilterProp: 'label' }}
                  placeholder={t('plant.noTemplate')}
                  options={(templates.data ?? []).map((x) => ({ value: x.id, label: n(x.name) }))}
                />
              </Form.Item>
              <Form.Item name="class" label={t('sources.class')}>
                <Select
                  allowClear
                  placeholder={t('sources.noClass')}
                  options={(classes.data ?? []).map((x) => ({ value: x.id, label: n(x.name) }))}
                />
              </Form.Item>
            </div>
          </>
        ) : (
          <>
            <Form.Item name="machine" label={t('kind.machine')} rules={missing(t('kind.machine'))}>
              <Select
                showSearch={{ optionFilterProp: 'label' }}
                options={places.machines}
                placeholder={t('connect.pick')}
              />
            </Form.Item>
            {unclaimed.length > 0 && (
              <Form.Item name="take" valuePropName="checked">
                <Checkbox>{t('sources.takeAll', { n: unclaimed.length })}</Checkbox>
              </Form.Item>
            )}
          </>
        )}
      </Form>
      {submit.problem && <Fault problem={submit.problem} except={['parent', 'name', 'template', 'class', 'machine']} />}
    </Modal>
  )
}
