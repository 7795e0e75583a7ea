import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Checkbox, Form, Input, InputNumber, Modal, Select } from 'antd'

import { put } from '../api/client'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { nameOf } from '../plant/dialogs'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { identifierKeys, type Content, type Item, type Template } from './queries'
import './identifiers.css'

interface Line {
  name: string
  zh?: string
  en?: string
  type: Item['type']
  maxLength?: number | null
  flags?: ('required' | 'unique' | 'private')[]
  /** What the form does not show. */
  rest?: Item
}

interface Fields {
  version: string
  zh?: string
  en?: string
  industry: string
  object: Content['type']
  description?: string
  items: Line[]
}

const blank: Line = { name: '', type: 'string', flags: [] }
/** Of GB/T 4754. */
const sections = Array.from({ length: 20 }, (_, i) => String.fromCharCode('A'.charCodeAt(0) + i))
const flags = ['required', 'unique', 'private'] as const

/** TemplateDialog drafts a template, changes a draft, or begins a further version of one that is published. */
export function TemplateDialog({
  prefix,
  of: x,
  further = false,
  close,
}: {
  prefix: string
  of?: Template
  further?: boolean
  close: () => void
}) {
  const { t } = useI18n()
  const [form] = Form.useForm<Fields>()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const edits = x !== undefined && !further
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      const at = `/identifier-templates/${encodeURIComponent(prefix)}/${encodeURIComponent(f.version.trim())}`
      await put(at, contentOf(f, x?.content))
      await refreshed(identifierKeys.all())
    })
    if (ok) close()
  }
  const need = (name: string) => [{ required: true, whitespace: true, message: t('field.missing', { name }) }]
  return (
    <Modal
      open
      width={720}
      title={t(edits ? 'identifiers.editTemplate' : 'identifiers.newTemplate')}
      onCancel={close}
      okText={t('save')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={x ? fieldsOf(x, further) : { version: '1.0.0', industry: 'C', object: 2, items: [blank] }}
        onFinish={() => void save(form.getFieldsValue(true) as Fields)}
      >
        <div className="id-two">
          <Form.Item
            name="version"
            label={t('identifiers.templateVersion')}
            rules={need(t('identifiers.templateVersion'))}
          >
            <Input maxLength={64} autoComplete="off" disabled={edits} placeholder="1.0.0" />
          </Form.Item>
          <Form.Item
            name="industry"
            label={t('identifiers.industry')}
            extra={<span className="field-mend">{t('identifiers.industryHelp')}</span>}
          >
            <Select options={sections.map((v) => ({ value: v, label: v }))} />
          </Form.Item>
          <Form.Item name="zh" label={t('identifiers.nameZh')} rules={need(t('identifiers.nameZh'))}>
            <Input lang="zh-CN" maxLength={120} />
          </Form.Item>
          <Form.Item name="en" label={t('identifiers.nameEn')}>
            <Input lang="en" maxLength={120} />
          </Form.Item>
          <Form.Item name="object" label={t('identifiers.object')}>
            <Select
              options={[
                { value: 1, label: t('identifiers.object.1') },
                { value: 2, label: t('identifiers.object.2') },
              ]}
            />
          </Form.Item>
          <Form.Item name="description" label={t('identifiers.description')}>
            <Input maxLength={1000} />
          </Form.Item>
        </div>
        <ItemLines need={need} />
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}

function ItemLines({
  need,
}: {
  need: (name: string) => { required: boolean; whitespace: boolean; message: string }[]
}) {
  const { t } = useI18n()
  return (
    <Form.List name="items">
      {(fields, { add, remove }) => (
        <>
          {fields.map((f) => (
            <div key={f.key} className="id-value" role="group" aria-label={t('identifiers.itemNo', { n: f.name + 1 })}>
              <div className="id-two">
                <Form.Item
                  name={[f.name, 'name']}
                  label={t('identifiers.itemName')}
                  rules={need(t('identifiers.itemName'))}
                >
                  <Input maxLength={128} autoComplete="off" spellCheck={false} />
                </Form.Item>
                <Form.Item name={[f.name, 'type']} label={t('identifiers.kind')}>
                  <Select
                    options={(['string', 'number', 'date'] as const).map((v) => ({
                      value: v,
                      label: t(`identifiers.kind.${v}`),
                    }))}
                  />
                </Form.Item>
                <Form.Item name={[f.name, 'zh']} label={t('identifiers.labelZh')}>
                  <Input lang="zh-CN" maxLength={120} />
                </Form.Item>
                <Form.Item name={[f.name, 'en']} label={t('identifiers.labelEn')}>
                  <Input lang="en" maxLength={120} />
                </Form.Item>
                <Form.Item name={[f.name, 'flags']} label={t('identifiers.rules')}>
                  <Checkbox.Group options={flags.map((v) => ({ value: v, label: t(`identifiers.${v}`) }))} />
                </Form.Item>
                <Form.Item name={[f.name, 'maxLength']} label={t('identifiers.maxLength')}>
                  <InputNumber min={1} max={4096} precision={0} placeholder="255" style={{ width: '100%' }} />
                </Form.Item>
              </div>
              {fields.length > 1 && (
                <Button
                  type="text"
                  danger
                  size="small"
                  icon={<DeleteOutlined aria-hidden />}
                  onClick={() => remove(f.name)}
                  style={{ marginBottom: 8 }}
                >
                  {t('identifiers.removeItem', { n: f.name + 1 })}
                </Button>
              )}
            </div>
          ))}
          <Button icon={<PlusOutlined aria-hidden />} onClick={() => add(blank)} style={{ marginBottom: 12 }}>
            {t('identifiers.addItem')}
          </Button>
        </>
      )}
    </Form.List>
  )
}

function fieldsOf(x: Template, further: boolean): Fields {
  const c = x.content
  return {
    version: further ? '' : x.version,
    zh: c.name.zh,
    en: c.name.en,
    industry: c.industryCategory,
    object: c.type,
    description: c.description,
    items: c.items.map((it) => ({
      name: it.name,
      zh: it.label?.zh,
      en: it.label?.en,
      type: it.type,
      maxLength: it.maxLength,
      flags: flags.filter((f) => it[f]),
      rest: it,
    })),
  }
}

/** contentOf keeps of a template before what the form does not show: finer levels of trade, patterns and references. */
function contentOf(f: Fields, was: Content | undefined): Content {
  const same = was?.industryCategory === f.industry
  return {
    ...(same ? was : {}),
    name: nameOf(f),
    industryCategory: f.industry,
    type: f.object,
    description: f.description?.trim() || undefined,
    items: f.items.map((l) => ({
      ...l.rest,
      name: l.name.trim(),
      label: l.zh?.trim() || l.en?.trim() ? nameOf(l) : undefined,
      type: l.type,
      maxLength: l.maxLength ?? undefined,
      required: l.flags?.includes('required'),
      unique: l.flags?.includes('unique'),
      private: l.flags?.includes('private'),
    })),
  }
}
