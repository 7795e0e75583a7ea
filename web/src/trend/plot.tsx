import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'

import { dateTimeMillis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { StatusMark } from '../ui/marks'
import { useValueText } from '../ui/valuetext'
import { useDark } from '../ui/preferences'
import { chartOption, echarts, margin } from './chart'
import { colourOf, inks } from './colours'
import { layOut, type Drawn } from './lanes'
import { sampleAt, type Interval } from './segments'
import { pan, select, zoom } from './span'

interface Props {
  series: Drawn[]
  span: Interval
  height: number
  label: string
  onSpan: (span: Interval) => void
  onNow: () => void
  /** Tells the width of the lanes in px, for which the node shall plot. */
  onPixels: (pixels: number) => void
  cursor: number | undefined
  onCursor: (t: number | undefined) => void
}

/** Plot draws the trend and lets the hand and the keyboard move in it. */
export function Plot(p: Props) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLDivElement>(null)
  const chart = useRef<echarts.ECharts>(undefined)
  const [width, setWidth] = useState(0)
  const layout = useMemo(() => layOut(p.series, p.height - margin.bottom), [p.series, p.height])
  const lanesWidth = Math.max(0, width - margin.left - margin.right)
  const height = layout.height + margin.bottom

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

  const { onPixels } = p
  useEffect(() => {
    // By steps, so that a dragged window does not ask anew at every pixel.
    if (lanesWidth > 0) onPixels(Math.max(100, Math.ceil(lanesWidth / 100) * 100))
  }, [lanesWidth, onPixels])

  useEffect(() => {
    if (!chart.current || width === 0) return
    chart.current.resize({ width, height })
    chart.current.setOption(
      chartOption({
        layout,
        series: p.series,
        span: p.span,
        lang,
        dark,
        inks: inks(),
        width: lanesWidth,
        bandText: text,
      }),
      { notMerge: true },
    )
  }, [layout, p.series, p.span, lang, dark, width, height, lanesWidth, text])

  const timeAt = (x: number) => p.span.from + ((x - margin.left) / Math.max(1, lanesWidth)) * (p.span.to - p.span.from)
  const xAt = (time: number) => margin.left + ((time - p.span.from) / Math.max(1, p.span.to - p.span.from)) * lanesWidth
  const pixel = (p.span.to - p.span.from) / Math.max(1, lanesWidth)

  const [drag, setDrag] = useState<{ from: number; to: number }>()
  const xOf = (e: PointerEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0
    return Math.min(width - margin.right, Math.max(margin.left, e.clientX - left))
  }
  const down = (e: PointerEvent) => {
    if (e.button !== 0) return
    e.currentTarget.setPointerCapture(e.pointerId)
    setDrag({ from: timeAt(xOf(e)), to: timeAt(xOf(e)) })
  }
  const move = (e: PointerEvent) => {
    const time = timeAt(xOf(e))
    p.onCursor(time)
    if (drag) setDrag({ ...drag, to: time })
  }
  const up = () => {
    const chosen = drag && select(drag.from, drag.to, pixel)
    setDrag(undefined)
    if (chosen) p.onSpan(chosen)
  }
  const leave = () => {
    if (!drag) p.onCursor(undefined)
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
    const length = p.span.to - p.span.from
    const at = p.cursor ?? p.span.to - length / 2
    const step = length / (e.shiftKey ? 200 : 20)
    if (e.ctrlKey || e.metaKey || e.altKey) return
    if (e.key === 'ArrowLeft') p.onCursor(Math.max(p.span.from, at - step))
    else if (e.key === 'ArrowRight') p.onCursor(Math.min(p.span.to, at + step))
    else if (e.key === 'PageUp') p.onSpan(pan(p.span, -0.5))
    else if (e.key === 'PageDown') p.onSpan(pan(p.span, 0.5))
    else if (e.key === '+' || e.key === '=') p.onSpan(zoom(p.span, 0.5, p.cursor))
    else if (e.key === '-') p.onSpan(zoom(p.span, 2, p.cursor))
    else if (e.key === 'End') p.onNow()
    else if (e.key === 'Escape') p.onCursor(undefined)
    else return
    e.preventDefault()
  }

  const bottom = layout.quality.top + layout.quality.height
  const cursorX = p.cursor === undefined ? undefined : xAt(p.cursor)
  return (
    <div
      ref={box}
      className="plot"
      style={{ height }}
      tabIndex={0}
      role="application"
      aria-roledescription={t('trend.role')}
      aria-label={`${p.label}. ${t('trend.keys')}`}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => setDrag(undefined)}
      onPointerLeave={leave}
      onKeyDown={key}
    >
      <div ref={canvas} style={{ position: 'absolute', inset: 0 }} aria-hidden="true" />
      {layout.lanes.map((lane, i) => (
        <span
          key={i}
          className="lane"
          style={{ left: margin.left + 4, top: lane.top - (lane.kind === 'bands' ? 17 : 0) }}
        >
          {lane.kind === 'bands' ? lane.series[0]?.name : readableUnit(lane.unit)}
        </span>
      ))}
      <span
        className="lane"
        style={{ right: width - margin.left + 4, top: layout.quality.top - 4, whiteSpace: 'nowrap' }}
      >
        {t('trend.quality')}
      </span>
      {drag && Math.abs(drag.to - drag.from) > 2 * pixel && (
        <div
          className="brush"
          style={{
            left: xAt(Math.min(drag.from, drag.to)),
            width: Math.abs(xAt(drag.to) - xAt(drag.from)),
            top: 0,
            height: bottom,
          }}
        />
      )}
      {cursorX !== undefined && cursorX >= margin.left && cursorX <= width - margin.right && (
        <>
          <div className="hair" style={{ left: cursorX, top: 0, height: bottom }} />
          {p.series.length > 0 && <Tip {...p} x={cursorX} width={width} time={p.cursor ?? 0} pixel={pixel} />}
        </>
      )}
    </div>
  )
}

function Tip({ series, x, width, time, pixel }: Props & { x: number; width: number; time: number; pixel: number }) {
  const { t } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const side = x > width / 2 ? { right: width - x + 12 } : { left: x + 12 }
  return (
    <div className="tip" style={{ ...side, top: 8 }} aria-live="polite">
      <div className="muted">{dateTimeMillis(time)}</div>
      <table>
        <tbody>
          {series.map((s) => {
            const held = sampleAt(s.points, time + pixel / 2, Math.max(s.maxSilence, pixel))
            return (
              <tr key={s.id}>
                <td>
                  <i className="swatch" style={{ background: colourOf(s.slot, dark) }} />
                </td>
                <td className="cut" style={{ maxWidth: 130 }}>
                  {s.name}
                </td>
                <td className="num">
                  {held ? (
                    <>
                      <b>{text(s, held.value)}</b>
                      <span className="unit">{readableUnit(s.unit)}</span>
                    </>
                  ) : (
                    <span className="muted">{t('trend.nothing')}</span>
                  )}
                </td>
                <td>{held && <StatusMark status={held.status} />}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
