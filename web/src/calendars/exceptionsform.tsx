import { PlusOutlined, SnippetsOutlined } from '@ant-design/icons'
import { Button, Input, Modal, Select } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { RemoveCell, TextCell } from './cells'
import { replaced, turned, weekdays, worked, type Exception, type Pattern } from './draft'
import { merged, parseList } from './exceptions'
import { FaultText } from './faults'
import type { Weekday } from './zone'
import { DataTable } from '../ui/table'

interface Props {
  list: Exception[]
  pattern?: Pattern
  today: string
  disabled: boolean
  change: (list: Exception[]) => void
}

/** ExceptionsForm changes the days that do not follow the pattern: holidays, and working days that were moved. */
export function ExceptionsForm({ list, pattern, today, disabled, change }: Props) {
  const { t } = useI18n()
  const [pasting, setPasting] = useState(false)
  // Those of years gone by are out of the way until they are asked for.
  const [old, setOld] = useState(false)
  const year = `${today.slice(0, 4)}-01-01`
  const rows = list.map((x, i) => ({ x, i })).filter(({ x }) => old || (x.last ?? x.date) >= year || x.date === '')
  const hidden = list.length - rows.length
  return (
    <section className="panel" aria-label={t('calendars.exceptions')}>
      <header>
        <h2>{t('calendars.exceptions')}</h2>
        {hidden > 0 && (
          <Button size="small" type="link" onClick={() => setOld(true)}>
            {t('calendars.showOld', { n: hidden })}
          </Button>
        )}
        {!disabled && (
          <div className="actions">
            <Button size="small" icon={<SnippetsOutlined aria-hidden />} onClick={() => setPasting(true)}>
              {t('calendars.paste')}
            </Button>
            <Button
              size="small"
              icon={<PlusOutlined aria-hidden />}
              onClick={() => change([...list, { date: today, off: true }])}
            >
              {t('calendars.addException')}
            </Button>
          </div>
        )}
      </header>
      {rows.length === 0 ? (
        <p className="body muted">{t('calendars.noExceptions')}</p>
      ) : (
        <DataTable
          label={t('calendars.exceptions')}
          className="cards roomy edits"
          columns={['calendars.date', 'calendars.last', 'calendars.instead', 'name', { hidden: 'actions' }]}
        >
          <tbody>
            {rows.map(({ x, i }) => (
              <Row
                key={i}
                at={`exceptions[${i}]`}
                of={x}
                pattern={pattern}
                disabled={disabled}
                change={(next) => change(replaced(list, i, next))}
                remove={() => change(replaced(list, i))}
              />
            ))}
          </tbody>
        </DataTable>
      )}
      <FaultText at="exceptions" />
      {pasting && <PasteDialog list={list} change={change} close={() => setPasting(false)} />}
    </section>
  )
}

function Row({
  at,
  of: x,
  pattern,
  disabled,
  change,
  remove,
}: {
  at: string
  of: Exception
  pattern?: Pattern
  disabled: boolean
  change: (x: Exception) => void
  remove: () => void
}) {
  const { t, n, lang } = useI18n()
  const base = { date: x.date, last: x.last, name: x.name }
  const label = (of: string) => `${of} · ${x.date}`
  const byDate = x.as !== undefined && !weekdays.some((d) => d === x.as)
  const kind = x.off ? 'off' : x.turns ? 'turns' : byDate ? 'date' : (x.as ?? 'off')
  const choose = (v: string) =>
    change(
      v === 'off'
        ? { ...base, off: true }
        : v === 'turns'
          ? { ...base, turns: [] }
          : { ...base, as: v === 'date' ? x.date : v },
    )
  return (
    <tr>
      <TextCell
        title={t('calendars.date')}
        label={label(t('calendars.date'))}
        disabled={disabled}
        at={[`${at}.date`, at]}
        type="date"
        value={x.date}
        change={(v) => change({ ...x, date: v })}
      />
      <TextCell
        title={t('calendars.last')}
        label={label(t('calendars.last'))}
        disabled={disabled}
        at={[`${at}.last`]}
        type="date"
        value={x.last ?? ''}
        change={(v) => change({ ...x, last: v || undefined })}
      />
      <td data-label={t('calendars.instead')}>
        <span className="row wrap">
          <Select
            size="small"
            disabled={disabled}
            aria-label={label(t('calendars.instead'))}
            value={kind}
            onChange={choose}
            popupMatchSelectWidth={false}
            style={{ minWidth: 130 }}
            options={[
              { value: 'off', label: t('calendars.off') },
              ...weekdays.map((value, i) => ({
                value,
                label: t('calendars.likeDay', { day: t(`calendars.long.${i as Weekday}`) }),
              })),
              { value: 'date', label: t('calendars.likeDate') },
              ...(pattern && pattern.shifts.length > 0 ? [{ value: 'turns', label: t('calendars.someShifts') }] : []),
            ]}
          />
          {kind === 'date' && (
            <Input
              type="date"
              size="small"
              disabled={disabled}
              aria-label={label(t('calendars.likeDate'))}
              value={x.as}
              onChange={(e) => change({ ...x, as: e.target.value })}
              style={{ width: 140 }}
            />
          )}
          {x.turns && pattern && (
            <Select
              mode="multiple"
              size="small"
              disabled={disabled}
              aria-label={label(t('calendars.someShifts'))}
              placeholder={t('calendars.pickShifts')}
              style={{ minWidth: 150 }}
              value={x.turns.map((y) => y.shift)}
              // A shift that was there keeps its crew.
              onChange={(ids: string[]) => {
                const held = x.turns ?? []
                change({ ...base, turns: ids.flatMap((id) => turned([], id, worked(held, id) ?? '')) })
              }}
              options={pattern.shifts.map((s) => ({ value: s.id, label: n(s.name) || s.id }))}
            />
          )}
          <FaultText at={`${at}.as`} />
          <FaultText at={`${at}.turns`} />
        </span>
      </td>
      <TextCell
        title={t('name')}
        label={label(t('name'))}
        disabled={disabled}
        at={[`${at}.name`]}
        value={n(x.name)}
        change={(v) => change({ ...x, name: named(x.name, lang, v) })}
      />
      <RemoveCell label={label(t('calendars.removeException'))} disabled={disabled} remove={remove} />
    </tr>
  )
}

// A name that was the same in both languages stays so.
function named(held: Exception['name'], lang: 'zh' | 'en', name: string): Exception['name'] {
  const both = !held?.zh || !held.en || held.zh === held.en
  return both ? { zh: name, en: name } : { ...held, [lang]: name }
}

const example = `2026-10-01..2026-10-07 off 国庆节
2026-10-10 as wed 调休上班`

function PasteDialog({
  list,
  change,
  close,
}: {
  list: Exception[]
  change: (list: Exception[]) => void
  close: () => void
}) {
  const { t } = useI18n()
  const [text, setText] = useState('')
  const { found, faults } = parseList(text)
  const taken = found.filter((x) => list.some((y) => y.date === x.date)).length
  return (
    <Modal
      open
      title={t('calendars.paste')}
      onCancel={close}
      okText={t('calendars.pasteDo', { n: found.length })}
      okButtonProps={{ disabled: found.length === 0 || faults.length > 0 }}
      cancelText={t('cancel')}
      onOk={() => {
        change(merged(list, found))
        close()
      }}
      width={560}
    >
      <p className="muted" style={{ marginBottom: 8 }}>
        {t('calendars.pasteHelp')}
      </p>
      <Input.TextArea
        autoFocus
        rows={10}
        spellCheck={false}
        aria-label={t('calendars.pasteList')}
        placeholder={example}
        value={text}
        onChange={(e) => setText(e.target.value)}
        style={{ fontFamily: 'var(--mono)', fontSize: 12 }}
      />
      <div role="status" style={{ marginTop: 8 }}>
        {faults.map((f) => (
          <p key={f.line} className="field-fault">
            {t('calendars.line', { n: f.line })} <code>{f.text}</code> {t(`calendars.why.${f.why}`)}
          </p>
        ))}
        {faults.length === 0 && taken > 0 && <p className="muted">{t('calendars.pasteTaken', { n: taken })}</p>}
      </div>
    </Modal>
  )
}
