import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Radio, Select } from 'antd'

import type { Text } from '../api/types'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { declare, gs1Keys, shortType, useLinkTypes, type DeclaredLink, type DeclaredSet } from './queries'
import './gs1.css'

interface Line {
  type: string
  href: string
  zh?: string
  en?: string
  languages?: string[]
  media?: string
}

interface Values {
  anchor: string
  zh?: string
  en?: string
  links: Line[]
  standing: number
}

/** LinksDialog declares the links of a thing: of a new one, or a further version. */
export function LinksDialog({
  org,
  of,
  anchor,
  close,
  done,
}: {
  org: string
  of?: DeclaredSet
  anchor?: string
  close: () => void
  done: (set: DeclaredSet) => void
}) {
  const { t } = useI18n()
  const types = useLinkTypes()
  const submit = useSubmit()
  const client = useQueryClient()
  const [form] = Form.useForm<Values>()
  const lines = Form.useWatch('links', form) as Line[] | undefined
  const first: Line = { type: 'gs1:pip', href: 'https://' }
  const initial: Values = {
    anchor: of?.anchor ?? anchor ?? '',
    zh: of?.description.zh,
    en: of?.description.en,
    links: of && of.links.length > 0 ? of.links.map(lineOf) : [first],
    standing: Math.max(0, of?.links.findIndex((l) => l.default) ?? 0),
  }
  const save = (v: Values) =>
    submit.run(async () => {
      const set = await declare(org, v.anchor.trim(), {
        description: words(v.zh, v.en),
        links: v.links.map((l, i) => linkOf(l, i === v.standing, of?.links[i])),
      })
      await client.invalidateQueries({ queryKey: gs1Keys.all })
      done(set)
    })
  return (
    <Modal
      open
      width={720}
      title={of ? t('gs1.edit') : t('gs1.new')}
      onCancel={close}
      okText={t('gs1.declare')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={() => form.submit()}
      destroyOnHidden
    >
      <Form form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={(v) => void save(v)}>
        <Form.Item
          name="anchor"
          label={t('gs1.anchor')}
          extra={t('gs1.anchorHelp')}
          rules={[{ required: true, message: t('gs1.anchor') }]}
        >
          <Input placeholder="/01/09506000134352" disabled={Boolean(of)} />
        </Form.Item>
        <div className="gs1-pair">
          <Form.Item name="zh" label={t('gs1.nameZh')}>
            <Input maxLength={300} />
          </Form.Item>
          <Form.Item name="en" label={t('gs1.nameEn')}>
            <Input maxLength={300} />
          </Form.Item>
        </div>
        <Form.List name="links">
          {(fields, { add, remove }) => (
            <>
              {fields.map((f) => (
                <div key={f.key} className="gs1-link" role="group" aria-label={t('gs1.linkNo', { n: f.name + 1 })}>
                  <div className="gs1-pair">
                    <Form.Item
                      name={[f.name, 'type']}
                      label={t('gs1.type')}
                      rules={[{ required: true, message: t('gs1.type') }]}
                    >
                      <Select
                        showSearch={{ optionFilterProp: 'label' }}
                        options={(types.data ?? []).map((x) => ({ value: x.name, label: `${x.name} · ${x.label}` }))}
                      />
                    </Form.Item>
                    <Form.Item
                      name={[f.name, 'href']}
                      label={t('gs1.href')}
                      rules={[{ required: true, message: t('gs1.href') }]}
                    >
                      <Input type="url" maxLength={2000} />
                    </Form.Item>
                    <Form.Item name={[f.name, 'zh']} label={t('gs1.titleZh')}>
                      <Input maxLength={200} />
                    </Form.Item>
                    <Form.Item name={[f.name, 'en']} label={t('gs1.titleEn')}>
                      <Input maxLength={200} />
                    </Form.Item>
                    <Form.Item name={[f.name, 'languages']} label={t('gs1.languages')}>
                      <Select
                        mode="tags"
                        tokenSeparators={[',', ' ']}
                        options={['zh', 'zh-CN', 'en'].map((v) => ({ value: v }))}
                      />
                    </Form.Item>
                    <Form.Item name={[f.name, 'media']} label={t('gs1.media')}>
                      <Input placeholder="text/html" maxLength={100} />
                    </Form.Item>
                  </div>
                  {fields.length > 1 && (
                    <Button
                      type="text"
                      danger
                      icon={<DeleteOutlined aria-hidden />}
                      onClick={() => remove(f.name)}
                      style={{ marginBottom: 8 }}
                    >
                      {t('gs1.removeLink', { n: f.name + 1 })}
                    </Button>
                  )}
                </div>
              ))}
              <Button icon={<PlusOutlined aria-hidden />} onClick={() => add(first)} style={{ marginBottom: 12 }}>
                {t('gs1.addLink')}
              </Button>
            </>
          )}
        </Form.List>
        <Form.Item name="standing" label={t('gs1.default')} extra={t('gs1.defaultHelp')}>
          <Radio.Group options={(lines ?? []).map((_, i) => ({ value: i, label: t('gs1.linkNo', { n: i + 1 }) }))} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}

const words = (zh?: string, en?: string): Text => ({ zh: zh?.trim() ?? '', en: en?.trim() ?? '' })

const lineOf = (l: DeclaredLink): Line => ({
  type: shortType(l.type),
  href: l.href,
  zh: l.title.zh,
  en: l.title.en,
  languages: l.languages ?? undefined,
  media: l.media,
})

/** linkOf keeps of a link before what the form does not show. */
const linkOf = (l: Line, standing: boolean, before?: DeclaredLink): DeclaredLink => ({
  type: l.type,
  href: l.href.trim(),
  title: words(l.zh, l.en),
  languages: l.languages && l.languages.length > 0 ? l.languages : undefined,
  media: l.media?.trim() ? l.media.trim() : undefined,
  contexts: before?.contexts,
  closed: before?.closed,
  default: standing,
})
