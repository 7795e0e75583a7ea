import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Form, Input, Select } from 'antd'
import type { Rule } from 'antd/es/form'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { fenOf, unitOf, type Field } from './field'
import './fields.css'

/** Longer texts get a box of several lines. */
const long = 200

/**
 * FieldInputs are the boxes of a pack's fields, in a form whose value is built as the body of the call is. The form says
 * itself only what is missing or no number; all else the node says, at the field.
 */
export function FieldInputs({ fields, fixed = [] }: { fields: Field[]; fixed?: string[] }) {
  const { n } = useI18n()
  const given = fields.filter((f) => !f.calc)
  return (
    <>
      <div className="formgrid">
        {given
          .filter((f) => f.type !== 'list')
          .map((f) => (
            <FieldInput key={f.key} field={f} name={['content', f.key]} fixed={fixed.includes(f.key)} />
          ))}
      </div>
      {given
        .filter((f) => f.type === 'list')
        .map((f) => (
          <fieldset key={f.key} className="fieldset listfield">
            <legend>{n(f.name)}</legend>
            <ListInput field={f} />
          </fieldset>
        ))}
    </>
  )
}

function ListInput({ field }: { field: Field }) {
  const { t, n } = useI18n()
  return (
    <Form.List name={['content', field.key]}>
      {(items, { add, remove }) => (
        <>
          {items.map((item, i) => (
            <div key={item.key} className="listitem" role="group" aria-label={`${n(field.name)} ${i + 1}`}>
              <div className="formgrid">
                {(field.fields ?? []).map((f) => (
                  <FieldInput key={f.key} field={f} name={[item.name, f.key]} />
                ))}
              </div>
              <Button
                type="text"
                icon={<DeleteOutlined aria-hidden />}
                aria-label={t('fields.remove', { name: n(field.name), n: i + 1 })}
                title={t('fields.remove', { name: n(field.name), n: i + 1 })}
                onClick={() => remove(item.name)}
              />
            </div>
          ))}
          {items.length < (field.maxItems ?? 100) && (
            <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => add({})}>
              {t('fields.add', { name: n(field.name) })}
            </Button>
          )}
        </>
      )}
    </Form.List>
  )
}

function FieldInput({ field: f, name, fixed }: { field: Field; name: (string | number)[]; fixed?: boolean }) {
  const { t, n, lang } = useI18n()
  const label = n(f.name)
  const unit = unitOf(f, lang)
  const rules: Rule[] = []
  if (f.required) rules.push({ required: true, whitespace: true, message: t('field.missing', { name: label }) })
  if (f.type === 'money') rules.push(form(t('fields.noMoney', { name: label }), (s) => fenOf(s) !== undefined))
  if (f.type === 'integer') rules.push(form(t('fields.noInteger', { name: label }), (s) => /^-?\d+$/.test(s)))
  if (f.type === 'decimal') rules.push(form(t('fields.noDecimal', { name: label }), (s) => /^-?\d+(\.\d+)?$/.test(s)))
  return (
    <Form.Item
      name={name}
      label={
        <>
          {label}
          {unit && <span className="muted unitof">{unit}</span>}
          {f.class === 'restricted' && <span className="tag restricted">{t('fields.restricted')}</span>}
        </>
      }
      extra={
        fixed ? (
          <span className="field-mend">{t('fields.fixed')}</span>
        ) : f.help ? (
          <span className="field-mend">{n(f.help)}</span>
        ) : undefined
      }
      rules={rules}
      className={isLong(f) ? 'wide' : undefined}
    >
      <Box field={f} fixed={fixed} />
    </Form.Item>
  )
}

const isLong = (f: Field) => f.type === 'text' && (f.maxLength ?? 0) > long

const form = (message: string, well: (s: string) => boolean): Rule => ({
  validator: (_, v: string | undefined) =>
    v === undefined || v.trim() === '' || well(v.trim()) ? Promise.resolve() : Promise.reject(new Error(message)),
})

/** Box is given value, id and onChange by its Form.Item. */
function Box({ field: f, fixed, ...given }: { field: Field; fixed?: boolean }) {
  const { orgs } = useHere()
  const { t, n } = useI18n()
  switch (f.type) {
    case 'choice':
      return (
        <Select
          {...given}
          allowClear={!f.required}
          showSearch={(f.options?.length ?? 0) > 8 && { optionFilterProp: 'label' }}
          options={f.options?.map((o) => ({ value: o.id, label: n(o.name) }))}
        />
      )
    case 'boolean':
      return (
        <Select
          {...given}
          allowClear
          placeholder={t('fields.unknown')}
          options={[
            { value: 'true', label: t('yes') },
            { value: 'false', label: t('no') },
          ]}
        />
      )
    case 'org':
      return (
        <Select
          {...given}
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          options={orgs.map((o) => ({ value: o.id, label: n(o.name) }))}
        />
      )
    case 'date':
      return <Input {...given} type="date" disabled={fixed} />
    case 'time':
      return <Input {...given} type="datetime-local" step="1" disabled={fixed} />
    case 'integer':
      return <Input {...given} inputMode="numeric" disabled={fixed} />
    case 'decimal':
    case 'money':
      return <Input {...given} inputMode="decimal" disabled={fixed} />
    default:
      return isLong(f) ? (
        <Input.TextArea {...given} autoSize={{ minRows: 2, maxRows: 8 }} disabled={fixed} />
      ) : (
        <Input {...given} spellCheck={false} autoComplete="off" disabled={fixed} />
      )
  }
}
