/** The size of a slide, px: 16:9. */
export const slide = { width: 1920, height: 1080 }

/** What is drawn into a picture beside the chart, so that it can stand alone. */
export interface Framing {
  title: string
  /** Below the title. */
  words: string
  /** At the bottom: source, day, and of a map its review number. */
  notes: string[]
  /** Across the top where the data are made up. */
  mark?: string
}

const drawnBy = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linejoin',
  'paint-order',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
]

const escaped = (s: string) => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** slideOf makes a chart of the page into a picture that needs no style sheet: an SVG of a slide's size. */
export function slideOf(chart: SVGSVGElement, f: Framing): string {
  const copy = chart.cloneNode(true) as SVGSVGElement
  const [from, to] = [[...chart.querySelectorAll('*')], [...copy.querySelectorAll('*')]]
  from.forEach((e, i) => {
    const [style, into] = [getComputedStyle(e), to[i]]
    if (!into) return
    for (const name of drawnBy) into.setAttribute(name, style.getPropertyValue(name))
    for (const name of ['class', 'style', 'tabindex', 'role', 'aria-label', 'aria-selected']) into.removeAttribute(name)
  })
  for (const name of ['class', 'style', 'role', 'aria-label', 'aria-describedby']) copy.removeAttribute(name)
  const [top, bottom, side] = [190, 110, 100]
  const [w, h] = [slide.width - 2 * side, slide.height - top - bottom]
  copy.setAttribute('x', String(side))
  copy.setAttribute('y', String(top))
  copy.setAttribute('width', String(w))
  copy.setAttribute('height', String(h))
  copy.setAttribute('preserveAspectRatio', 'xMidYMid meet')
  const root = getComputedStyle(document.documentElement)
  const colour = (name: string) => root.getPropertyValue(name).trim()
  const family = escaped(getComputedStyle(document.body).fontFamily)
  const text = (x: number, y: number, size: number, words: string, ink = '--ink', more = '') =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${colour(ink)}" ${more}>${escaped(words)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${slide.width}" height="${slide.height}" viewBox="0 0 ${slide.width} ${slide.height}" font-family="${family}">`,
    `<rect width="100%" height="100%" fill="${colour('--panel')}"/>`,
    text(side, 90, 52, f.title, '--ink', 'font-weight="600"'),
    text(side, 146, 30, f.words, '--ink-2'),
    f.mark ? text(slide.width - side, 90, 30, f.mark, '--bad', 'text-anchor="end" font-weight="600"') : '',
    new XMLSerializer().serializeToString(copy),
    text(side, slide.height - 44, 24, f.notes.filter(Boolean).join(' · '), '--ink-2'),
    '</svg>',
  ].join('\n')
}

/** pngOf draws a slide into pixels. */
export async function pngOf(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = slide.width
    canvas.height = slide.height
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    return await new Promise((done, failed) =>
      canvas.toBlob((b) => (b ? done(b) : failed(new Error('the picture could not be drawn'))), 'image/png'),
    )
  } finally {
    URL.revokeObjectURL(url)
  }
}
