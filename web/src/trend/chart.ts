import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

import type { EChartsCoreOption } from 'echarts/core'
import type { SampleValue } from '../api/types'
import { axisTime, type Lang } from '../format/time'
import { float } from '../format/number'
import { colourOf, type Inks } from './colours'
import type { Drawn, Lane, Layout } from './lanes'
import type { Interval, QualityInterval } from './segments'

echarts.use([LineChart, ScatterChart, CustomChart, GridComponent, CanvasRenderer])

export { echarts }

/** Where the lanes begin and end, px from the edges of the plot. */
export const margin = { left: 58, right: 14, bottom: 24 }

/** Ground is what everything in a drawing stands on. */
export interface Ground {
  series: Drawn[]
  span: Interval
  lang: Lang
  dark: boolean
  inks: Inks
  width: number
  bandText: (s: Drawn, value: SampleValue) => string
}

export interface Scene extends Ground {
  layout: Layout
}

/** chartOption draws the lanes, the texts' bands and the band of quality below them, all over one time. */
export function chartOption(scene: Scene): EChartsCoreOption {
  const { layout } = scene
  const { lanes, quality } = layout
  const last = lanes.length
  const rows = [...lanes, { ...quality, kind: 'quality' as const }]
  const option = {
    animation: false,
    grid: rows.map(({ top, height }) => ({
      left: margin.left,
      right: margin.right,
      top,
      height,
      outerBoundsMode: 'none',
    })),
    xAxis: rows.map((_, i) => xAxis(scene, i, i === last)),
    yAxis: rows.map((row, i) => yAxis(scene, row, i)),
    series: [
      ...lanes.flatMap((lane, i) => (lane.kind === 'numbers' ? lines(scene, lane, i) : [bandSeries(scene, lane, i)])),
      qualitySeries(scene, last),
    ],
  }
  return option
}

/** xAxis is the axis of time of one grid. */
export function xAxis({ span, inks, width }: Ground, gridIndex: number, labelled: boolean) {
  return {
    type: 'time',
    gridIndex,
    min: span.from,
    max: span.to,
    splitNumber: Math.max(2, Math.floor(width / 110)),
    axisLine: { show: labelled, lineStyle: { color: inks.gap } },
    axisTick: { show: labelled, lineStyle: { color: inks.gap } },
    axisLabel: {
      show: labelled,
      color: inks.faint,
      fontSize: 11,
      hideOverlap: true,
      formatter: (ms: number) => axisTime(ms, span.to - span.from),
    },
    splitLine: { show: !labelled, lineStyle: { color: inks.edge } },
  }
}

function yAxis(scene: Ground, row: Lane | { kind: 'quality' }, gridIndex: number) {
  const { inks, lang } = scene
  if (row.kind !== 'numbers') {
    const rows = row.kind === 'quality' ? Math.max(1, scene.series.length) : 1
    return { type: 'value', gridIndex, min: 0, max: rows, inverse: true, show: false }
  }
  const series = row.series.filter((s) => s.count > 0)
  const flat = series.length > 0 && series.every((s) => s.low === s.high && s.low === series[0]?.low)
  return {
    type: 'value',
    gridIndex,
    scale: true,
    splitNumber: row.height < 90 ? 2 : 4,
    // A value that never moved lies in the middle of its lane.
    ...(flat && series[0] ? around(series[0].low) : {}),
    axisLabel: {
      color: inks.faint,
      fontSize: 11,
      formatter: (v: number) => float(lang, v),
      showMinLabel: true,
      hideOverlap: true,
    },
    splitLine: { lineStyle: { color: inks.edge } },
    axisLine: { show: false },
    axisTick: { show: false },
  }
}

/** around is the range of an axis on which one value lies in the middle. */
export function around(v: number) {
  const reach = v === 0 ? 1 : Math.abs(v) * 0.1
  return { min: v - reach, max: v + reach }
}

function lines(scene: Ground, lane: Lane, axis: number): unknown[] {
  return lane.series.flatMap((s) => {
    const color = colourOf(s.slot, scene.dark)
    // Few points are told one by one: what was measured is then seen apart from the line between.
    const sparse = s.points.length * 10 < scene.width
    const at = { xAxisIndex: axis, yAxisIndex: axis, silent: true, z: 3 }
    return [
      {
        ...at,
        id: s.id,
        type: 'line',
        data: s.trace.line,
        step: s.type === 'int64' ? 'end' : false,
        connectNulls: false,
        showSymbol: sparse,
        symbol: 'circle',
        symbolSize: 4,
        lineStyle: { color, width: 1.4 },
        itemStyle: { color },
      },
      ...(s.trace.lone.length > 0 && !sparse
        ? [{ ...at, id: `${s.id}-lone`, type: 'scatter', data: s.trace.lone, symbolSize: 3, itemStyle: { color } }]
        : []),
    ]
  })
}

interface CustomApi {
  value: (dimension: number) => number
  coord: (point: [number, number]) => [number, number]
}
interface CustomParams {
  dataIndex: number
  coordSys: { x: number; y: number; width: number; height: number }
}

// rect is the box of a stretch of time in a row, cut at the lane's edges; undefined where none of it is seen.
function rect(params: CustomParams, api: CustomApi, row: number, top: number, bottom: number) {
  const [x0, y0] = api.coord([api.value(0), row + top])
  const [x1, y1] = api.coord([api.value(1), row + bottom])
  const { coordSys } = params
  return echarts.graphic.clipRectByRect(
    // What is shorter than a pixel is still shown as one.
    { x: x0, y: y0, width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0) },
    coordSys,
  )
}

/** bandSeries draws the stretches of a text or a boolean, on the axes of time and height with these indexes. */
export function bandSeries(scene: Ground, lane: Pick<Lane, 'series'>, x: number, y = x): unknown {
  const s = lane.series[0]
  const items = s?.bands ?? []
  const color = colourOf(s?.slot ?? 0, scene.dark)
  return {
    type: 'custom',
    xAxisIndex: x,
    yAxisIndex: y,
    silent: true,
    data: items.map((b) => [b.from, b.to]),
    encode: { x: [0, 1], y: -1 },
    renderItem: (params: CustomParams, api: CustomApi) => {
      const shape = rect(params, api, 0, 0.05, 0.95) as { width: number } | undefined
      const band = items[params.dataIndex]
      if (!shape || !band || !s) return null
      const on = band.value !== false
      return {
        type: 'rect',
        shape,
        style: {
          fill: color,
          opacity: on ? 0.16 + 0.14 * (hash(String(band.value)) % 3) : 0.06,
          stroke: color,
          lineWidth: 0.5,
        },
        textConfig: { position: 'insideLeft', distance: 4, local: true },
        textContent: {
          type: 'text',
          style: {
            text: shape.width > 22 ? scene.bandText(s, band.value) : '',
            fill: scene.inks.ink,
            fontSize: 11,
            width: Math.max(0, shape.width - 8),
            overflow: 'truncate',
          },
        },
      }
    },
  }
}

function hash(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) >>> 0
  return h
}

// Each quality has a height of its own in its row, so that it is told without colour, too.
const extent: Record<QualityInterval['quality'], [number, number]> = {
  bad: [0.05, 0.95],
  uncertain: [0.05, 0.55],
  gap: [0.4, 0.6],
}

/** qualitySeries draws a row for each series that tells where its values are not good. */
export function qualitySeries(scene: Ground, x: number, y = x): unknown {
  const { inks } = scene
  const fill = { bad: inks.bad, uncertain: inks.warn, gap: inks.faint }
  const items = scene.series.flatMap((s, row) => s.trace.quality.map((q) => ({ ...q, row })))
  return {
    type: 'custom',
    xAxisIndex: x,
    yAxisIndex: y,
    silent: true,
    data: items.map((q) => [q.from, q.to]),
    encode: { x: [0, 1], y: -1 },
    renderItem: (params: CustomParams, api: CustomApi) => {
      const q = items[params.dataIndex]
      const shape = q && rect(params, api, q.row, ...extent[q.quality])
      return shape && { type: 'rect', shape, style: { fill: fill[q.quality] } }
    },
  }
}
