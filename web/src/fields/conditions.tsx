import { CloseOutlined } from '@ant-design/icons'
import { Button, Input, Select } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { fenOf, find, valueText, yuanOf, type Field } from './field'
import { useWords } from './words'

/** nameOf is the name of a field; of one inside a list with the list's. */
function useNameOf(fields: Field[]) {
  const { n } = useI18n()
  return (key: string) => {
    const [head = '', inner] = key.split('.')
    const outer = n(find(fields, head)?.name) || head
    return inner ? `${outer} · ${n(find(fields, key)?.name) || inner}` : outer
  }
}

const closed = (f: Field | undefined) => f?.type === 'choice' || f?.type === 'boolean'

/** searchableOf are the fields by which records can be searched. */
export const searchableOf = (fields: Field[]): string[] =>
  fields.flatMap((f) =>
    f.type === 'list'
      ? (f.fields ?? []).filter((x) => x.search).map((x) => `${f.key}.${x.key}`)
      : f.search
        ? [f.key]
        : [],
  )

/**
 * Conditions narrow a list by fields: a choice by a list of its own, the others by a field and its value. Each is
 * written as the API takes it, field=value.
 */
export function Conditions({
  fields,
  searchable,
  where,
  set,
}: {
  fields: Field[]
  searchable: string[]
  where: string[]
  set: (where: string[]) => void
}) {
  const { t, n } = useI18n()
  const { orgs } = useHere()
  const words = useWords()
  const nameOf = useNameOf(fields)
  const lists = searchable.filter((key) => closed(find(fields, key))).slice(0, 4)
  const others = searchable.filter((key) => !lists.includes(key))
  const [key, setKey] = useState<string>()
  const [value, setValue] = useState('')
  const field = key && others.includes(key) ? find(fields, key) : undefined
  const split = where.map((w) => {
    const i = w.indexOf('=')
    return { key: w.slice(0, i), value: w.slice(i + 1), whole: w }
  })
  const put = (of: string, v: string | undefined) =>
    set([...split.filter((w) => w.key !== of).map((w) => w.whole), ...(v ? [`${of}=${v}`] : [])])
  const add = (v = value) => {
    const text = v.trim()
    if (!key || !field || text === '') return
    put(key, field.type === 'money' ? String(fenOf(text) ?? text) : text)
    setKey(undefined)
    setValue('')
  }
  return (
    <>
      {lists.map((of) => {
        const f = find(fields, of)
        const options =
          f?.type === 'boolean'
            ? [
                { value: 'true', label: t('yes') },
                { value: 'false', label: t('no') },
              ]
            : (f?.options ?? []).map((o) => ({ value: o.id, label: n(o.name) }))
        return (
          <Select
            key={of}
            className="pick half"
            allowClear
            aria-label={nameOf(of)}
            placeholder={nameOf(of)}
            value={split.find((w) => w.key === of)?.value}
            onChange={(v: string | undefined) => put(of, v)}
            options={options}
            popupMatchSelectWidth={false}
          />
        )
      })}
      {others.length > 0 && (
        <>
          <Select
            className="pick half"
            allowClear
            aria-label={t('fields.by')}
            placeholder={t('fields.by')}
            value={field && key}
            onChange={(k: string | undefined) => {
              setKey(k)
              setValue('')
            }}
            options={others.map((k) => ({ value: k, label: nameOf(k) }))}
            popupMatchSelectWidth={false}
          />
          {field &&
            (closed(field) || field.type === 'org' ? (
              <Select
                className="pick half"
                aria-label={t('fields.valueOf', { name: nameOf(key ?? '') })}
                onChange={(v: string) => add(v)}
                options={
                  field.type === 'org'
                    ? orgs.map((o) => ({ value: o.id, label: n(o.name) }))
                    : field.type === 'boolean'
                      ? [
                          { value: 'true', label: t('yes') },
                          { value: 'false', label: t('no') },
                        ]
                      : (field.options ?? []).map((o) => ({ value: o.id, label: n(o.name) }))
                }
              />
            ) : (
              <>
                <Input
                  className="half"
                  style={{ width: 170 }}
                  type={field.type === 'date' ? 'date' : 'text'}
                  aria-label={t('fields.valueOf', { name: nameOf(key ?? '') })}
                  placeholder={t('fields.whole')}
                  value={value}
                  onChange={(e) => setValue(e.target.value)}
                  onPressEnter={() => add()}
                />
                <Button onClick={() => add()} disabled={value.trim() === ''}>
                  {t('fields.filter')}
                </Button>
              </>
            ))}
        </>
      )}
      {split
        .filter((w) => !lists.includes(w.key))
        .map((w) => {
          const f = find(fields, w.key)
          const shown = f?.type === 'money' ? yuanOf(w.value) : f ? valueText(f, w.value, words) : w.value
          return (
            <span key={w.whole} className="chip">
              <span className="cut">
                <span className="muted">{nameOf(w.key)}:</span> {shown}
              </span>
              <Button
                type="text"
                size="small"
                icon={<CloseOutlined aria-hidden />}
                aria-label={t('fields.drop', { name: nameOf(w.key) })}
                onClick={() => set(where.filter((x) => x !== w.whole))}
              />
            </span>
          )
        })}
    </>
  )
}
