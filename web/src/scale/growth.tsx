import { useEffect, useRef, useState } from 'react'

import type { Census } from '../api/types'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { percent, steps } from './percent'
import { DataTable } from '../ui/table'

type Month = Census['growth'][number]

const height = 190
const edge = { top: 12, right: 12, bottom: 22, left: 40 }

/** Growth draws machines and connected machines at the end of each month; the same figures stand in a table below. */
export function Growth({ months }: { months: Month[] }) {
  const { t, lang } = useI18n()
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    if (box.current) seen.observe(box.current)
    return () => seen.disconnect()
  }, [])
  const lines = steps(Math.max(0, ...months.map((m) => m.machines)))
  const top = lines.at(-1) ?? 1
  const inner = { w: Math.max(0, width - edge.left - edge.right), h: height - edge.top - edge.bottom }
  const y = (v: number) => edge.top + inner.h * (1 - v / top)
  const slot = inner.w / Math.max(1, months.length)
  const bar = Math.max(2, Math.min(34, slot * 0.6))
  const every = Math.max(1, Math.ceil(52 / Math.max(1, slot)))
  const last = months.at(-1)
  return (
    <div className="body">
      <div ref={box}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={t('scale.growthLabel', {
              n: months.length,
              machines: whole(lang, last?.machines ?? 0),
              connected: whole(lang, last?.connected ?? 0),
            })}
            className="growth"
          >
            {lines.map((v) => (
              <g key={v}>
                <line x1={edge.left} x2={width - edge.right} y1={y(v)} y2={y(v)} />
                <text x={edge.left - 6} y={y(v) + 4} textAnchor="end">
                  {whole(lang, v)}
                </text>
              </g>
            ))}
            {months.map((m, i) => {
              const x = edge.left + slot * i + (slot - bar) / 2
              return (
                <g key={m.month}>
                  <title>{sentence(m)}</title>
                  <rect className="all" x={x} width={bar} y={y(m.machines)} height={y(0) - y(m.machines)} />
                  <rect className="tied" x={x} width={bar} y={y(m.connected)} height={y(0) - y(m.connected)} />
                  {(months.length - 1 - i) % every === 0 && (
                    <text x={x + bar / 2} y={height - 6} textAnchor="middle">
                      {m.month.slice(2)}
                    </text>
                  )}
                </g>
              )
            })}
          </svg>
        )}
      </div>
      <p className="legend-line" style={{ padding: '4px 0 8px' }} aria-hidden="true">
        <span>
          <i className="key" style={{ background: 'var(--accent)' }} /> {t('scale.connected')}
        </span>
        <span>
          <i className="key" style={{ background: 'var(--edge-strong)' }} /> {t('scale.notConnected')}
        </span>
      </p>
      <details>
        <summary>{t('scale.growthTable')}</summary>
        <DataTable
          label={t('scale.growth')}
          columns={[
            'scale.month',
            { num: 'scale.added' },
            { num: 'scale.ended' },
            { num: 'scale.machines' },
            { num: 'scale.connected' },
            { num: 'scale.networking' },
          ]}
        >
          <tbody>
            {[...months].reverse().map((m) => (
              <tr key={m.month}>
                <th scope="row" className="nowrap">
                  {m.month} {!m.complete && <span className="tag">{t('scale.sofar')}</span>}
                </th>
                <td className="num">{whole(lang, m.added)}</td>
                <td className="num">{whole(lang, m.ended)}</td>
                <td className="num">{whole(lang, m.machines)}</td>
                <td className="num">{whole(lang, m.connected)}</td>
                <td className="num">{m.networking.value === undefined ? '–' : percent(lang, m.networking.value)}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      </details>
    </div>
  )

  function sentence(m: Month): string {
    return t('scale.monthLine', {
      month: m.month,
      machines: whole(lang, m.machines),
      connected: whole(lang, m.connected),
      added: whole(lang, m.added),
      ended: whole(lang, m.ended),
    })
  }
}
