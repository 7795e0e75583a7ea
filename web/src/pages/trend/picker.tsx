import { SearchOutlined } from '@ant-design/icons'
import { Input, Select } from 'antd'
import { useDeferredValue, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'

import { usePlant, useSeriesOf } from '../../api/queries'
import { useHere } from '../../app/org'
import { localeOf } from '../../format/time'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import { colourOf } from '../../trend/colours'
import { useDark } from '../../ui/preferences'
import { Blank, Bones, Fault } from '../../ui/states'
import { useRowHeight, useWindow } from '../../ui/window'
import { maxSeries, type Choice } from './address'
import { pickRows, plantTree, type PickRow } from './tree'

interface Props {
  series: Choice[]
  onPick: (id: string, on: boolean) => void
}

/**
 * Picker is the tree of organisation, machines and points from which series are taken. The keyboard stays in the search
 * field: up and down move, left and right open and close, Enter takes.
 */
export function Picker({ series, onPick }: Props) {
  const here = useHere()
  const { t, n } = useI18n()
  const [org, setOrg] = useState(here.org.id)
  const chosen = here.orgs.find((o) => o.id === org) ?? here.org
  return (
    <>
      {here.orgs.length > 1 && (
        <div style={{ padding: '8px 12px 0' }}>
          <Select
            size="small"
            style={{ width: '100%' }}
            aria-label={t('trends.org')}
            value={org}
            onChange={setOrg}
            showSearch={{ optionFilterProp: 'label' }}
            options={here.orgs.map((o) => ({ value: o.id, label: n(o.name) }))}
          />
        </div>
      )}
      <Tree key={org} org={{ id: chosen.id, label: n(chosen.name) }} series={series} onPick={onPick} />
    </>
  )
}

function Tree({ org, series, onPick }: Props & { org: { id: string; label: string } }) {
  const { t, n, lang } = useI18n()
  const dark = useDark()
  const plant = usePlant(org.id)
  const every = useSeriesOf(org.id)
  const [text, setText] = useState('')
  const locale = localeOf(lang)
  const search = useDeferredValue(text.trim().toLocaleLowerCase(locale))
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const [at, setAt] = useState<string>()
  const box = useRef<HTMLUListElement>(null)
  const list = useId()
  const height = useRowHeight()
  const { id, label } = org
  const roots = useMemo(
    () =>
      plant.data && every.data
        ? plantTree(
            { id, label },
            plant.data,
            every.data.map((s) => ({
              id: s.id,
              machine: s.machine,
              label: n(s.name),
              unit: readableUnit(s.unit),
            })),
            (node) => n(node.name),
            locale,
          )
        : undefined,
    [plant.data, every.data, id, label, n, locale],
  )
  const rows = useMemo(() => (roots ? pickRows(roots, toggled, search) : []), [roots, toggled, search])
  const view = useWindow(box, rows.length, height)
  const picked = new Map(series.map((s) => [s.id, s]))
  const full = series.length >= maxSeries
  // After a search the first point found is the one that Enter takes.
  const index = Math.max(
    0,
    rows.findIndex((r) => (at && rows.some((x) => x.id === at) ? r.id === at : search ? r.kind === 'point' : true)),
  )
  const current = rows[index]

  const toggle = (of: string) =>
    setToggled((s) => {
      const next = new Set(s)
      if (!next.delete(of)) next.add(of)
      return next
    })
  const moveTo = (row: PickRow | undefined) => {
    if (!row) return
    setAt(row.id)
    const el = box.current
    if (!el) return
    const top = rows.indexOf(row) * height
    if (top < el.scrollTop) el.scrollTop = top
    else if (top + height > el.scrollTop + el.clientHeight) el.scrollTop = top + height - el.clientHeight
  }
  const act = (row: PickRow | undefined) => {
    if (!row) return
    setAt(row.id)
    if (row.kind !== 'point') toggle(row.id)
    else if (picked.has(row.id)) onPick(row.id, false)
    else if (!full) onPick(row.id, true)
  }
  const key = (e: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 300) / height) - 1)
    if (e.key === 'ArrowDown') moveTo(rows[Math.min(rows.length - 1, at ? index + 1 : index)])
    else if (e.key === 'ArrowUp') moveTo(rows[index - 1])
    else if (e.key === 'PageDown') moveTo(rows[Math.min(rows.length - 1, index + page)])
    else if (e.key === 'PageUp') moveTo(rows[Math.max(0, index - page)])
    else if (e.key === 'ArrowRight' && text === '') {
      if (current?.expanded === false) toggle(current.id)
      else if (current?.expanded) moveTo(rows[index + 1])
    } else if (e.key === 'ArrowLeft' && text === '') {
      if (current?.expanded) toggle(current.id)
      else moveTo(rows.slice(0, index).findLast((r) => r.level < (current?.level ?? 0)))
    } else if (e.key === 'Enter') act(current)
    else return
    e.preventDefault()
  }

  const problem = plant.error ?? every.error
  return (
    <>
      <div style={{ padding: '8px 12px' }}>
        <Input
          allowClear
          size="small"
          prefix={<SearchOutlined aria-hidden />}
          placeholder={t('trends.search')}
          aria-label={t('trends.search')}
          role="combobox"
          aria-expanded
          aria-haspopup="tree"
          aria-controls={list}
          aria-activedescendant={current ? `${list}-${current.id}` : undefined}
          value={text}
          onChange={(e) => {
            setText(e.target.value)
            setAt(undefined)
          }}
          onKeyDown={key}
        />
        <p className="muted" style={{ fontSize: 12, marginTop: 4 }} aria-live="polite">
          {t(full ? 'trends.full' : 'trends.picked', { n: series.length, most: maxSeries })}
        </p>
      </div>
      {problem ? (
        <div style={{ padding: 12 }}>
          <Fault
            problem={problem}
            retry={() => {
              void plant.refetch()
              void every.refetch()
            }}
          />
        </div>
      ) : !roots ? (
        <Bones rows={8} />
      ) : rows.length === 0 || roots[0]?.points === 0 ? (
        search ? (
          <Blank title={t('trends.noMatch', { text })} />
        ) : (
          <Blank title={t('trends.noPoints')}>{t('trends.noPointsHelp')}</Blank>
        )
      ) : (
        <ul
          id={list}
          ref={box}
          role="tree"
          aria-label={t('trends.points')}
          aria-multiselectable="true"
          className="picktree"
        >
          {view.before > 0 && <li role="none" style={{ height: view.before }} />}
          {rows.slice(view.first, view.last).map((row) => {
            const choice = picked.get(row.id)
            return (
              <li
                key={row.id}
                id={`${list}-${row.id}`}
                role="treeitem"
                aria-level={row.level}
                aria-expanded={row.expanded}
                aria-posinset={row.position}
                aria-setsize={row.siblings}
                aria-selected={row.kind === 'point' ? choice !== undefined : undefined}
                aria-disabled={(row.kind === 'point' && full && !choice) || undefined}
                className={`${row.id === current?.id && (at || search) ? 'at' : ''} ${row.kind}`}
                style={{ height, paddingLeft: 8 + (row.level - 1) * 14 }}
                title={row.label}
                onClick={() => act(row)}
              >
                {row.kind === 'point' ? (
                  <span
                    className="box"
                    aria-hidden="true"
                    style={choice && { background: colourOf(choice.colour, dark), borderColor: 'transparent' }}
                  >
                    {choice && <Tick />}
                  </span>
                ) : (
                  <span className={`twist ${row.expanded ? 'open' : ''}`}>
                    <Chevron />
                  </span>
                )}
                <span className="cut grow">{row.label}</span>
                <span className="muted unit-of">{row.kind === 'point' ? row.unit : row.points}</span>
              </li>
            )
          })}
          {view.after > 0 && <li role="none" style={{ height: view.after }} />}
        </ul>
      )}
    </>
  )
}

function Chevron() {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <path d="M3 1l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  )
}

function Tick() {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <path d="M1.5 5.500l2.500 2.500 4.500-6" fill="none" stroke="var(--panel)" strokeWidth="1.800" />
    </svg>
  )
}
