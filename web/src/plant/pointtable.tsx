import { SearchOutlined } from '@ant-design/icons'
import { Checkbox, Input, Select } from 'antd'
import { memo, useDeferredValue, useMemo, useRef, useState } from 'react'

import type { LiveState, Point } from '../api/types'
import { durationMillis } from '../format/duration'
import { dateTimeMillis, localeOf, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { nodeNow, useSecond } from '../live/clock'
import { useLive, useLiveValue } from '../live/live'
import { stateAt } from '../live/store'
import { colourOf } from '../trend/colours'
import { ageText } from '../ui/age'
import { OriginTag, stateKey, StateMark, StatusMark } from '../ui/marks'
import { useDark } from '../ui/preferences'
import { Blank } from '../ui/states'
import { useValueText } from '../ui/valuetext'
import { useRowHeight, useWindow } from '../ui/window'

interface Props {
  points: Point[]
  /** Series in the trend, in the order of their colours. */
  picked: string[]
  most: number
  onPick: (series: string, on: boolean) => void
  onOpen: (point: Point) => void
}

type Show = 'all' | 'problems' | 'picked'

/**
 * PointTable shows the live points of a machine. Each row listens to its own series, and of a long list only the rows
 * in view are built.
 */
export function PointTable({ points, picked, most, onPick, onOpen }: Props) {
  const { t, n, lang } = useI18n()
  const { store } = useLive()
  const [text, setText] = useState('')
  const [show, setShow] = useState<Show>('all')
  const search = useDeferredValue(text.trim().toLocaleLowerCase(localeOf(lang)))
  const second = useSecond()
  const problems = show === 'problems' ? second : 0
  const rows = useMemo(
    () =>
      points.filter((p) => {
        if (search && !`${n(p.name)} ${p.key} ${p.address}`.toLocaleLowerCase(localeOf(lang)).includes(search))
          return false
        if (show === 'picked') return picked.includes(p.id)
        if (problems === 0) return true
        const value = store.get(p.id)
        return (
          stateAt(value, durationMillis(p.maxSilence), problems) !== 'live' || value?.sample?.status.class !== 'good'
        )
      }),
    [points, search, show, picked, problems, store, n, lang],
  )
  const box = useRef<HTMLDivElement>(null)
  const height = useRowHeight()
  const view = useWindow(box, rows.length, height)
  const full = picked.length >= most
  const caption = t('points.caption', { n: points.length })
  return (
    <>
      <header>
        <h2>{t('points.title')}</h2>
        <span className="muted">
          {rows.length === points.length ? points.length : `${rows.length} / ${points.length}`}
        </span>
        <div className="actions">
          <Select<Show>
            size="small"
            value={show}
            onChange={setShow}
            aria-label={t('points.show')}
            popupMatchSelectWidth={false}
            options={[
              { value: 'all', label: t('points.all') },
              { value: 'problems', label: t('points.problems') },
              { value: 'picked', label: t('points.picked') },
            ]}
          />
          <Input
            allowClear
            prefix={<SearchOutlined aria-hidden />}
            size="small"
            style={{ width: 150 }}
            placeholder={t('points.search')}
            aria-label={t('points.search')}
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
        </div>
      </header>
      {rows.length === 0 ? (
        <Blank
          title={
            points.length === 0 ? t('points.none') : show === 'problems' ? t('points.noProblems') : t('points.noMatch')
          }
        >
          {points.length === 0 ? t('points.noneHelp') : undefined}
        </Blank>
      ) : (
        <div className="tablebox" ref={box} tabIndex={0} role="group" aria-label={caption}>
          <table className="data fixed" aria-rowcount={rows.length + 1}>
            <caption className="hidden-text">{caption}</caption>
            <thead>
              <tr>
                <th scope="col" style={{ width: 38 }}>
                  <span className="hidden-text">{t('points.inTrend')}</span>
                </th>
                <th scope="col">{t('name')}</th>
                <th scope="col" className="num col-value">
                  {t('value')}
                </th>
                <th scope="col" className="col-status">
                  {t('status')}
                </th>
                <th scope="col" className="num col-age">
                  {t('age')}
                </th>
              </tr>
            </thead>
            <tbody>
              {view.before > 0 && (
                <tr className="pad" aria-hidden="true">
                  <td colSpan={5} style={{ height: view.before }} />
                </tr>
              )}
              {rows.slice(view.first, view.last).map((p, i) => (
                <PointRow
                  key={p.id}
                  point={p}
                  index={view.first + i + 2}
                  slot={picked.indexOf(p.id)}
                  full={full}
                  onPick={onPick}
                  onOpen={onOpen}
                />
              ))}
              {view.after > 0 && (
                <tr className="pad" aria-hidden="true">
                  <td colSpan={5} style={{ height: view.after }} />
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

const PointRow = memo(function PointRow({
  point,
  index,
  slot,
  full,
  onPick,
  onOpen,
}: {
  point: Point
  index: number
  slot: number
  full: boolean
  onPick: Props['onPick']
  onOpen: Props['onOpen']
}) {
  const { t, n } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const live = useLiveValue(point.id)
  const sample = live?.sample
  const name = n(point.name)
  const on = slot >= 0
  const times = sample
    ? [
        `${t('sample.time')} ${dateTimeMillis(live.ms)}`,
        sample.gatewayTime && `${t('sample.gatewayTime')} ${dateTimeMillis(millis(sample.gatewayTime))}`,
      ]
        .filter(Boolean)
        .join('\n')
    : undefined
  return (
    <tr aria-rowindex={index} aria-selected={on}>
      <td style={{ paddingRight: 0 }}>
        <Checkbox
          checked={on}
          disabled={full && !on}
          aria-label={t('points.pickOne', { name })}
          style={
            on
              ? ({
                  '--ant-color-primary': colourOf(slot, dark),
                  '--ant-color-primary-hover': colourOf(slot, dark),
                } as React.CSSProperties)
              : undefined
          }
          onChange={(e) => onPick(point.id, e.target.checked)}
        />
      </td>
      <th scope="row">
        <button type="button" className="plain clamp" title={name} onClick={() => onOpen(point)}>
          {name}
        </button>
      </th>
      <td className="num" title={times}>
        {sample ? (
          <>
            <span className="value">{text(point, sample.value)}</span>
            {sample.value !== null && <span className="unit">{readableUnit(point.unit)}</span>}
          </>
        ) : (
          <span className="muted">{t('points.never')}</span>
        )}
      </td>
      <td className="status">
        <span className="row" style={{ gap: 6 }}>
          {sample ? <StatusMark status={sample.status} /> : <StateMark state="silent" word />}
          {sample && sample.origin !== 'measured' && sample.origin !== 'replayed' && (
            <OriginTag origin={sample.origin} short />
          )}
        </span>
      </td>
      <td className="num" title={times}>
        <PointAge point={point} />
      </td>
    </tr>
  )
})

// Ticks by itself, so that a second renders sixty small cells and not sixty rows.
function PointAge({ point }: { point: Point }) {
  const { t } = useI18n()
  const live = useLiveValue(point.id)
  useSecond()
  const now = nodeNow()
  const state: LiveState = stateAt(live, durationMillis(point.maxSilence), now)
  return (
    <span className={`state is-${state}`} style={{ justifyContent: 'flex-end' }}>
      <span className="word">{live?.sample ? ageText(t, now - live.ms) : '–'}</span>
      <StateMark state={state} />
      <span className="hidden-text">{t(stateKey[state])}</span>
    </span>
  )
}
