import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Checkbox, Form, Input, Modal, Radio, Select } from 'antd'
import { useRef, useState } from 'react'

import { randomKey } from '../api/client'
import { sendFile } from '../fields/transfer'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { save } from '../trend/csv'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { csvOf } from './faultsheet'
import { identifierKeys, useTemplates, type ImportInput, type Job } from './queries'
import '../files/files.css'
import './identifiers.css'

interface Fields {
  template: string
  mode: ImportInput['mode']
  overwrite: boolean
  reason?: string
}

/** UploadDialog takes a file of identifiers, which the node registers by a job. */
export function UploadDialog({ prefix, close }: { prefix: string; close: () => void }) {
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const templates = useTemplates(prefix)
  const usable = (templates.data ?? []).filter((x) => x.state === 'published')
  const [form] = Form.useForm<Fields>()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const chooser = useRef<HTMLInputElement>(null)
  const [file, setFile] = useState<File>()
  const [missing, setMissing] = useState(false)
  // The same file sent again after a lost answer is the same job.
  const [once, setOnce] = useState(randomKey)
  const start = async (f: Fields) => {
    if (!file) {
      setMissing(true)
      return
    }
    const ok = await submit.run(async () => {
      await sendFile<Job>(
        '/identifiers/imports',
        {
          prefix,
          template: f.template || undefined,
          mode: f.mode,
          overwrite: f.overwrite || undefined,
          once,
          reason: f.reason?.trim() || undefined,
        },
        file,
        lang,
      )
      await refreshed(identifierKeys.all())
    })
    if (!ok) return
    void message.success(t('identifiers.started'))
    close()
  }
  const sample = () => {
    const version = form.getFieldValue('template') as string
    const items = usable.find((x) => x.version === version)?.content.items ?? []
    const heading = csvOf(['suffix', ...items.map((it) => n(it.label) || it.name), '1 URL'])
    save(new Blob(['\uFEFF', heading], { type: 'text/csv;charset=utf-8' }), `${prefix}.csv`)
  }
  if (!templates.data && !templates.error) return null
  return (
    <Modal
      open
      width={520}
      title={t('identifiers.upload')}
      onCancel={close}
      okText={t('identifiers.start')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ template: usable.at(-1)?.version ?? '', mode: 'whole', overwrite: false }}
        onFinish={(f) => void start(f)}
        onValuesChange={() => setOnce(randomKey())}
      >
        <Form.Item name="template" label={t('identifiers.template')}>
          <Select
            options={[
              ...usable.map((x) => ({ value: x.version, label: `${n(x.content.name)} ${x.version}` })),
              { value: '', label: t('identifiers.noTemplate') },
            ]}
          />
        </Form.Item>
        <div className="dropzone" style={{ marginBottom: 16 }}>
          {file && <p>{t('identifiers.chosen', { name: file.name, size: bytes(lang, file.size) })}</p>}
          <div className="row wrap">
            <Button onClick={() => chooser.current?.click()}>{t('identifiers.choose')}</Button>
            <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={sample}>
              {t('identifiers.sample')}
            </Button>
          </div>
          <p className="muted">
            <small>{t('identifiers.fileHelp')}</small>
          </p>
          {missing && !file && (
            <p role="alert" className="bad">
              {t('identifiers.fileMissing')}
            </p>
          )}
          <input
            ref={chooser}
            type="file"
            hidden
            accept=".csv,.xlsx,.ndjson,.jsonl"
            aria-label={t('identifiers.file')}
            onChange={(e) => {
              setFile(e.target.files?.[0])
              setOnce(randomKey())
              e.target.value = ''
            }}
          />
        </div>
        <Form.Item name="mode" label={t('identifiers.mode')}>
          <Radio.Group
            options={(['whole', 'proceed'] as const).map((v) => ({ value: v, label: t(`identifiers.mode.${v}`) }))}
          />
        </Form.Item>
        <Form.Item name="overwrite" valuePropName="checked">
          <Checkbox>{t('identifiers.overwrite')}</Checkbox>
        </Form.Item>
        <Form.Item name="reason" label={t('reason')}>
          <Input maxLength={500} placeholder={t('identifiers.why')} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}
