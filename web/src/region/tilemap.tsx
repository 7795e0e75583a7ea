import { useId, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react'

import { useI18n } from '../i18n'
import { figure } from '../targets/figure'
import { Grading, Num } from '../targets/parts'
import { DataTable } from '../ui/table'
import type { Division, Grid, LoadedMap } from './figures'
import { drawn, type Outline } from './outline'
import { classOf, scaleOf, shadeOf, type Scale } from './scale'

/** Where the parts of a region are drawn, and what each of them is at. */
interface Props {
  label: string
  grid?: Grid
  /** A map that the organisation has loaded takes the place of the tiles. */
  map?: LoadedMap
  divisions: Division[]
  /** What the drawing is taken from when it is saved. */
  svg?: RefObject<SVGSVGElement | null>
  /** Without the table of the same (a wall is not read out). */
  bare?: boolean
}

interface Cell {
  code: string
  name: string
  x: number
  y: number
  /** Of an outline. */
  path?: string
  division?: Division
}

const side = 88
const gap = 6
const legendHeight = 62

const ways: Record<string, [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** RegionMap colours the parts of a region by their values: as tiles, or on a map with its review number. What is not known is hatched. */
export function RegionMap({ label, grid, map, divisions, svg, bare }: Props) {
  const { t, n, lang } = useI18n()
  const hatch = useId()
  const help = useId()
  const own = useRef<SVGSVGElement>(null)
  const box = svg ?? own
  const [active, setActive] = useState(0)
  const by = useMemo(() => new Map(divisions.map((d) => [d.code, d])), [divisions])
  const scale = useMemo(() => scaleOf(divisions.flatMap((d) => (d.number ? Number(d.number.value) : []))), [divisions])
  const columns = Math.max(...(grid?.tiles ?? []).map((c) => c.column + 1), 1)
  const rows = Math.max(...(grid?.tiles ?? []).map((c) => c.row + 1), 1)
  const [width, height] = map?.outlines ? [760, 560] : [columns * (side + gap) + gap, rows * (side + gap) + gap]
  const names = new Map(grid?.tiles.map((x) => [x.code, n(x.name)]))
  const cells: Cell[] = map?.outlines
    ? drawn(map.outlines as Outline[], width, height).map((d) => ({
        code: d.code,
        name: names.get(d.code) ?? d.code,
        x: d.middle[0],
        y: d.middle[1],
        path: d.path,
        division: by.get(d.code),
      }))
    : (grid?.tiles ?? []).map((x) => ({
        code: x.code,
        name: n(x.name),
        x: gap + x.column * (side + gap) + side / 2,
        y: gap + x.row * (side + gap) + side / 2,
        division: by.get(x.code),
      }))
  const unit = divisions.find((d) => d.number)?.number?.unit ?? '1'
  const say = (c: Cell) => {
    const d = c.division
    if (!d) return t('region.cellNobody', { name: c.name })
    const known = t('targets.known', { known: d.known, of: d.of })
    return d.number
      ? `${c.name} ${figure(lang, d.number.value, d.number.unit)}, ${known}`
      : `${c.name} ${n(d.text)}, ${known}`
  }
  const key = (e: KeyboardEvent) => {
    const way = ways[e.key]
    if (!way) return
    e.preventDefault()
    const next = towards(cells, active, ...way)
    setActive(next)
    box.current?.querySelectorAll<SVGGElement>('[role=option]')[next]?.focus()
  }
  // One size for all names: that of the longest one.
  const size = Math.min(...cells.map((c) => sizeOf(c.name)))
  const full = height + legendHeight
  return (
    <figure className="regionmap">
      <svg
        ref={box}
        viewBox={`0 0 ${Math.max(width, 420)} ${full}`}
        role="listbox"
        aria-label={label}
        aria-describedby={help}
        onKeyDown={key}
        data-drawing={map ? 'map' : 'tiles'}
      >
        <defs>
          <pattern id={hatch} width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="8" height="8" className="hatchground" />
            <rect width="2.5" height="8" className="hatchline" />
          </pattern>
        </defs>
        <g role="presentation" transform={`translate(${Math.max(0, (420 - width) / 2)} 0)`}>
          {cells.map((c, i) => {
            const value = c.division?.number
            const shade = scale && value ? shadeOf(scale, classOf(scale, Number(value.value))) : undefined
            const fill = shade === undefined ? { fill: c.division ? `url(#${hatch})` : 'transparent' } : undefined
            const tone = shade === undefined ? 'unknown' : `shade shade-${shade}`
            return (
              <g
                key={c.code}
                role="option"
                aria-selected={false}
                tabIndex={i === active ? 0 : -1}
                aria-label={say(c)}
                className={`cell ${tone}${c.division ? '' : ' nobody'}`}
                onFocus={() => setActive(i)}
                data-code={c.code}
              >
                <title>{say(c)}</title>
                {c.path ? (
                  <path d={c.path} fillRule="evenodd" style={fill} className="ground" />
                ) : (
                  <rect
                    x={c.x - side / 2}
                    y={c.y - side / 2}
                    width={side}
                    height={side}
                    rx="6"
                    style={fill}
                    className="ground"
                  />
                )}
                <text x={c.x} y={c.y - 4} className="name" style={{ fontSize: size }}>
                  {c.name}
                </text>
                <text x={c.x} y={c.y + 20} className="value">
                  {value ? figure(lang, value.value, value.unit) : c.division ? '?' : '–'}
                </text>
              </g>
            )
          })}
        </g>
        <g role="presentation" transform={`translate(0 ${height + 14})`}>
          <Legend scale={scale} unit={unit} hatch={hatch} />
        </g>
      </svg>
      <figcaption>
        {map ? (
          <strong className="review">{t('region.review', { number: map.review, source: map.source })}</strong>
        ) : (
          <span className="muted">{t('region.schematic')}</span>
        )}
        <span id={help} className="hidden-text">
          {t('region.keys')}
        </span>
      </figcaption>
      {!bare && (
        <details className="quoted">
          <summary>{t('region.asTable')}</summary>
          <DataTable
            label={label}
            columns={['region.division', { num: 'targets.actual' }, { num: 'targets.coverage' }, 'targets.grade']}
          >
            <tbody>
              {cells.map((c) => (
                <tr key={c.code}>
                  <th scope="row">{c.name}</th>
                  <td className="num">
                    {c.division?.number ? (
                      <Num of={c.division.number} />
                    ) : (
                      <span className="muted">{c.division ? n(c.division.text) : t('region.nobody')}</span>
                    )}
                  </td>
                  <td className="num">
                    {c.division && t('targets.known', { known: c.division.known, of: c.division.of })}
                  </td>
                  <td>
                    <Grading grade={c.division?.grade} />
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        </details>
      )}
    </figure>
  )
}

/** sizeOf is the size of type, px, at which a name fits its tile. */
const sizeOf = (name: string) => {
  const wide = Array.from(name).reduce((sum, c) => sum + (c > '\u2e80' ? 1 : 0.68), 0)
  return Math.min(18, Math.floor((side - 8) / wide))
}

/** towards is the cell that lies next in a direction; the same where there is none. */
function towards(cells: Cell[], from: number, dx: number, dy: number): number {
  const here = cells[from]
  if (!here) return 0
  let [best, least] = [from, Infinity]
  cells.forEach((c, i) => {
    const along = (c.x - here.x) * dx + (c.y - here.y) * dy
    const aside = Math.abs((c.x - here.x) * dy) + Math.abs((c.y - here.y) * dx)
    if (along > 1 && along + 3 * aside < least) [best, least] = [i, along + 3 * aside]
  })
  return best
}

function Legend({ scale, unit, hatch }: { scale: Scale | undefined; unit: string; hatch: string }) {
  const { t, lang } = useI18n()
  const classes = scale ? scale.edges.length - 1 : 0
  const w = 44
  return (
    <g className="legend" role="presentation">
      {scale?.edges.slice(1).map((_, i) => (
        <rect key={i} x={i * w} y="0" width={w} height="14" className={`ground shade-${shadeOf(scale, i)}`} />
      ))}
      {scale?.edges.map((e, i) => (
        <text key={e} x={i * w} y="28" className={i === 0 ? 'first' : undefined}>
          {figure(lang, String(e), i === classes ? unit : '1')}
        </text>
      ))}
      <rect
        x={classes * w + (classes ? 60 : 0)}
        y="0"
        width="26"
        height="14"
        style={{ fill: `url(#${hatch})` }}
        className="ground"
      />
      <text x={classes * w + (classes ? 92 : 32)} y="12" className="first">
        {t('region.unknown')}
      </text>
    </g>
  )
}
