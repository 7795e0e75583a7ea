import type { RefObject } from 'react'

import { useI18n } from '../i18n'
import { figure } from '../targets/figure'
import { Num } from '../targets/parts'
import type { Progress } from '../targets/queries'
import { DataTable } from '../ui/table'
import { courseOf, plotted } from './trajectory'

const [width, height] = [760, 330]
const box = { left: 64, right: width - 96, top: 26, bottom: height - 54 }

/** CourseChart draws a target's way: known values, what is wanted and by when, the straight path and the forecast. */
export function CourseChart({
  of: x,
  svg,
  bare,
}: {
  of: Progress
  svg?: RefObject<SVGSVGElement | null>
  bare?: boolean
}) {
  const { t, n, lang } = useI18n()
  const c = courseOf(x)
  const p = plotted(c, box)
  const label = `${t('targets.trajectory')}: ${n(x.name)}`
  // Ticks are round; only their unit is said, once, above.
  const tick = (v: number) => figure(lang, String(v), x.unit === '%' ? '1' : x.unit)
  const line = (a: { day: string; value?: number }, b: { day: string; value?: number }) =>
    `M${p.x(a.day)} ${p.y(a.value ?? 0)}L${p.x(b.day)} ${p.y(b.value ?? 0)}`
  // Where a value is not known, the line ends, and begins anew at the next one.
  const course = c.dots
    .map((d, i) =>
      d.value === undefined ? '' : `${c.dots[i - 1]?.value === undefined ? 'M' : 'L'}${p.x(d.day)} ${p.y(d.value)}`,
    )
    .join('')
  const days = [...new Map([...c.dots.map((d) => [d.day, d.label] as const)]).entries()]
  const legend: [string, string][] = [
    ['actual', t('targets.actual')],
    ...(c.wanted !== undefined ? ([['wanted', t('targets.wanted')]] as [string, string][]) : []),
    ...(c.path ? ([['path', t('region.path')]] as [string, string][]) : []),
    ...(c.forecast ? ([['forecast', t('region.forecast')]] as [string, string][]) : []),
  ]
  return (
    <figure className="course">
      <svg ref={svg} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        <text x={box.left} y="14" className="unit">
          {x.unit === '%' ? '%' : ''}
        </text>
        {p.ticks.map((v) => (
          <g key={v}>
            <path d={`M${box.left} ${p.y(v)}H${box.right}`} className="grid" />
            <text x={box.left - 8} y={p.y(v) + 4} className="tick y">
              {tick(v)}
            </text>
          </g>
        ))}
        {days.map(([day, name]) => (
          <text key={day} x={p.x(day)} y={box.bottom + 20} className="tick x">
            {name}
          </text>
        ))}
        {c.wanted !== undefined && (
          <g className="wanted">
            <path d={`M${box.left} ${p.y(c.wanted)}H${box.right}`} />
            <text x={box.right + 8} y={p.y(c.wanted) + 4} className="mark">
              {figure(lang, x.value ?? x.low ?? '', x.unit)}
            </text>
          </g>
        )}
        {c.deadline && (
          <g className="deadline">
            <path d={`M${p.x(c.deadline)} ${box.top}V${box.bottom}`} />
            <text x={p.x(c.deadline)} y={box.top - 8} className="tick x">
              {c.deadline}
            </text>
          </g>
        )}
        {c.path && <path d={line(...c.path)} className="path" />}
        {c.forecast && <path d={line(...c.forecast)} className="forecast" />}
        {c.forecast?.[1].value !== undefined && c.deadline && (
          <circle cx={p.x(c.deadline)} cy={p.y(c.forecast[1].value)} r="5" className="forecast" />
        )}
        <path d={course} className="actual" />
        {c.dots.map((d) =>
          d.value === undefined ? (
            <text key={d.day} x={p.x(d.day)} y={box.bottom - 8} className="tick x">
              ?
            </text>
          ) : (
            <g key={d.day}>
              <circle cx={p.x(d.day)} cy={p.y(d.value)} r="5" className="actual" />
              <text x={p.x(d.day)} y={p.y(d.value) - 10} className="label">
                {figure(lang, String(d.value), x.unit)}
              </text>
            </g>
          ),
        )}
        {legend.map(([kind, words], i) => (
          <g key={kind} transform={`translate(${box.left + i * 150} ${height - 12})`}>
            <path d="M0 -4H26" className={kind} />
            <text x="32" className="key">
              {words}
            </text>
          </g>
        ))}
      </svg>
      {!bare && (
        <details className="quoted">
          <summary>{t('region.asTable')}</summary>
          <DataTable label={label} columns={['targets.period', { num: 'targets.actual' }]}>
            <tbody>
              {[...x.past, { period: x.period, number: x.number }].map((d) => (
                <tr key={d.period.label}>
                  <th scope="row">{d.period.label}</th>
                  <td className="num">
                    <Num of={d.number} />
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
