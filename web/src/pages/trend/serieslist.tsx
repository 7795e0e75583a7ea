import { CloseOutlined, EditOutlined, EyeInvisibleOutlined, EyeOutlined } from '@ant-design/icons'
import { Button, Popover, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { useHere } from '../../app/org'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import { colourCount, colourOf } from '../../trend/colours'
import { isNumeric, type Drawn } from '../../trend/lanes'
import { StatusMark } from '../../ui/marks'
import { useDark } from '../../ui/preferences'
import { DataTable } from '../../ui/table'
import { useValueText } from '../../ui/valuetext'
import type { Choice } from './address'
import { axisOf, maxAxes, type Axis } from './axes'
import type { Chosen, Known } from './usedata'

interface Props {
  chosen: Chosen
  drawn: Drawn[]
  axes: Axis[]
  steps: (k: Known) => boolean
  onChange: (id: string, part: Partial<Choice>) => void
  onRemove: (id: string) => void
}

/** SeriesList is the trend's legend: each series with its colour, axis, line, latest value, and its way out. */
export function SeriesList({ chosen, drawn, axes, steps, onChange, onRemove }: Props) {
  const { t } = useI18n()
  const text = useValueText()
  const { at } = useHere()
  return (
    <DataTable
      label={t('trend.legend')}
      className="trends-list"
      columns={[
        'trends.shown',
        'name',
        'trends.axis',
        'trends.line',
        { num: 'trend.last' },
        'status',
        { hidden: 'trend.remove' },
      ]}
    >
      <tbody>
        {chosen.known.map((k) => {
          const last = drawn.find((d) => d.id === k.id)?.points.at(-1)
          const { choice } = k
          const numeric = isNumeric(k)
          const auto = axisOf(axes, k.id)
          return (
            <tr key={k.id} className={choice.hidden ? 'away' : undefined}>
              <td className="nowrap">
                <Button
                  size="small"
                  type="text"
                  aria-pressed={!choice.hidden}
                  aria-label={t('trends.showOne', { name: k.name })}
                  title={t('trends.showOne', { name: k.name })}
                  icon={choice.hidden ? <EyeInvisibleOutlined aria-hidden /> : <EyeOutlined aria-hidden />}
                  onClick={() => onChange(k.id, { hidden: choice.hidden ? undefined : true })}
                />
                <Colour of={k} onChange={(colour) => onChange(k.id, { colour })} />
              </td>
              <th scope="row" style={{ minWidth: 150 }}>
                <Link to={at(`m/${k.machine}`)}>{k.machineName}</Link>
                {k.machineName && ' · '}
                {k.point} <span className="muted">{readableUnit(k.unit)}</span>
              </th>
              <td>
                {numeric && (
                  <Select
                    size="small"
                    variant="borderless"
                    popupMatchSelectWidth={false}
                    style={{ width: 84 }}
                    aria-label={t('trends.axisFor', { name: k.name })}
                    value={choice.axis ?? -1}
                    onChange={(v) => onChange(k.id, { axis: v < 0 ? undefined : v })}
                    options={[
                      { value: -1, label: `${t('trends.auto')} ${auto === undefined ? '' : auto + 1}` },
                      ...Array.from({ length: maxAxes }, (_, i) => ({
                        value: i,
                        label: `${i + 1} · ${t(i % 2 === 0 ? 'trends.left' : 'trends.right')}`,
                      })),
                    ]}
                  />
                )}
              </td>
              <td>
                {numeric && (
                  <Select
                    size="small"
                    variant="borderless"
                    popupMatchSelectWidth={false}
                    style={{ width: 84 }}
                    aria-label={t('trends.lineFor', { name: k.name })}
                    value={steps(k) ? 'step' : 'line'}
                    onChange={(line: 'line' | 'step') => onChange(k.id, { line })}
                    options={[
                      { value: 'line', label: t('trends.straight') },
                      { value: 'step', label: t('trends.steps') },
                    ]}
                  />
                )}
              </td>
              <td className="num nowrap">{last ? text(k, last.value) : '–'}</td>
              <td>{last && <StatusMark status={last.status} />}</td>
              <td className="num nowrap">
                <Link
                  to={at(`corrections?series=${k.id}`)}
                  className="ant-btn-like"
                  aria-label={t('correction.listOf', { name: k.name })}
                  title={t('correction.listOf', { name: k.name })}
                >
                  <EditOutlined aria-hidden />
                </Link>
                <Button
                  size="small"
                  type="text"
                  icon={<CloseOutlined aria-hidden />}
                  aria-label={t('trend.removeOne', { name: k.name })}
                  title={t('trend.removeOne', { name: k.name })}
                  onClick={() => onRemove(k.id)}
                />
              </td>
            </tr>
          )
        })}
        {chosen.missing.map((m) => (
          <tr key={m.id}>
            <td />
            <th scope="row" colSpan={5}>
              <span className="state is-bad">{m.problem.message}</span> <code>{m.id}</code>
            </th>
            <td className="num">
              <Button
                size="small"
                type="text"
                icon={<CloseOutlined aria-hidden />}
                aria-label={t('trend.removeOne', { name: m.id })}
                onClick={() => onRemove(m.id)}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

function Colour({ of, onChange }: { of: Known; onChange: (colour: number) => void }) {
  const { t } = useI18n()
  const dark = useDark()
  const [open, setOpen] = useState(false)
  return (
    <Popover
      trigger="click"
      open={open}
      onOpenChange={setOpen}
      content={
        <div className="palette" role="group" aria-label={t('trends.colourOf', { name: of.name })}>
          {Array.from({ length: colourCount }, (_, i) => (
            <button
              key={i}
              type="button"
              aria-pressed={i === of.slot}
              aria-label={t('trends.colour', { n: i + 1 })}
              style={{ background: colourOf(i, dark) }}
              onClick={() => {
                onChange(i)
                setOpen(false)
              }}
            />
          ))}
        </div>
      }
    >
      <button type="button" className="dye" aria-label={t('trends.colourOf', { name: of.name })}>
        <i className="swatch" style={{ background: colourOf(of.slot, dark) }} />
      </button>
    </Popover>
  )
}
