import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { App, Button, Form, Input, InputNumber, Modal, Select } from 'antd'
import type { Rule } from 'antd/es/form'

import { call, post } from '../api/client'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { changesOf, firstItem, isTemplateMark, nextIndex } from './change'
import {
  identifierKeys,
  isPublic,
  useTemplates,
  type Identifier,
  type Item,
  type Template,
  type Value,
} from './queries'
import './identifiers.css'

interface Line {
  index: number
  type: string
  data: string
  seen: 'public' | 'restricted'
}

interface Fields {
  suffix?: string
  template: string
  /** by index */
  items?: Record<string, string | undefined>
  lines?: Line[]
  reason?: string
}

const permissions = { public: '1110', restricted: '1100' } as const

/** RegisterDialog registers an identifier under a prefix. */
export function RegisterDialog({
  prefix,
  close,
  done,
}: {
  prefix: string
  close: () => void
  done: (x: Identifier) => void
}) {
  const { t, n } = useI18n()
  const templates = useTemplates(prefix)
  const usable = (templates.data ?? []).filter((x) => x.state === 'published')
  const [form] = Form.useForm<Fields>()
  const chosen = Form.useWatch('template', form)
  const template = usable.find((x) => x.version === chosen)
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const save = async (f: Fields) => {
    let made: Identifier | undefined
    const ok = await submit.run(async () => {
      made = await post<Identifier>('/identifiers', {
        name: `${prefix}/${f.suffix?.trim() ?? ''}`,
        template: f.template || undefined,
        values: [...itemValues(f, template), ...lineValues(f, [])],
        reason: f.reason?.trim() || undefined,
      })
      await refreshed(identifierKeys.all())
    })
    if (ok && made) done(made)
  }
  if (!templates.data && !templates.error) return null
  return (
    <Modal
      open
      width={620}
      title={t('identifiers.register')}
      onCancel={close}
      okText={t('identifiers.register')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{
          template: usable.at(-1)?.version ?? '',
          lines: usable.length > 0 ? [] : [{ index: 1, type: 'URL', data: '', seen: 'public' }],
        }}
        onFinish={(f) => void save(f)}
      >
        <div className="id-two">
          <Form.Item
            name="suffix"
            label={t('identifiers.suffix')}
            extra={<span className="field-mend">{t('identifiers.suffixHelp')}</span>}
          >
            <Input prefix={`${prefix}/`} maxLength={1000} autoComplete="off" spellCheck={false} autoFocus />
          </Form.Item>
          <Form.Item name="template" label={t('identifiers.template')}>
            <Select
              options={[
                ...usable.map((x) => ({ value: x.version, label: `${n(x.content.name)} ${x.version}` })),
                { value: '', label: t('identifiers.noTemplate') },
              ]}
            />
          </Form.Item>
        </div>
        {template && <ItemFields of={template} />}
        <LineFields />
        <Form.Item name="reason" label={t('reason')}>
          <Input maxLength={500} placeholder={t('identifiers.why')} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}

/** ChangeDialog changes the values of an identifier; what the person does not see stays as it is. */
export function ChangeDialog({
  of: x,
  template,
  close,
}: {
  of: Identifier
  template: Template | undefined
  close: () => void
}) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<Fields>()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const own = x.values.filter((v) => !isTemplateMark(v.index))
  const items = new Set(template?.content.items.map((i) => i.index))
  // Bytes are not for a text field: such values stay as they are.
  const kept = own.filter((v) => v.format === 'base64')
  const lines = own.filter((v) => v.format !== 'base64' && !items.has(v.index))
  const save = async (f: Fields) => {
    const now = [...kept, ...itemValues(f, template, own), ...lineValues(f, own)]
    const { put, removed } = changesOf(own, now)
    if (put.length + removed.length === 0) {
      void message.info(t('identifiers.changeNone'))
      return
    }
    const ok = await submit.run(async () => {
      await send(x, put, removed, f.reason?.trim() || undefined)
      await refreshed(identifierKeys.all())
    })
    if (!ok) return
    void message.success(t('identifiers.saved'))
    close()
  }
  return (
    <Modal
      open
      width={620}
      title={`${t('identifiers.change')} ${x.name}`}
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
        initialValues={{
          items: Object.fromEntries(own.filter((v) => items.has(v.index)).map((v) => [String(v.index), v.data])),
          lines: lines.map((v) => ({
            index: v.index ?? 0,
            type: v.type,
            data: v.data,
            seen: isPublic(v) ? 'public' : 'restricted',
          })),
        }}
        onFinish={(f) => void save(f)}
      >
        {template && <ItemFields of={template} />}
        <LineFields taken={kept.map((v) => v.index ?? 0)} />
        {kept.map((v) => (
          <p key={v.index} className="muted small">
            {v.index} {v.type} · {t('identifiers.binary', { size: bytes(lang, sizeOf(v)) })}
          </p>
        ))}
        <Form.Item name="reason" label={t('reason')}>
          <Input maxLength={500} placeholder={t('identifiers.why')} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
      </Form>
    </Modal>
  )
}

/** send asks for one version; for two, which come together or not at all, where values go and others are put. */
async function send(x: Identifier, put: Value[], removed: number[], reason: string | undefined): Promise<void> {
  const puts = { operation: 'add', values: put, overwrite: true, basis: x.serial }
  const goes = { operation: 'remove', indexes: removed, basis: x.serial }
  if (put.length > 0 && removed.length > 0) {
    const changes = [
      { name: x.name, ...puts },
      { name: x.name, ...goes, basis: undefined },
    ]
    await post('/identifiers/batch', { changes, whole: true, reason })
    return
  }
  await call('POST', '/identifiers/versions', {
    query: { identifier: x.name },
    body: { ...(put.length > 0 ? puts : goes), reason },
  })
}

/** sizeOf is the length of a binary value, in bytes. */
export const sizeOf = (v: Value) => Math.floor((v.data.replace(/=+$/, '').length * 3) / 4)

function itemValues(f: Fields, template: Template | undefined, was: Value[] = []): Value[] {
  return (template?.content.items ?? []).flatMap((it) => {
    const data = f.items?.[String(it.index)]?.trim() ?? ''
    if (data === '') return []
    const before = was.find((v) => v.index === it.index)
    const open = before?.permissions ?? (it.private ? permissions.restricted : permissions.public)
    return [{ ...given(before), index: it.index, type: it.name, data, permissions: open }]
  })
}

function lineValues(f: Fields, was: Value[]): Value[] {
  return (f.lines ?? []).map((l) => {
    const before = was.find((v) => v.index === l.index && v.type === l.type.trim())
    const same = before && isPublic(before) === (l.seen === 'public')
    return {
      ...given(before),
      index: l.index,
      type: l.type.trim(),
      data: l.data,
      permissions: same ? before.permissions : permissions[l.seen],
    }
  })
}

/** given is what a value keeps that the form does not show. */
const given = (v: Value | undefined) => (v ? { ttl: v.ttl, references: v.references } : {})

function ItemFields({ of: x }: { of: Template }) {
  const { t, n } = useI18n()
  const rules = (it: Item): Rule[] =>
    it.required
      ? [{ required: true, whitespace: true, message: t('field.missing', { name: n(it.label) || it.name }) }]
      : []
  return (
    <div className="id-two" role="group" aria-label={t('identifiers.items')}>
      {x.content.items.map((it) => (
        <Form.Item
          key={it.index}
          name={['items', String(it.index)]}
          label={
            <>
              {n(it.label) || it.name}
              {it.private && (
                <span className="muted small">
                  {' · '}
                  {t('identifiers.private')}
                </span>
              )}
            </>
          }
          rules={rules(it)}
        >
          <Input
            type={it.type === 'date' ? 'date' : 'text'}
            inputMode={it.type === 'number' ? 'decimal' : undefined}
            maxLength={it.maxLength}
            autoComplete="off"
          />
        </Form.Item>
      ))}
    </div>
  )
}

function LineFields({ taken = [] }: { taken?: number[] }) {
  const { t } = useI18n()
  const form = Form.useFormInstance<Fields>()
  const lines = () => form.getFieldValue('lines') as Line[]
  const once: Rule = {
    validator: (_, v: number) =>
      [...taken, ...lines().map((l) => l.index)].filter((i) => i === v).length > 1
        ? Promise.reject(new Error(t('identifiers.twice', { n: v })))
        : Promise.resolve(),
  }
  return (
    <Form.List name="lines">
      {(fields, { add, remove }) => (
        <>
          {fields.map((f) => (
            <div key={f.key} className="id-value" role="group" aria-label={t('identifiers.valueNo', { n: f.name + 1 })}>
              <div className="id-three">
                <Form.Item
                  name={[f.name, 'index']}
                  label={t('identifiers.index')}
                  rules={[{ required: true, message: t('field.missing', { name: t('identifiers.index') }) }, once]}
                >
                  <InputNumber min={1} max={firstItem - 1} precision={0} style={{ width: '100%' }} />
                </Form.Item>
                <Form.Item
                  name={[f.name, 'type']}
                  label={t('identifiers.type')}
                  rules={[
                    { required: true, whitespace: true, message: t('field.missing', { name: t('identifiers.type') }) },
                  ]}
                >
                  <Input maxLength={256} autoComplete="off" spellCheck={false} />
                </Form.Item>
                <Form.Item name={[f.name, 'seen']} label={t('identifiers.visible')}>
                  <Select
                    options={(['public', 'restricted'] as const).map((v) => ({
                      value: v,
                      label: t(v === 'public' ? 'identifiers.public' : 'identifiers.restricted'),
                    }))}
                  />
                </Form.Item>
              </div>
              <Form.Item
                name={[f.name, 'data']}
                label={t('identifiers.data')}
                rules={[{ required: true, message: t('field.missing', { name: t('identifiers.data') }) }]}
              >
                <Input.TextArea autoSize={{ minRows: 1, maxRows: 8 }} spellCheck={false} />
              </Form.Item>
              <Button
                type="text"
                danger
                size="small"
                icon={<DeleteOutlined aria-hidden />}
                onClick={() => remove(f.name)}
                style={{ marginBottom: 8 }}
              >
                {t('identifiers.removeValue', { n: f.name + 1 })}
              </Button>
            </div>
          ))}
          <Button
            icon={<PlusOutlined aria-hidden />}
            style={{ marginBottom: 12 }}
            onClick={() =>
              add({
                index: nextIndex([...taken, ...lines().map((l) => l.index)]),
                type: '',
                data: '',
                seen: 'public',
              })
            }
          >
            {t('identifiers.addValue')}
          </Button>
        </>
      )}
    </Form.List>
  )
}
