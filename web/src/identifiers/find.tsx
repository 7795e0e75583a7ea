import { DownloadOutlined, PlusOutlined } from '@ant-design/icons'
import { App, Button, Input, Select, Tag } from 'antd'
import { useDeferredValue, useState } from 'react'
import { Link } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Pager } from '../docking/above'
import { fetchFile } from '../fields/transfer'
import { whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { firstItem, isTemplateMark } from './change'
import {
  exportPath,
  useCount,
  useFound,
  useTemplates,
  type Identifier,
  type Sought,
  type Template,
  type Value,
} from './queries'
import '../fields/fields.css'
import './identifiers.css'

/** FindPart finds identifiers of a prefix by name, words, the beginning of the suffix and attributes of a template. */
export function FindPart({ prefix }: { prefix: string }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const templates = useTemplates(prefix)
  const [words, setWords] = useState('')
  const [begins, setBegins] = useState('')
  const [template, setTemplate] = useState<string>()
  const [where, setWhere] = useState<string[]>([])
  const [cursors, setCursors] = useState<string[]>([''])
  const q = useDeferredValue(words.trim())
  const b = useDeferredValue(begins.trim())
  const usable = (templates.data ?? []).filter((x) => x.state !== 'draft')
  const chosen = usable.find((x) => x.version === template) ?? usable.at(-1)
  const sought: Sought = { prefix, words: q, begins: b, where, template: chosen?.version ?? '' }
  const found = useFound(sought, cursors[0] ?? '')
  const count = useCount(sought)
  const first = () => setCursors([''])
  const narrowed = q !== '' || b !== '' || where.length > 0
  const download = async (format: string) => {
    try {
      save(await fetchFile(exportPath(sought, format), lang), `${prefix}.${format}`)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <section className="panel" aria-label={t('identifiers.find')}>
      <div className="id-filters">
        <Input
          aria-label={t('identifiers.words')}
          placeholder={t('identifiers.words')}
          type="search"
          maxLength={200}
          value={words}
          onChange={(e) => {
            setWords(e.target.value)
            first()
          }}
        />
        <Input
          aria-label={t('identifiers.begins')}
          placeholder={t('identifiers.begins')}
          type="search"
          maxLength={200}
          value={begins}
          onChange={(e) => {
            setBegins(e.target.value)
            first()
          }}
        />
        {chosen && (
          <Condition
            key={chosen.version}
            of={chosen}
            all={usable}
            choose={(v) => {
              setTemplate(v)
              setWhere([])
              first()
            }}
            add={(c) => {
              setWhere((w) => [...w.filter((x) => x !== c), c])
              first()
            }}
          />
        )}
      </div>
      {where.length > 0 && (
        <div className="row wrap body">
          {where.map((w) => (
            <Tag
              key={w}
              closable={{ 'aria-label': `${t('identifiers.condition', { text: w })} ×` }}
              onClose={() => {
                setWhere((l) => l.filter((x) => x !== w))
                first()
              }}
            >
              {w}
            </Tag>
          ))}
        </div>
      )}
      <Answer
        query={found}
        empty={(p) =>
          p.items?.length === 0 &&
          cursors.length === 1 && (
            <Blank title={t(narrowed ? 'identifiers.noneFound' : 'identifiers.none')}>
              {!narrowed && t('identifiers.noneHelp')}
            </Blank>
          )
        }
      >
        {(p) => (
          <>
            <DataTable
              label={t('identifiers.find')}
              className="cards roomy"
              busy={found.isPlaceholderData}
              columns={['identifiers.identifier', 'identifiers.content', 'identifiers.template', 'identifiers.changed']}
            >
              <tbody>
                {(p.items ?? []).map((x) => (
                  <Row key={x.name} of={x} />
                ))}
              </tbody>
            </DataTable>
            <div className="row wrap body">
              {count.data && (
                <span className="muted">{t('identifiers.count', { n: whole(lang, count.data.count) })}</span>
              )}
              <span className="grow" />
              {['xlsx', 'csv'].map((f) => (
                <Button key={f} size="small" icon={<DownloadOutlined aria-hidden />} onClick={() => void download(f)}>
                  {t('identifiers.export', { format: f.toUpperCase() })}
                </Button>
              ))}
            </div>
            <Pager cursors={cursors} set={setCursors} next={p.next} />
          </>
        )}
      </Answer>
    </section>
  )
}

const compares = ['=', '!=', '>=', '<=', '>', '<', '~'] as const
type Compare = (typeof compares)[number]

function Condition({
  of: chosen,
  all,
  choose,
  add,
}: {
  of: Template
  all: Template[]
  choose: (version: string) => void
  add: (condition: string) => void
}) {
  const { t, n } = useI18n()
  const { items } = chosen.content
  const [item, setItem] = useState(items[0]?.name ?? '')
  const [compare, setCompare] = useState<Compare>('=')
  const [value, setValue] = useState('')
  const text = items.find((x) => x.name === item)?.type === 'string'
  const fits = compares.filter((c) => (text ? ['=', '!=', '~'].includes(c) : c !== '~'))
  const add1 = () => {
    if (value.trim() === '') return
    add(`${item}${compare}${value.trim()}`)
    setValue('')
  }
  return (
    <>
      {all.length > 1 && (
        <Select
          aria-label={t('identifiers.template')}
          value={chosen.version}
          options={all.map((x) => ({ value: x.version, label: `${n(x.content.name)} ${x.version}` }))}
          onChange={choose}
          style={{ minWidth: 140 }}
        />
      )}
      <Select
        aria-label={t('identifiers.attribute')}
        value={item}
        options={items.map((x) => ({ value: x.name, label: n(x.label) || x.name }))}
        onChange={(v: string) => {
          setItem(v)
          setCompare('=')
        }}
        style={{ minWidth: 120 }}
      />
      <Select
        aria-label={t('identifiers.compare')}
        value={compare}
        options={fits.map((c) => ({ value: c, label: c === '~' ? t('identifiers.starts') : c }))}
        onChange={setCompare}
        style={{ width: text ? 110 : 76 }}
      />
      <Input
        aria-label={t('value')}
        placeholder={t('value')}
        value={value}
        maxLength={200}
        onChange={(e) => setValue(e.target.value)}
        onPressEnter={add1}
        style={{ maxWidth: 160 }}
      />
      <Button
        icon={<PlusOutlined aria-hidden />}
        aria-label={t('identifiers.addCondition')}
        title={t('identifiers.addCondition')}
        disabled={value.trim() === ''}
        onClick={add1}
      />
    </>
  )
}

/** How many values of a record a row tells of. */
const told = 4

function Row({ of: x }: { of: Identifier }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const values = x.values.filter((v) => !isTemplateMark(v.index) && v.format !== 'base64')
  // What the template asks for tells more than the rest.
  const item = (v: Value) => (v.index ?? 0) >= firstItem
  values.sort((a, b) => Number(item(b)) - Number(item(a)))
  return (
    <tr>
      <th scope="row">
        <Link to={recordPath(at, x.name)} className="id-name">
          {x.name}
        </Link>
      </th>
      <td data-label={t('identifiers.content')}>
        <div className="id-brief">
          {values.slice(0, told).map((v) => (
            <span key={v.index}>
              <span className="muted">{n(v.label) || v.type}</span> {v.data.slice(0, 80)}
            </span>
          ))}
          {values.length > told && <span className="muted">+{values.length - told}</span>}
        </div>
      </td>
      <td data-label={t('identifiers.template')}>{x.template ?? '–'}</td>
      <td data-label={t('identifiers.changed')}>
        <span className="nowrap">{dateTime(millis(x.at))}</span>
        <div className="muted small">{x.by.name}</div>
      </td>
    </tr>
  )
}

/** recordPath is the page of an identifier. */
export const recordPath = (at: (path: string) => string, name: string) =>
  at(`identifiers/record?identifier=${encodeURIComponent(name)}`)
