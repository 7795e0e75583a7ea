import { SearchOutlined } from '@ant-design/icons'
import { Input } from 'antd'
import { useDeferredValue, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'

import type { PlantNode } from '../api/types'
import { localeOf } from '../format/time'
import { useI18n } from '../i18n'
import { useRowHeight, useWindow } from '../ui/window'
import { visibleRows, type Row, type TreeNode } from './tree'

export interface Column {
  title: string
  width?: number | string
  className?: string
  cell: (node: PlantNode) => ReactNode
}

interface Props {
  caption: string
  roots: TreeNode[]
  columns: Column[]
  selected?: string
  /** What a click or Enter on a node does; what it returns false for is opened and closed instead. */
  onPick: (node: PlantNode) => boolean
  /** What stands before and after a node's name. */
  mark?: (node: PlantNode) => ReactNode
  after?: (node: PlantNode) => ReactNode
  head?: ReactNode
  blank: ReactNode
  height?: string
}

/** TreeGrid is the plant as a table that opens and closes (WAI-ARIA treegrid), driven by mouse, finger or keyboard. */
export function TreeGrid(p: Props) {
  const { t, n, lang } = useI18n()
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const [text, setText] = useState('')
  const search = useDeferredValue(text.trim().toLocaleLowerCase(localeOf(lang)))
  const rows = useMemo(
    () =>
      visibleRows(
        p.roots,
        closed,
        search ? (node) => n(node.name).toLocaleLowerCase(localeOf(lang)).includes(search) : undefined,
      ),
    [p.roots, closed, search, n, lang],
  )
  const [at, setAt] = useState<string>()
  const box = useRef<HTMLDivElement>(null)
  const height = useRowHeight()
  const view = useWindow(box, rows.length, height)
  const current = rows.some((r) => r.node.id === (at ?? p.selected)) ? (at ?? p.selected) : rows[0]?.node.id

  const toggle = (id: string) =>
    setClosed((s) => {
      const next = new Set(s)
      if (!next.delete(id)) next.add(id)
      return next
    })
  const focus = (row: Row | undefined) => {
    if (!row) return
    setAt(row.node.id)
    const el = box.current
    const find = () => el?.querySelector<HTMLElement>(`[data-id="${row.node.id}"]`)
    const there = find()
    if (there) return there.focus()
    // Out of view it is not built yet: it is after the scroll.
    if (el) el.scrollTop = Math.max(0, rows.indexOf(row) * height - el.clientHeight / 2)
    requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()))
  }
  const pick = (row: Row) => {
    setAt(row.node.id)
    if (!p.onPick(row.node) && row.expanded !== undefined) toggle(row.node.id)
  }
  const key = (e: KeyboardEvent, row: Row) => {
    const i = rows.indexOf(row)
    switch (e.key) {
      case 'ArrowDown':
        focus(rows[i + 1])
        break
      case 'ArrowUp':
        focus(rows[i - 1])
        break
      case 'Home':
        focus(rows[0])
        break
      case 'End':
        focus(rows.at(-1))
        break
      case 'ArrowRight':
        if (row.expanded === false) toggle(row.node.id)
        else if (row.expanded) focus(rows[i + 1])
        break
      case 'ArrowLeft':
        if (row.expanded) toggle(row.node.id)
        else focus(rows.slice(0, i).findLast((r) => r.level < row.level))
        break
      case 'Enter':
      case ' ':
        pick(row)
        break
      default:
        return
    }
    e.preventDefault()
  }

  return (
    <>
      <header>
        {p.head}
        <Input
          allowClear
          prefix={<SearchOutlined aria-hidden />}
          size="small"
          style={{ width: 200, marginLeft: 'auto' }}
          placeholder={t('tree.search')}
          aria-label={t('tree.search')}
          value={text}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'ArrowDown') focus(rows[0])
          }}
        />
      </header>
      {rows.length === 0 ? (
        search ? (
          <div className="blank">{t('tree.noMatch', { text })}</div>
        ) : (
          p.blank
        )
      ) : (
        <div className="tablebox" ref={box} style={{ maxHeight: p.height }}>
          <table className="data fixed tree" role="treegrid" aria-label={p.caption} aria-rowcount={rows.length + 1}>
            <thead>
              <tr role="row">
                <th scope="col" style={{ paddingLeft: 30 }}>
                  {t('name')}
                </th>
                {p.columns.map((c, i) => (
                  <th key={i} scope="col" style={{ width: c.width }} className={c.className}>
                    {c.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {view.before > 0 && (
                <tr className="pad" aria-hidden="true">
                  <td colSpan={p.columns.length + 1} style={{ height: view.before }} />
                </tr>
              )}
              {rows.slice(view.first, view.last).map((row, i) => (
                <tr
                  key={row.node.id}
                  role="row"
                  data-id={row.node.id}
                  aria-level={row.level}
                  aria-expanded={row.expanded}
                  aria-posinset={row.position}
                  aria-setsize={row.siblings}
                  aria-rowindex={view.first + i + 2}
                  aria-selected={p.selected === undefined ? undefined : row.node.id === p.selected}
                  tabIndex={row.node.id === current ? 0 : -1}
                  onKeyDown={(e) => key(e, row)}
                  onClick={() => pick(row)}
                >
                  <th scope="row" role="gridcell">
                    <span className="name" style={{ paddingLeft: (row.level - 1) * 16 }}>
                      <span
                        className="twist"
                        onClick={(e) => {
                          if (row.expanded === undefined) return
                          e.stopPropagation()
                          toggle(row.node.id)
                        }}
                      >
                        {row.expanded !== undefined && <Chevron />}
                      </span>
                      {p.mark?.(row.node)}
                      <span
                        className="cut"
                        title={n(row.node.name)}
                        style={{ fontWeight: row.node.kind === 'machine' ? 400 : 600 }}
                      >
                        {n(row.node.name)}
                      </span>
                      {p.after?.(row.node)}
                    </span>
                  </th>
                  {p.columns.map((c, j) => (
                    <td key={j} role="gridcell" className={c.className}>
                      {c.cell(row.node)}
                    </td>
                  ))}
                </tr>
              ))}
              {view.after > 0 && (
                <tr className="pad" aria-hidden="true">
                  <td colSpan={p.columns.length + 1} style={{ height: view.after }} />
                </tr>
              )}
            </tbody>
          </table>
        </div>
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
