import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Input, Radio, Select } from 'antd'
import { useId } from 'react'

import { useHere } from '../app/org'
import { contentOf, fromForm, itemsOf, unitOf, valueText, type Content, type Field } from '../fields/field'
import { useWords } from '../fields/words'
import { useI18n } from '../i18n'
import { asked, worked, type DraftFault, type Form } from './form'
import '../fields/fields.css'
import './form.css'

/** Longer texts get a box of several lines. */
const long = 200

/**
 * FormFields are the boxes of a form, by section; what is worked out is shown at once. boxes are what they hold, all of it text
 * (fields/field.ts toForm); what stands in them as the API has it is contentIn. Faults stand at their fields.
 */
export function FormFields({
  form,
  boxes,
  old,
  faults,
  filled,
  disabled,
  change,
  left,
}: {
  form: Form
  boxes: Content
  old: Content
  faults: DraftFault[]
  /** Whence the node filled something in, by field. */
  filled?: Record<string, string>
  disabled?: boolean
  change: (boxes: Content) => void
  /** Somebody has gone on from a field. */
  left?: (key: string) => void
}) {
  const { t, n } = useI18n()
  const words = useWords()
  const content = contentIn(form, boxes, old)
  const there = asked(form, content)
  const sums = worked(form, content)
  const own = new Map(form.calculated.filter((c) => c.own).map((c) => [c.key, c]))
  const shown = form.calculated.filter((c) => !c.own)
  const set = (key: string, v: unknown) => change({ ...boxes, [key]: v })
  return (
    <>
      {form.sections.map((s, i) => {
        const questions = s.fields.filter((q) => there.has(q.key))
        // What is only shown stands in the section of the last field that it needs.
        const beside = shown.filter((c) => lastSection(form, c.value, shown) === i && sums[c.key] !== undefined)
        if (questions.length === 0 && beside.length === 0) return null
        return (
          <section key={s.id || i} className="formsection" aria-label={n(s.name) || t('form.rest')}>
            {(n(s.name) || form.sections.length > 1) && <h2>{n(s.name) || t('form.rest')}</h2>}
            {n(s.help) && <p className="muted">{n(s.help)}</p>}
            <div className="formboxes">
              {questions.map((q) => {
                const f = form.fields.find((x) => x.key === q.key)
                if (!f) return null
                const sum = own.get(q.key)
                if (sum) {
                  return (
                    <Sum key={q.key} field={f} text={valueText(f, sums[q.key], words)} fault={at(faults, q.key)[0]} />
                  )
                }
                return (
                  <Question
                    key={q.key}
                    field={q.help && (q.help.zh ?? q.help.en) ? { ...f, help: q.help } : f}
                    value={boxes[q.key]}
                    faults={faults}
                    path={q.key}
                    from={filled?.[q.key]}
                    disabled={disabled}
                    set={(v) => set(q.key, v)}
                    left={() => left?.(q.key)}
                  />
                )
              })}
              {beside.map((c) => (
                <Sum key={c.key} field={c.field} text={valueText(c.field, sums[c.key], words)} />
              ))}
            </div>
          </section>
        )
      })}
    </>
  )
}

/** contentIn is what the boxes hold, as the API has it. */
export function contentIn(form: Form, boxes: Content, old: Content): Content {
  const own = new Set(form.calculated.filter((c) => c.own).map((c) => c.key))
  return fromForm(
    form.fields.filter((f) => !own.has(f.key)),
    boxes,
    old,
  )
}

function lastSection(form: Form, node: { field?: string; args?: unknown[] }, shown: Form['calculated']): number {
  const keys: string[] = []
  const walk = (x: { field?: string; args?: unknown[] }) => {
    const key = x.field?.split('.')[0]
    const other = shown.find((c) => c.key === key)
    if (other) walk(other.value)
    else if (key) keys.push(key)
    for (const a of x.args ?? []) walk(a as { field?: string; args?: unknown[] })
  }
  walk(node)
  return Math.max(0, ...keys.map((k) => form.sections.findIndex((s) => s.fields.some((q) => q.key === k))))
}

const at = (faults: DraftFault[], path: string) => faults.filter((f) => f.path === path)

function Sum({ field: f, text, fault }: { field: Field; text: string; fault?: DraftFault }) {
  const { t, n } = useI18n()
  const id = useId()
  return (
    <div className="formbox sum">
      <span className="boxlabel" id={id}>
        {n(f.name)}
      </span>
      <output aria-labelledby={id} className={text ? 'sumvalue' : 'sumvalue muted'} data-sum={f.key}>
        {text || t('form.notYet')}
      </output>
      <p className="muted small">{t('form.workedOut')}</p>
      {fault && <FaultLine fault={fault} />}
    </div>
  )
}

function FaultLine({ fault }: { fault: DraftFault }) {
  const { n, lang } = useI18n()
  return (
    <p className="fieldfault">
      {n(fault.text)}
      {lang === 'en' ? '. ' : '，'}
      {n(fault.mend)}
    </p>
  )
}

function Question({
  field: f,
  value,
  faults,
  path,
  from,
  disabled,
  set,
  left,
}: {
  field: Field
  value: unknown
  faults: DraftFault[]
  path: string
  from?: string
  disabled?: boolean
  set: (v: unknown) => void
  left: () => void
}) {
  const { t, n, lang } = useI18n()
  const id = useId()
  const wrong = at(faults, path)
  const unit = unitOf(f, lang)
  const label = (
    <>
      {f.required && (
        <span className="mustmark" aria-hidden="true">
          *{' '}
        </span>
      )}
      {n(f.name)}
      {unit && <span className="muted unitof">{unit}</span>}
      {f.class === 'restricted' && <span className="tag restricted">{t('fields.restricted')}</span>}
    </>
  )
  const below = (
    <>
      {f.help && n(f.help) && <p className="muted small">{n(f.help)}</p>}
      {from && <p className="muted small fromnode">{t('form.from', { from })}</p>}
      {wrong.map((x) => (
        <FaultLine key={x.code} fault={x} />
      ))}
    </>
  )
  if (f.type === 'list') {
    const items = itemsOf(value)
    const put = (i: number, item: Content | undefined) =>
      set(item ? items.map((x, j) => (j === i ? item : x)) : items.filter((_, j) => j !== i))
    return (
      <fieldset className="formbox listbox">
        <legend>{label}</legend>
        {items.map((item, i) => (
          <div key={i} className="listcard" role="group" aria-label={`${n(f.name)} ${i + 1}`}>
            {(f.fields ?? []).map((x) => (
              <Question
                key={x.key}
                field={x}
                value={item[x.key]}
                faults={faults}
                path={`${path}[${i}].${x.key}`}
                disabled={disabled}
                set={(v) => put(i, { ...item, [x.key]: v })}
                left={left}
              />
            ))}
            {!disabled && (
              <Button
                type="text"
                icon={<DeleteOutlined aria-hidden />}
                aria-label={t('fields.remove', { name: n(f.name), n: i + 1 })}
                onClick={() => put(i, undefined)}
              />
            )}
          </div>
        ))}
        {below}
        {!disabled && items.length < (f.maxItems ?? 100) && (
          <Button icon={<PlusOutlined aria-hidden />} onClick={() => set([...items, contentOf({})])}>
            {t('fields.add', { name: n(f.name) })}
          </Button>
        )}
      </fieldset>
    )
  }
  const wide = f.type === 'text' && (f.maxLength ?? 0) > long
  return (
    <div className={wide ? 'formbox wide' : 'formbox'} data-field={path}>
      <label className="boxlabel" htmlFor={id} id={`${id}-label`}>
        {label}
      </label>
      <Box
        field={f}
        id={id}
        value={typeof value === 'string' ? value : ''}
        wrong={wrong.length > 0}
        disabled={disabled}
        set={set}
        left={left}
      />
      {below}
    </div>
  )
}

function Box({
  field: f,
  id,
  value,
  wrong,
  disabled,
  set,
  left,
}: {
  field: Field
  id: string
  value: string
  wrong: boolean
  disabled?: boolean
  set: (v: string) => void
  left: () => void
}) {
  const { orgs } = useHere()
  const { t, n } = useI18n()
  const status = wrong ? 'error' : undefined
  const text = {
    id,
    value,
    status,
    disabled,
    onBlur: left,
    onChange: (e: { target: { value: string } }) => set(e.target.value),
  } as const
  switch (f.type) {
    case 'choice':
      if ((f.options?.length ?? 0) <= 4) {
        return (
          <Radio.Group
            aria-labelledby={`${id}-label`}
            className="bigchoice"
            value={value}
            disabled={disabled}
            onChange={(e) => {
              set(String(e.target.value))
              left()
            }}
            options={f.options?.map((o) => ({ value: o.id, label: n(o.name) }))}
          />
        )
      }
      return (
        <Select
          id={id}
          status={status}
          disabled={disabled}
          value={value || undefined}
          allowClear={!f.required}
          showSearch={(f.options?.length ?? 0) > 8 && { optionFilterProp: 'label' }}
          options={f.options?.map((o) => ({ value: o.id, label: n(o.name) }))}
          onBlur={left}
          onChange={(v: string | undefined) => set(v ?? '')}
        />
      )
    case 'boolean':
      return (
        <Radio.Group
          aria-labelledby={`${id}-label`}
          className="bigchoice"
          value={value}
          disabled={disabled}
          onChange={(e) => {
            set(String(e.target.value))
            left()
          }}
          options={[
            { value: 'true', label: t('yes') },
            { value: 'false', label: t('no') },
          ]}
        />
      )
    case 'org':
      return (
        <Select
          id={id}
          status={status}
          disabled={disabled}
          value={value || undefined}
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          options={orgs.map((o) => ({ value: o.id, label: n(o.name) }))}
          onBlur={left}
          onChange={(v: string | undefined) => set(v ?? '')}
        />
      )
    case 'date':
      return <Input {...text} type="date" />
    case 'time':
      return <Input {...text} type="datetime-local" step="1" />
    case 'integer':
      return <Input {...text} inputMode="numeric" autoComplete="off" />
    case 'decimal':
    case 'money':
      return <Input {...text} inputMode="decimal" autoComplete="off" />
    default:
      return (f.maxLength ?? 0) > long ? (
        <Input.TextArea {...text} autoSize={{ minRows: 3, maxRows: 10 }} />
      ) : (
        <Input {...text} spellCheck={false} autoComplete="off" type={f.format === 'phone' ? 'tel' : 'text'} />
      )
  }
}
