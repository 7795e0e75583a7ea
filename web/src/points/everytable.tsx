import { memo, useCallback, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { Link, useNavigate } from 'react-router'

import { useHere } from '../app/org'
import { dateTimeMillis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { nodeNow, useSecond } from '../live/clock'
import { useLiveValue } from '../live/live'
import { stateAt } from '../live/store'
import { ageText } from '../ui/age'
import { OriginTag, StateMark, StatusMark } from '../ui/marks'
import { useValueText } from '../ui/valuetext'
import { useRowHeight, useWindow } from '../ui/window'
import type { Entry, Sort, SortBy } from './entries'
import { useGatewayOf, useSourceOf, type Through } from './through'

interface Props {
  rows: readonly Entry[]
  /** What is asked for: with another question the list is read from its beginning. */
  question: string
  caption: string
  sort: Sort
  onSort: (by: SortBy) => void
}

const columns: { by?: SortBy; label: Key; className: string }[] = [
  { by: 'machine', label: 'everyPoint.machine', className: 'ep-machine' },
  { by: 'name', label: 'everyPoint.point', className: 'ep-name' },
  { by: 'value', label: 'value', className: 'num ep-value' },
  { label: 'status', className: 'ep-status' },
  { by: 'age', label: 'age', className: 'num ep-age' },
  { label: 'everyPoint.through', className: 'ep-through' },
]

/** EveryTable builds only the rows in view; each listens to its own series. */
export const EveryTable = memo(function EveryTable({ rows, question, caption, sort, onSort }: Props) {
  const { t } = useI18n()
  const { at } = useHere()
  const navigate = useNavigate()
  const box = useRef<HTMLDivElement>(null)
  const height = useRowHeight()
  const view = useWindow(box, rows.length, height)
  const sourceOf = useSourceOf()
  const [current, setCurrent] = useState(0)
  const [asked, setAsked] = useState(question)
  if (asked !== question) {
    setAsked(question)
    setCurrent(0)
  }
  // Where the keyboard is, also between a key and the next drawing.
  const place = useRef(0)
  useEffect(() => {
    place.current = 0
    if (box.current) box.current.scrollTop = 0
  }, [question])
  const reached = useCallback((i: number) => {
    place.current = i
    setCurrent(i)
  }, [])
  // A row out of view is not built yet when its key is pressed: it is focused once it is.
  const wanted = useRef<number>(undefined)
  const reach = () => {
    if (wanted.current === undefined) return true
    const row = box.current?.querySelector<HTMLElement>(`tr[aria-rowindex="${wanted.current + 2}"]`)
    if (!row) return false
    wanted.current = undefined
    row.focus({ preventScroll: true })
    return true
  }
  useEffect(() => {
    reach()
  })
  const focus = (i: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, i))
    place.current = to
    setCurrent(to)
    const el = box.current
    if (!el) return
    // The head is as high as a row and lies over the first one in view.
    const top = to * height
    if (top < el.scrollTop) el.scrollTop = top
    else if (top + 2 * height > el.scrollTop + el.clientHeight) el.scrollTop = top + 2 * height - el.clientHeight
    wanted.current = to
    // Until the row is built the keys belong to the box, so that none is lost when they come fast.
    if (!reach()) el.focus({ preventScroll: true })
  }
  const key = (e: KeyboardEvent<HTMLDivElement>) => {
    // Inside a row the keys belong to what is there, a link.
    if (!(e.target instanceof HTMLTableRowElement) && e.target !== box.current) return
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / height) - 2)
    const steps: Partial<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    }
    const step = steps[e.key]
    const here = rows[place.current]
    if (step !== undefined) focus(place.current + step)
    else if (e.key === 'Enter' && here) void navigate(at(`m/${here.machine}?s=${here.id}`))
    else return
    e.preventDefault()
  }
  const inView = current >= view.first && current < view.last ? current : view.first
  return (
    <div className="tablebox every" ref={box} tabIndex={-1} onKeyDown={key}>
      <table className="data fixed" role="grid" aria-rowcount={rows.length + 1} aria-label={caption}>
        <caption className="hidden-text">
          {caption} {t('everyPoint.keys')}
        </caption>
        <thead>
          <tr>
            {columns.map(({ by, label, className }) => (
              <th
                key={label}
                scope="col"
                className={className}
                aria-sort={by && sort.by === by ? (sort.down ? 'descending' : 'ascending') : undefined}
              >
                {by ? (
                  <button
                    type="button"
                    className="sorter"
                    title={by === 'value' || by === 'age' ? t('everyPoint.snapshot') : undefined}
                    aria-label={t('everyPoint.sort', { what: t(label) })}
                    onClick={() => onSort(by)}
                  >
                    {t(label)}
                    <span aria-hidden="true" className="arrow">
                      {sort.by === by ? (sort.down ? '▼' : '▲') : ''}
                    </span>
                  </button>
                ) : (
                  t(label)
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.before > 0 && <Pad height={view.before} />}
          {rows.slice(view.first, view.last).map((e, i) => (
            <EveryRow
              key={e.id}
              entry={e}
              index={view.first + i}
              current={view.first + i === inView}
              onFocus={reached}
              sourceOf={sourceOf}
            />
          ))}
          {view.after > 0 && <Pad height={view.after} />}
        </tbody>
      </table>
    </div>
  )
})

function Pad({ height }: { height: number }) {
  return (
    <tr className="pad" aria-hidden="true">
      {/* One cell: a span over columns that a narrow window hides would bring their room back. */}
      <td style={{ height }} />
    </tr>
  )
}

const EveryRow = memo(function EveryRow({
  entry,
  index,
  current,
  onFocus,
  sourceOf,
}: {
  entry: Entry
  index: number
  current: boolean
  onFocus: (index: number) => void
  sourceOf: (machine: string) => Through | undefined
}) {
  const { at } = useHere()
  const source = sourceOf(entry.machine)
  return (
    <tr
      role="row"
      aria-rowindex={index + 2}
      tabIndex={current ? 0 : -1}
      onFocus={(e) => {
        if (e.target === e.currentTarget) onFocus(index)
      }}
    >
      <td role="gridcell" className="ep-machine">
        <Link to={at(`m/${entry.machine}`)} tabIndex={-1} title={entry.machineName}>
          {entry.machineName}
        </Link>
      </td>
      <th role="rowheader" scope="row" className="ep-name">
        <Link to={at(`m/${entry.machine}?s=${entry.id}`)} tabIndex={-1} title={entry.name} className="point cut">
          {entry.name}
        </Link>
        <span className="only-phone muted cut">{entry.machineName}</span>
      </th>
      <Value entry={entry} />
      <td role="gridcell" className="num ep-age">
        <PointAge entry={entry} />
      </td>
      <td role="gridcell" className="ep-through">
        {source ? <Way of={source} /> : <ByGateway machine={entry.machine} />}
      </td>
    </tr>
  )
})

// What changes with each value, and nothing else of the row.
function Value({ entry }: { entry: Entry }) {
  const { t } = useI18n()
  const text = useValueText()
  const live = useLiveValue(entry.id)
  const sample = live?.sample
  if (!sample)
    return (
      <>
        <td role="gridcell" className="num ep-value">
          <span className="muted">{t('everyPoint.never')}</span>
        </td>
        <td role="gridcell" className="ep-status">
          –
        </td>
      </>
    )
  return (
    <>
      <td role="gridcell" className="num ep-value" title={`${t('sample.time')} ${dateTimeMillis(live.ms)}`}>
        <span className="value">{text(entry, sample.value)}</span>
        {sample.value !== null && entry.unit && <span className="unit">{entry.unit}</span>}
      </td>
      <td role="gridcell" className="ep-status">
        <span className="row" style={{ gap: 6 }}>
          <StatusMark status={sample.status} />
          {sample.origin !== 'measured' && sample.origin !== 'replayed' && <OriginTag origin={sample.origin} short />}
        </span>
      </td>
    </>
  )
}

function PointAge({ entry }: { entry: Entry }) {
  const { t } = useI18n()
  const live = useLiveValue(entry.id)
  useSecond()
  const now = nodeNow()
  const state = stateAt(live, entry.silence, now)
  return (
    <span className="row" style={{ justifyContent: 'flex-end' }}>
      {live?.sample && <span>{ageText(t, now - live.ms)}</span>}
      <StateMark state={state} word />
    </span>
  )
}

function ByGateway({ machine }: { machine: string }) {
  const gateway = useGatewayOf(machine)
  return gateway ? <Way of={gateway} /> : <span className="muted">–</span>
}

const Way = ({ of }: { of: Through }) => (
  <Link to={of.to} tabIndex={-1} title={of.label}>
    {of.label}
  </Link>
)
