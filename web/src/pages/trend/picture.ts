import { readableUnit } from '../../format/unit'
import type { ChartHandle } from './chart'
import { axisPlace } from './layout'

export interface PictureLine {
  colour: string
  text: string
}

/** drawPicture puts the drawing under its title and over the names of its series, as a PNG that tells what it shows. */
export function drawPicture(
  of: NonNullable<ReturnType<ChartHandle['picture']>>,
  words: { title: string; notes: string[]; lines: PictureLine[]; lanes: boolean },
  marks: { name: string; at: number }[],
  look: { ground: string; ink: string; faint: string },
): Promise<Blob> {
  const ratio = 2
  const line = 18
  const head = 14 + 20 + words.notes.length * line + 8
  const foot = 10 + words.lines.length * line + 8
  const canvas = document.createElement('canvas')
  canvas.width = of.width * ratio
  canvas.height = (head + of.height + foot) * ratio
  const g = canvas.getContext('2d')
  if (!g) return Promise.reject(new Error('no canvas'))
  g.scale(ratio, ratio)
  g.fillStyle = look.ground
  g.fillRect(0, 0, of.width, head + of.height + foot)
  const font = (size: number, weight = 400) => {
    g.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`
  }
  const fit = (text: string, x: number, y: number) => g.fillText(text, x, y, of.width - x - 12)
  g.textBaseline = 'top'
  g.fillStyle = look.ink
  font(15, 600)
  fit(words.title, 12, 12)
  font(12)
  g.fillStyle = look.faint
  words.notes.forEach((note, i) => fit(note, 12, 36 + i * line))
  g.drawImage(of.canvas, 0, head, of.width, of.height)
  const { layout } = of
  const inner = of.width - layout.left - layout.right
  // The names of axes and bands stand beside the canvas on the page; the picture has them in itself.
  font(11, 600)
  g.fillStyle = look.faint
  for (const grid of layout.grids) {
    if (grid.kind === 'bands') {
      fit(grid.series[0]?.name ?? '', layout.left + 4, head + grid.top - 15)
      continue
    }
    for (const axis of grid.axes) {
      const { position, offset } = axisPlace(grid, axis, words.lanes, layout.axisWidth)
      const units = axis.units.map(readableUnit).filter(Boolean).join(', ')
      g.textAlign = position === 'left' ? 'right' : 'left'
      const x = position === 'left' ? layout.left - offset - 4 : of.width - layout.right + offset + 4
      g.fillText(units, x, head + grid.top - 17, layout.axisWidth - 4)
    }
  }
  g.textAlign = 'left'
  for (const mark of marks) {
    const x = layout.left + mark.at * inner
    g.fillStyle = look.ink
    g.fillRect(x - 0.5, head, 1, layout.quality.top + layout.quality.height)
    font(11, 600)
    g.fillText(mark.name, x + 3, head + 2)
  }
  font(12)
  words.lines.forEach((l, i) => {
    const y = head + of.height + 10 + i * line
    g.fillStyle = l.colour
    g.fillRect(12, y + 5, 16, 4)
    g.fillStyle = look.ink
    fit(l.text, 36, y)
  })
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png')
  })
}
