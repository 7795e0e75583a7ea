import type { EChartsCoreOption } from 'echarts/core'

import { float } from '../../format/number'
import { around, bandSeries, qualitySeries, xAxis, type Ground } from '../../trend/chart'
import { colourOf } from '../../trend/colours'
import type { Drawn } from '../../trend/lanes'
import type { AxisRange } from './address'
import type { Axis } from './axes'
import { axisPlace, type Grid, type TrendLayout } from './layout'

export interface TrendScene extends Ground {
  layout: TrendLayout
  lanes: boolean
  /** The same series of another time, laid over these. */
  ghosts: Drawn[]
  step: (s: Drawn) => boolean
  ranges: (AxisRange | undefined)[]
}

/** trendOption draws the boxes of a trend over one time: lines by axis, bands of texts, and the rows of quality. */
export function trendOption(scene: TrendScene): EChartsCoreOption {
  const { layout } = scene
  const quality = layout.grids.length
  const boxes = [...layout.grids, layout.quality]
  const yAxes: unknown[] = []
  const series: unknown[] = []
  layout.grids.forEach((grid, x) => {
    if (grid.kind === 'bands') {
      yAxes.push(hiddenAxis(x, 1))
      series.push(bandSeries(scene, grid, x, yAxes.length - 1))
      return
    }
    grid.axes.forEach((axis, i) => {
      yAxes.push(valueAxis(scene, grid, axis, x, i === 0))
      const y = yAxes.length - 1
      for (const s of grid.series) {
        if (!axis.series.includes(s.id)) continue
        const ghost = scene.ghosts.find((g) => g.id === s.id)
        if (ghost) series.push(...lines(scene, ghost, x, y, true))
        series.push(...lines(scene, s, x, y, false))
      }
    })
  })
  yAxes.push(hiddenAxis(quality, Math.max(1, scene.series.length)))
  series.push(qualitySeries(scene, quality, yAxes.length - 1))
  return {
    animation: false,
    grid: boxes.map(({ top, height }) => ({
      left: layout.left,
      right: layout.right,
      top,
      height,
      outerBoundsMode: 'none',
    })),
    xAxis: boxes.map((_, i) => xAxis(scene, i, i === quality)),
    yAxis: yAxes,
    series,
  }
}

const hiddenAxis = (gridIndex: number, rows: number) => ({
  type: 'value',
  gridIndex,
  min: 0,
  max: rows,
  inverse: true,
  show: false,
})

function valueAxis(scene: TrendScene, grid: Grid, axis: Axis, gridIndex: number, ruled: boolean) {
  const { inks, lang, layout, dark } = scene
  const of = (list: Drawn[]) => list.filter((s) => axis.series.includes(s.id) && s.count > 0)
  const drawn = [...of(grid.series), ...of(scene.ghosts)]
  const flat = drawn.length > 0 && drawn.every((s) => s.low === s.high && s.low === drawn[0]?.low)
  const range = scene.ranges[axis.slot]
  const only = axis.series.length === 1 ? grid.series.find((s) => s.id === axis.series[0]) : undefined
  // An axis of one series alone has its colour.
  const color = only ? colourOf(only.slot, dark) : inks.faint
  const { position, offset } = axisPlace(grid, axis, scene.lanes, layout.axisWidth)
  return {
    type: 'value',
    gridIndex,
    position,
    offset,
    scale: true,
    splitNumber: grid.height < 110 ? 2 : grid.height < 220 ? 4 : 6,
    ...(range ? { min: range.low, max: range.high } : flat && drawn[0] ? around(drawn[0].low) : {}),
    axisLabel: {
      color,
      fontSize: layout.axisWidth < 50 ? 10 : 11,
      formatter: (v: number) => brief(lang, v),
      showMinLabel: true,
      hideOverlap: true,
      margin: 5,
    },
    splitLine: { show: ruled, lineStyle: { color: inks.edge } },
    axisLine: { show: true, onZero: false, lineStyle: { color: only ? color : inks.gap } },
    axisTick: { show: false },
  }
}

// An axis has no room for a long number.
function brief(lang: TrendScene['lang'], v: number): string {
  const size = Math.abs(v)
  for (const [least, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    if (size >= least) return `${float(lang, v / (letter === 'k' ? 1e3 : least))}${letter}`
  }
  return float(lang, v)
}

const cross = 'path://M0 1L1 0L5 4L9 0L10 1L6 5L10 9L9 10L5 6L1 10L0 9L4 5Z'

function lines(scene: TrendScene, s: Drawn, x: number, y: number, ghost: boolean): unknown[] {
  const color = colourOf(s.slot, scene.dark)
  // Few points are told one by one: what was measured is then seen apart from the line between.
  const sparse = s.points.length * 10 < scene.width && !ghost
  const at = { xAxisIndex: x, yAxisIndex: y, silent: true, z: ghost ? 2 : 3 }
  const id = ghost ? `${s.id}-ghost` : s.id
  // What was then is lighter and broken, so that it is told apart without colour, too.
  const lineStyle = ghost
    ? { color, width: 1.2, opacity: 0.55, type: [4, 3] }
    : { color, width: 1.5, opacity: 1, type: 'solid' }
  const bad = ghost ? [] : badMarks(s, scene)
  return [
    {
      ...at,
      id,
      type: 'line',
      data: s.trace.line,
      step: scene.step(s) ? 'end' : false,
      connectNulls: false,
      showSymbol: sparse,
      symbol: 'circle',
      symbolSize: 4,
      lineStyle,
      itemStyle: { color },
    },
    ...(s.trace.lone.length > 0 && !sparse
      ? [
          {
            ...at,
            id: `${id}-lone`,
            type: 'scatter',
            data: s.trace.lone,
            symbolSize: 3,
            itemStyle: { color, opacity: ghost ? 0.55 : 1 },
          },
        ]
      : []),
    ...(bad.length > 0
      ? [
          {
            ...at,
            id: `${id}-bad`,
            type: 'scatter',
            data: bad,
            symbol: cross,
            symbolSize: 7,
            itemStyle: { color: scene.inks.bad },
            z: 4,
          },
        ]
      : []),
  ]
}

/** badMarks put a cross where a bad sample came, at the height of the value before it (or the next): it has none itself. */
export function badMarks(s: Pick<Drawn, 'points'>, of: Pick<Ground, 'span' | 'width'>): [number, number][] {
  const apart = ((of.span.to - of.span.from) / Math.max(1, of.width)) * 8
  const out: [number, number][] = []
  let height = s.points.find((p) => p.status.class !== 'bad' && !Number.isNaN(p.v))?.v
  let last = -Infinity
  for (const p of s.points) {
    if (p.status.class !== 'bad') {
      if (!Number.isNaN(p.v)) height = p.v
    } else if (height !== undefined && p.t - last >= apart && p.t >= of.span.from && p.t < of.span.to) {
      out.push([p.t, height])
      last = p.t
    }
  }
  return out
}
