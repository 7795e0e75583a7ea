import { isNumeric, type Drawn } from '../../trend/lanes'
import { sideOf, sides, type Axis } from './axes'

/** A grid is a box of the drawing: the axes of numbers upon each other, one axis alone, or a text's bands. */
export interface Grid {
  kind: 'numbers' | 'bands'
  axes: Axis[]
  series: Drawn[]
  top: number
  height: number
}

export interface TrendLayout {
  grids: Grid[]
  quality: { top: number; height: number }
  height: number
  /** px between the edges and the boxes. */
  left: number
  right: number
  /** px that one axis takes. */
  axisWidth: number
}

const bandHeight = 24
const bandHead = 14
const space = 14
const headroom = 20
// Between lanes stands the name of the next one's axis.
const laneSpace = 24
const leastLane = 70

/** layOutTrend places the boxes. On a narrow screen the axes give way to the drawing. */
export function layOutTrend(series: Drawn[], axes: Axis[], lanes: boolean, wanted: number, width: number): TrendLayout {
  const shown = axes
    .map((a) => ({ ...a, series: a.series.filter((id) => series.some((s) => s.id === id && isNumeric(s))) }))
    .filter((a) => a.series.length > 0)
  const axisWidth = width < 560 ? 40 : 56
  const beside = lanes ? { left: Math.min(1, shown.length), right: 0 } : sides(shown)
  const bands = series.filter((s) => !isNumeric(s))
  const qualityHeight = Math.max(1, series.length) * 7 + 2
  const fixed = headroom + bands.length * (bandHead + bandHeight + space) + qualityHeight + space
  const of = (a: Axis) => series.filter((s) => a.series.includes(s.id))
  const boxes = lanes ? shown.map((a) => [a]) : shown.length > 0 ? [shown] : []
  const between = lanes ? laneSpace : space
  const least = lanes ? leastLane : Math.min(wanted * 0.6, 200)
  const share = boxes.length > 0 ? Math.max(least, (wanted - fixed - boxes.length * between) / boxes.length) : 0
  let top = headroom
  const grids: Grid[] = []
  for (const box of boxes) {
    grids.push({ kind: 'numbers', axes: box, series: box.flatMap(of), top, height: share })
    top += share + between
  }
  for (const s of bands) {
    top += bandHead
    grids.push({ kind: 'bands', axes: [], series: [s], top, height: bandHeight })
    top += bandHeight + space
  }
  return {
    grids,
    quality: { top, height: qualityHeight },
    height: top + qualityHeight,
    left: Math.max(beside.left * axisWidth, 44),
    right: Math.max(beside.right * axisWidth, 14),
    axisWidth,
  }
}

/** axisPlace is where an axis stands in a drawing of all its axes. */
export function axisPlace(grid: Grid, axis: Axis, lanes: boolean, axisWidth: number) {
  if (lanes) return { position: 'left' as const, offset: 0 }
  const { side, place } = sideOf(grid.axes, axis.slot)
  return { position: side, offset: place * axisWidth }
}
