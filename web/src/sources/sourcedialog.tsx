import { Form, Input, Modal, Segmented, Select } from 'antd'
import { useState } from 'react'

import { patch, post } from '../api/client'
import { keys } from '../api/queries'
import type { Source, SourceKind, Text } from '../api/types'
import { useHere } from '../app/org'
import { configOf, fieldsOf, type Schema } from '../connect/schema'
import { SchemaFields } from '../connect/schemaform'
import type { Lang } from '../format/time'
import { useI18n } from '../i18n'
import { nameIn } from '../i18n/translate'
import { useRefreshed } from '../live/live'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { jsonFault, remoteSchema, split, toConfig, toFields, type Split } from './config'
import { transportKey } from './marks'
import { usePlaces } from './places'
import { useSourceKinds } from './queries'

type Fields = Record<string, unknown> & {
  sourceName: string
  origin: Source['origin']
  parent?: string
  remote?: Record<string, unknown>
}

interface Props {
  source?: Source
  close: () => void
  done: (source: Source) => void
}

/** SourceDialog adds a source, or changes one. Its fields are those of the kind's schema; what is nested is JSON. */
export function SourceDialog(props: Props) {
  const { t } = useI18n()
  const kinds = useSourceKinds()
  if (kinds.data) return <SourceForm {...props} kinds={kinds.data} />
  return (
    <Modal open title={t('sources.add')} onCancel={props.close} footer={null}>
      <Answer query={kinds}>{() => null}</Answer>
    </Modal>
  )
}

const nothing: Split = { plain: { properties: {} }, nested: { properties: {} } }

function SourceForm({ source, kinds, close, done }: Props & { kinds: SourceKind[] }) {
  const { org } = useHere()
  const { t, n, lang } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const places = usePlaces()
  const [form] = Form.useForm<Fields>()
  const [kindName, setKind] = useState(source?.kind ?? kinds[0]?.kind ?? '')
  const kind = kinds.find((k) => k.kind === kindName)
  const [transport, setTransport] = useState<string>(source?.transport ?? kind?.transports[0] ?? 'broker')
  const [preset, setPreset] = useState(kind?.presets[0]?.id)
  const parts = split(kind?.schema) ?? nothing
  const remote = transport === 'remote' ? remoteSchema(kind?.remote) : undefined
  const begin = (k: SourceKind | undefined, id: string | undefined) => {
    setPreset(id)
    const config = k?.presets.find((p) => p.id === id)?.config
    form.setFieldsValue(toFields(split(k?.schema) ?? nothing, config))
  }
  const choose = (name: string) => {
    submit.clear()
    const k = kinds.find((x) => x.kind === name)
    setKind(name)
    setTransport(k?.transports[0] ?? 'broker')
    begin(k, k?.presets[0]?.id)
  }
  const save = (f: Fields) =>
    submit.run(async () => {
      const config = toConfig(parts, f)
      if (remote) config.remote = configOf(remote, f.remote ?? {})
      const common = { config, adopt: { parent: f.parent ?? null }, origin: f.origin }
      let saved: Source
      if (source) {
        const name = renamed(source.name, lang, f.sourceName)
        saved = await patch<Source>(`/sources/${source.id}`, { ...common, name }, source.etag)
      } else {
        const body = { org: org.id, kind: kindName, transport, name: f.sourceName, ...common }
        saved = await post<Source>('/sources', f.parent ? body : { ...body, adopt: undefined })
      }
      await refreshed(keys.sources(org.id))
      done(saved)
    }, form)
  const held = (source?.config ?? {}) as { remote?: Record<string, unknown> }
  return (
    <Modal
      open
      title={source ? t('sources.change') : t('sources.add')}
      onCancel={close}
      okText={source ? t('save') : t('sources.addDo')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={form.submit}
      width={640}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{
          sourceName: n(source?.name),
          origin: source?.origin ?? 'measured',
          parent: source?.adopt?.parent,
          remote: held.remote,
          ...toFields(parts, source?.config ?? kind?.presets[0]?.config),
        }}
        onFinish={(f) => void save(f)}
      >
        {!source && (
          <>
            <Form.Item label={t('sources.kind')} extra={<KindHelp kind={kindName} />}>
              <Segmented
                aria-label={t('sources.kind')}
                value={kindName}
                onChange={choose}
                options={kinds.map((k) => ({ value: k.kind, label: t(`sources.kind.${shortOf(k.kind)}`) }))}
              />
            </Form.Item>
            {(kind?.transports.length ?? 0) > 1 && (
              <Form.Item
                label={t('sources.transport')}
                extra={
                  <span className="field-mend">
                    {t(transport === 'remote' ? 'sources.viaRemoteHelp' : 'sources.viaBrokerHelp')}
                  </span>
                }
              >
                <Segmented
                  aria-label={t('sources.transport')}
                  value={transport}
                  onChange={setTransport}
                  options={(kind?.transports ?? []).map((x) => ({
                    value: x,
                    label: t(transportKey[x as Source['transport']]),
                  }))}
                />
              </Form.Item>
            )}
          </>
        )}
        <Form.Item
          name="sourceName"
          label={t('name')}
          rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('name') }) }]}
        >
          <Input autoFocus placeholder={t('sources.nameHint')} maxLength={120} />
        </Form.Item>
        <Form.Item
          name="parent"
          label={t('sources.adoptUnder')}
          extra={<span className="field-mend">{t('sources.adoptUnderHelp')}</span>}
        >
          <Select
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('sources.adoptNot')}
            options={places.parents}
          />
        </Form.Item>
        {remote && (
          <fieldset className="fieldset">
            <legend>{t('sources.viaRemote')}</legend>
            <RemoteFields schema={remote} changing={source !== undefined} />
          </fieldset>
        )}
        {!source && (kind?.presets.length ?? 0) > 1 && (
          <Form.Item
            label={t('sources.preset')}
            htmlFor="source-preset"
            extra={<span className="field-mend">{t('sources.presetHelp')}</span>}
          >
            <Select
              id="source-preset"
              value={preset}
              onChange={(id) => begin(kind, id)}
              options={(kind?.presets ?? []).map((p) => ({ value: p.id, label: n(p.name) }))}
            />
          </Form.Item>
        )}
        <NestedFields schema={parts.nested} />
        <details className="more" open={source !== undefined}>
          <summary>{t('link.more')}</summary>
          <div className="formgrid">
            <SchemaFields schema={parts.plain} only={() => true} />
            <Form.Item
              name="origin"
              label={t('sample.origin')}
              extra={<span className="field-mend">{t('sources.originHelp')}</span>}
            >
              <Select
                options={(['measured', 'replayed'] as const).map((x) => ({
                  value: x,
                  label: t(x === 'measured' ? 'origin.measured' : 'origin.replayed'),
                }))}
              />
            </Form.Item>
          </div>
        </details>
      </Form>
      {submit.problem && (
        <Fault
          problem={submit.problem}
          except={Object.keys({ ...parts.plain.properties, ...parts.nested.properties })}
        />
      )}
    </Modal>
  )
}

// A name is changed in the language in which it is shown, and in both where both were one.
function renamed(held: Text, lang: Lang, name: string): Text | undefined {
  if (name === nameIn(lang, held)) return undefined
  return held.zh === held.en || !held.zh || !held.en ? { zh: name, en: name } : { ...held, [lang]: name }
}

// Kinds that this console does not know yet are called by their own words.
const shortOf = (kind: string) => (kind === 'sparkplug' || kind === 'push' ? kind : 'mqtt')

function KindHelp({ kind }: { kind: string }) {
  const { t } = useI18n()
  return <span className="field-mend">{t(`sources.kindHelp.${shortOf(kind)}`)}</span>
}

function NestedFields({ schema }: { schema: Schema }) {
  const { t, lang } = useI18n()
  return fieldsOf(schema, lang).map((f) => (
    <Form.Item
      key={f.name}
      name={f.name}
      label={`${f.title} (JSON)`}
      extra={<span className="field-mend">{f.help}</span>}
      rules={[
        ...(f.required ? [{ required: true, message: t('field.missing', { name: f.title }) }] : []),
        {
          validator: (_, text: string | undefined) => {
            const fault = jsonFault(text)
            return fault ? Promise.reject(new Error(t('sources.noJson', { fault }))) : Promise.resolve()
          },
        },
      ]}
    >
      <Input.TextArea
        autoSize={{ minRows: 4, maxRows: 16 }}
        spellCheck={false}
        autoCapitalize="off"
        style={{ fontFamily: 'var(--mono)', fontSize: 12 }}
      />
    </Form.Item>
  ))
}

function RemoteFields({ schema, changing }: { schema: Schema; changing: boolean }) {
  const { t, lang } = useI18n()
  return (
    <div className="formgrid">
      {fieldsOf(schema, lang).map((f) => (
        <Form.Item
          key={f.name}
          name={['remote', f.name]}
          label={f.title}
          style={f.name === 'url' || f.name === 'ca' ? { gridColumn: '1 / -1' } : undefined}
          extra={
            f.name === 'password' && changing ? (
              <span className="field-mend">{t('sources.passwordStays')}</span>
            ) : undefined
          }
          rules={f.required ? [{ required: true, message: t('field.missing', { name: f.title }) }] : []}
        >
          {f.name === 'password' ? (
            <Input.Password autoComplete="new-password" />
          ) : f.name === 'ca' ? (
            <Input.TextArea rows={2} spellCheck={false} placeholder="-----BEGIN CERTIFICATE-----" />
          ) : f.name === 'qos' ? (
            <Select placeholder={f.fallback} options={[0, 1].map((value) => ({ value, label: value }))} />
          ) : (
            <Input spellCheck={false} autoCapitalize="off" placeholder={f.example} />
          )}
        </Form.Item>
      ))}
    </div>
  )
}
