import {
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  type Ref,
} from 'react'

import { dateTimeMillis } from '../../format/time'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import { echarts, margin } from '../../trend/chart'
import { colourOf, inks } from '../../trend/colours'
import type { Drawn } from '../../trend/lanes'
import { sampleAt, type Interval } from '../../trend/segments'
import { pan, select, zoom } from '../../trend/span'
import { StatusMark } from '../../ui/marks'
import { useDark } from '../../ui/preferences'
import { useValueText } from '../../ui/valuetext'
import type { AxisRange } from './address'
import type { Axis } from './axes'
import { axisPlace, layOutTrend, type TrendLayout } from './layout'
import { trendOption } from './scene'
import type { Cursors } from './useaddress'

/** Picture is what a chart gives for a file: its drawing in device pixels, and where its boxes are. */
export interface ChartHandle {
  picture: () => { canvas: HTMLCanvasElement; layout: TrendLayout; width: number; height: number } | undefined
}

/** What a drag in the drawing does. */
export type Dragging = 'zoom' | 'pan' | 'correct'

interface Props {
  series: Drawn[]
  ghosts: Drawn[]
  axes: Axis[]
  ranges: (AxisRange | undefined)[]
  lanes: boolean
  step: (s: Drawn) => boolean
  span: Interval
  height: number
  label: string
  dragging: Dragging
  cursors: Cursors
  /** Which cursor a click places; with Shift it is the other one. */
  active: 'a' | 'b'
  onActive: (which: 'a' | 'b') => void
  onCursors: (to: Cursors) => void
  onSpan: (span: Interval) => void
  /** A span that was drawn over to be corrected. */
  onCorrect: (span: Interval) => void
  /** The span that is being corrected. */
  correcting: Interval | undefined
  onNow: () => void
  onPixels: (pixels: number) => void
  /** Moves the active cursor to the sample after (1) or before (-1). */
  onSample: (direction: 1 | -1) => void
  onAxis: (axis: Axis) => void
  handle: Ref<ChartHandle>
  /** What stands under the boxes over the same time; it is told where they begin and end. */
  below: (layout: TrendLayout, inner: number) => ReactNode
}

/** Chart draws the trend and lets the hand and the keyboard move in it. */
export function Chart(p: Props) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLDivElement>(null)
  const chart = useRef<echarts.ECharts>(undefined)
  const [width, setWidth] = useState(0)
  const layout = useMemo(
    () => layOutTrend(p.series, p.axes, p.lanes, p.height - margin.bottom, width),
    [p.series, p.axes, p.lanes, p.height, width],
  )
  const inner = Math.max(0, width - layout.left - layout.right)
  const height = layout.height + margin.bottom
  // A span that is being dragged along is drawn at once and asked for when the hand lets go.
  const [dragged, setDragged] = useState<Interval>()
  const span = dragged ?? p.span

  useLayoutEffect(() => {
    const el = canvas.current
    if (!el) return
    const made = echarts.init(el, null, { renderer: 'canvas' })
    chart.current = made
    const sizes = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)))
    sizes.observe(el)
    return () => {
      sizes.disconnect()
      made.dispose()
      chart.current = undefined
    }
  }, [])

  useImperativeHandle(
    p.handle,
    () => ({
      picture: () =>
        chart.current && {
          canvas: chart.current.renderToCanvas({ pixelRatio: 2, backgroundColor: inks().panel }),
          layout,
          width,
          height,
        },
    }),
    [layout, width, height],
  )

  const { onPixels } = p
  useEffect(() => {
    // By steps, so that a dragged window does not ask anew at every pixel.
    if (inner > 0) onPixels(Math.max(100, Math.ceil(inner / 100) * 100))
  }, [inner, onPixels])

  useEffect(() => {
    if (!chart.current || width === 0) return
    chart.current.resize({ width, height })
    chart.current.setOption(
      trendOption({
        layout,
        series: p.series,
        ghosts: p.ghosts,
        ranges: p.ranges,
        lanes: p.lanes,
        step: p.step,
        span: p.span,
        lang,
        dark,
        inks: inks(),
        width: inner,
        bandText: text,
      }),
      { notMerge: true },
    )
  }, [layout, p.series, p.ghosts, p.ranges, p.lanes, p.step, p.span, lang, dark, width, height, inner, text])
  useEffect(() => {
    if (!dragged) return
    chart.current?.setOption({
      xAxis: Array.from({ length: layout.grids.length + 1 }, () => ({ min: dragged.from, max: dragged.to })),
    })
  }, [dragged, layout])

  const length = span.to - span.from
  const pixel = length / Math.max(1, inner)
  const timeAt = (x: number, of = span) => of.from + ((x - layout.left) / Math.max(1, inner)) * (of.to - of.from)
  const xAt = (time: number) => layout.left + ((time - span.from) / Math.max(1, length)) * inner
  const bottom = layout.quality.top + layout.quality.height

  const [hover, setHover] = useState<number>()
  const [drag, setDrag] = useState<{ x0: number; x1: number; how: Dragging; shift: boolean }>()
  const place = (e: PointerEvent) => {
    const rect = box.current?.getBoundingClientRect()
    const x = e.clientX - (rect?.left ?? 0)
    return {
      x: Math.min(width - layout.right, Math.max(layout.left, x)),
      raw: x,
      y: e.clientY - (rect?.top ?? 0),
    }
  }
  const down = (e: PointerEvent) => {
    if (e.button !== 0 || e.target !== e.currentTarget) return
    const { x, raw, y } = place(e)
    e.currentTarget.setPointerCapture(e.pointerId)
    // The scale of time is a handle to drag by, whatever a drag in the drawing does.
    const how = y > bottom ? 'pan' : p.dragging
    setDrag({ x0: how === 'pan' ? raw : x, x1: how === 'pan' ? raw : x, how, shift: e.shiftKey })
  }
  const move = (e: PointerEvent) => {
    const { x, raw } = place(e)
    if (!drag) {
      if (e.pointerType === 'mouse') setHover(timeAt(x))
      return
    }
    setHover(undefined)
    const to = drag.how === 'pan' ? raw : x
    setDrag({ ...drag, x1: to })
    if (drag.how === 'pan' && Math.abs(to - drag.x0) > 4) setDragged(pan(p.span, (drag.x0 - to) / Math.max(1, inner)))
  }
  const up = () => {
    if (!drag) return
    setDrag(undefined)
    setDragged(undefined)
    if (Math.abs(drag.x1 - drag.x0) <= 4) {
      const other = p.active === 'a' ? 'b' : 'a'
      p.onCursors({ ...p.cursors, [drag.shift ? other : p.active]: Math.round(timeAt(drag.x0, p.span)) })
    } else if (drag.how === 'pan') {
      p.onSpan(pan(p.span, (drag.x0 - drag.x1) / Math.max(1, inner)))
    } else {
      const chosen = select(timeAt(drag.x0), timeAt(drag.x1), pixel)
      if (chosen && drag.how === 'correct') p.onCorrect(chosen)
      else if (chosen) p.onSpan(chosen)
    }
  }
  const stop = () => {
    setDrag(undefined)
    setDragged(undefined)
  }

  // React's own wheel listener is passive; a zoom with Ctrl must keep the browser from zooming the page.
  const latest = useRef({ span: p.span, onSpan: p.onSpan, timeAt })
  useEffect(() => {
    latest.current = { span: p.span, onSpan: p.onSpan, timeAt }
  })
  useEffect(() => {
    const el = box.current
    if (!el) return
    const wheel = (e: WheelEvent) => {
      if (!e.ctrlKey && !e.metaKey) return
      e.preventDefault()
      const at = latest.current
      at.onSpan(zoom(at.span, e.deltaY > 0 ? 1.25 : 0.8, at.timeAt(e.clientX - el.getBoundingClientRect().left)))
    }
    el.addEventListener('wheel', wheel, { passive: false })
    return () => el.removeEventListener('wheel', wheel)
  }, [])

  const key = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target !== e.currentTarget) return
    const at = p.cursors[p.active]
    const middle = Math.round((p.span.from + p.span.to) / 2)
    const step = Math.max(1, pixel)
    const move = (by: number) => {
      const to = Math.round((at ?? middle) + by)
      p.onCursors({ ...p.cursors, [p.active]: Math.min(p.span.to, Math.max(p.span.from, to)) })
    }
    if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') {
      const sign = e.key === 'ArrowLeft' ? -1 : 1
      if (e.shiftKey) move(sign * step * 5)
      else p.onSpan(pan(p.span, sign * 0.1))
    } else if (e.key === 'PageUp') p.onSpan(pan(p.span, -0.5))
    else if (e.key === 'PageDown') p.onSpan(pan(p.span, 0.5))
    else if (e.key === '+' || e.key === '=') p.onSpan(zoom(p.span, 0.5, at))
    else if (e.key === '-') p.onSpan(zoom(p.span, 2, at))
    else if (e.key === 'End') p.onNow()
    else if (e.key === 'a' || e.key === 'b') {
      p.onActive(e.key)
      if (p.cursors[e.key] === undefined) p.onCursors({ ...p.cursors, [e.key]: middle })
    } else if (e.key === ',') p.onSample(-1)
    else if (e.key === '.') p.onSample(1)
    else if (e.key === 'Escape') p.onCursors({})
    else return
    e.preventDefault()
  }

  const inside = (time: number | undefined): time is number =>
    time !== undefined && time >= span.from && time <= span.to && inner > 0
  return (
    <div className="trends-chart">
      <div
        ref={box}
        className={`plot ${p.dragging === 'pan' || drag?.how === 'pan' ? 'grab' : ''}`}
        style={{ height }}
        tabIndex={0}
        role="application"
        aria-roledescription={t('trend.role')}
        aria-label={`${p.label}. ${t('trends.keys')}`}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={stop}
        onPointerLeave={() => setHover(undefined)}
        onKeyDown={key}
      >
        <div ref={canvas} className="under" aria-hidden="true" />
        {layout.grids.map((grid, i) =>
          grid.kind === 'bands' ? (
            <span key={i} className="lane" style={{ left: layout.left + 4, top: grid.top - 17 }}>
              {grid.series[0]?.name}
            </span>
          ) : (
            grid.axes.map((axis) => {
              const { position, offset } = axisPlace(grid, axis, p.lanes, layout.axisWidth)
              const units = axis.units.map(readableUnit).filter(Boolean).join(', ') || '1'
              const name = t('trends.axisOf', { n: axis.slot + 1, unit: units })
              const only = axis.series.length === 1 ? grid.series.find((s) => s.id === axis.series[0]) : undefined
              return (
                <button
                  key={axis.slot}
                  type="button"
                  className="axis-name"
                  title={name}
                  aria-label={name}
                  style={{
                    top: grid.top - 20,
                    width: layout.axisWidth - 2,
                    color: only && colourOf(only.slot, dark),
                    ...(position === 'left'
                      ? { left: layout.left - offset - layout.axisWidth, textAlign: 'right' }
                      : { right: layout.right - offset - layout.axisWidth, textAlign: 'left' }),
                  }}
                  onClick={() => p.onAxis(axis)}
                >
                  {units}
                  {p.ranges[axis.slot] && ' ▪'}
                </button>
              )
            })
          ),
        )}
        {layout.left >= 56 && (
          <span
            className="lane"
            style={{ right: width - layout.left + 4, top: layout.quality.top - 4, whiteSpace: 'nowrap' }}
          >
            {t('trend.quality')}
          </span>
        )}
        {p.correcting && inner > 0 && p.correcting.from < span.to && p.correcting.to > span.from && (
          <div
            className="to-correct"
            style={{
              left: xAt(Math.max(span.from, p.correcting.from)),
              width: Math.max(2, xAt(Math.min(span.to, p.correcting.to)) - xAt(Math.max(span.from, p.correcting.from))),
              height: bottom,
            }}
          />
        )}
        {drag && drag.how !== 'pan' && Math.abs(drag.x1 - drag.x0) > 4 && (
          <div
            className="brush"
            style={{ left: Math.min(drag.x0, drag.x1), width: Math.abs(drag.x1 - drag.x0), top: 0, height: bottom }}
          />
        )}
        {(['a', 'b'] as const).map((which) => {
          const time = p.cursors[which]
          return (
            inside(time) && (
              <div key={which} className={`mark-line ${which}`} style={{ left: xAt(time), height: bottom }}>
                <span>{which.toUpperCase()}</span>
              </div>
            )
          )
        })}
        {inside(hover) && !drag && (
          <>
            <div className="hair" style={{ left: xAt(hover), top: 0, height: bottom }} />
            {p.series.length > 0 && (
              <Tip series={p.series} ghosts={p.ghosts} x={xAt(hover)} width={width} time={hover} pixel={pixel} />
            )}
          </>
        )}
      </div>
      {inner > 0 && p.below(layout, inner)}
    </div>
  )
}

interface TipProps {
  series: Drawn[]
  ghosts: Drawn[]
  x: number
  width: number
  time: number
  pixel: number
}

function Tip({ series, ghosts, x, width, time, pixel }: TipProps) {
  const { t } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const side = x > width / 2 ? { right: width - x + 12 } : { left: x + 12 }
  const held = (s: Drawn) => sampleAt(s.points, time + pixel / 2, Math.max(s.maxSilence, pixel))
  return (
    <div className="tip" style={{ ...side, top: 24 }} aria-hidden="true">
      <div className="muted">{dateTimeMillis(time)}</div>
      <table>
        <tbody>
          {series.flatMap((s) => {
            const ghost = ghosts.find((g) => g.id === s.id)
            return [s, ...(ghost ? [ghost] : [])].map((one) => {
              const at = held(one)
              return (
                <tr key={`${one.id}${one === ghost ? '-' : ''}`} className={one === ghost ? 'ghost' : undefined}>
                  <td>
                    <i className="swatch" style={{ background: colourOf(one.slot, dark) }} />
                  </td>
                  <td className="cut" style={{ maxWidth: 240 }}>
                    {one === ghost ? t('trends.then') : one.name}
                  </td>
                  <td className="num">
                    {at ? (
                      <>
                        <b>{text(one, at.value)}</b>
                        <span className="unit">{readableUnit(one.unit)}</span>
                      </>
                    ) : (
                      <span className="muted">{t('trend.nothing')}</span>
                    )}
                  </td>
                  <td>{at && <StatusMark status={at.status} />}</td>
                </tr>
              )
            })
          })}
        </tbody>
      </table>
    </div>
  )
}
