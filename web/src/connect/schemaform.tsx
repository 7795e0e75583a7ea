import { Form, Input, InputNumber, Select, Switch } from 'antd'

import { useI18n } from '../i18n'
import { fieldsOf, type Field, type Schema } from './schema'

/** SchemaFields makes the fields of a link's configuration from the JSON Schema of its driver. */
export function SchemaFields({ schema, only }: { schema: Schema; only: (field: Field) => boolean }) {
  const { lang, t } = useI18n()
  return (
    <>
      {fieldsOf(schema, lang)
        .filter(only)
        .map((f) => (
          <Form.Item
            key={f.name}
            name={f.name}
            label={f.title}
            extra={<span className="field-mend">{f.help}</span>}
            valuePropName={f.kind === 'boolean' ? 'checked' : 'value'}
            rules={[
              ...(f.required ? [{ required: true, message: t('field.missing', { name: f.title }) }] : []),
              ...(f.kind === 'integer' && f.min !== undefined && f.max !== undefined
                ? [
                    {
                      type: 'integer' as const,
                      min: f.min,
                      max: f.max,
                      message: t('field.range', { name: f.title, min: f.min, max: f.max }),
                    },
                  ]
                : []),
            ]}
          >
            {control(f)}
          </Form.Item>
        ))}
    </>
  )
}

function control(f: Field) {
  const hint = f.fallback ?? f.example
  if (f.kind === 'boolean') return <Switch />
  if (f.kind === 'integer') return <InputNumber style={{ width: '100%' }} placeholder={hint} />
  if (f.kind === 'list') return <Select mode="tags" open={false} suffix={null} tokenSeparators={[',', ' ']} />
  if (f.options)
    return <Select allowClear placeholder={hint} options={f.options.map((value) => ({ value, label: value }))} />
  // A key of several lines would lose them in a field of one.
  if (f.secret && f.name === 'key') return <Input.TextArea rows={3} spellCheck={false} autoComplete="off" />
  if (f.secret) return <Input.Password visibilityToggle={false} autoComplete="new-password" placeholder={hint} />
  return <Input placeholder={hint} spellCheck={false} autoCapitalize="off" />
}
