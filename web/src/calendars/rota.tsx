import { Input, InputNumber } from 'antd'

import { useI18n } from '../i18n'
import { replaced, resized, turned, weekdays, worked, type Pattern, type Turn } from './draft'
import { FaultText } from './faults'
import type { Weekday } from './zone'

interface Props {
  at: string
  pattern: Pattern
  disabled: boolean
  change: (p: Pattern) => void
}

/** Rota says which shifts are worked on which day of the week or of the cycle, and by which crew. */
export function Rota({ at, pattern: p, disabled, change }: Props) {
  const { t } = useI18n()
  const { week, cycle } = p
  if (week) {
    return (
      <Grid
        pattern={p}
        disabled={disabled}
        days={weekdays.map((day, i) => ({
          key: day,
          label: t(`calendars.long.${i as Weekday}`),
          turns: week[day] ?? [],
          at: `${at}.week.${day}`,
        }))}
        set={(key, turns) => change({ ...p, week: { ...week, [key]: turns } })}
      />
    )
  }
  if (!cycle) return <p className="muted">{t('calendars.nothingWorked')}</p>
  return (
    <>
      <div className="row wrap">
        <label className="row">
          <span>{t('calendars.cycleDays')}</span>
          <InputNumber
            size="small"
            min={1}
            max={366}
            precision={0}
            disabled={disabled}
            value={cycle.days.length}
            onChange={(count) => count && change({ ...p, cycle: { ...cycle, days: resized(cycle.days, count) } })}
            style={{ width: 72 }}
          />
        </label>
        {cycle.days.length > 1 && (
          <label className="row">
            <span>{t('calendars.cycleFirst')}</span>
            <Input
              type="date"
              size="small"
              disabled={disabled}
              value={cycle.first ?? ''}
              onChange={(e) => change({ ...p, cycle: { ...cycle, first: e.target.value || undefined } })}
              style={{ width: 150 }}
            />
          </label>
        )}
      </div>
      <FaultText at={`${at}.cycle.first`} />
      <FaultText at={`${at}.cycle.days`} />
      <Grid
        pattern={p}
        disabled={disabled}
        days={cycle.days.map((turns, i) => ({
          key: String(i),
          label: cycle.days.length === 1 ? t('calendars.everyDay') : t('calendars.dayN', { n: i + 1 }),
          turns,
          at: `${at}.cycle.days[${i}]`,
        }))}
        set={(key, turns) => change({ ...p, cycle: { ...cycle, days: replaced(cycle.days, Number(key), turns) } })}
      />
    </>
  )
}

interface Day {
  key: string
  label: string
  turns: Turn[]
  at: string
}

function Grid({
  pattern: p,
  days,
  disabled,
  set,
}: {
  pattern: Pattern
  days: Day[]
  disabled: boolean
  set: (key: string, turns: Turn[]) => void
}) {
  const { t, n } = useI18n()
  const shown = (x: { id: string; name: Pattern['shifts'][number]['name'] }) => n(x.name) || x.id
  return (
    <div className="tablebox rota-grid">
      <table className="data">
        <caption className="hidden-text">{t('calendars.rota')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('calendars.dayHead')}</th>
            {p.shifts.map((s) => (
              <th key={s.id} scope="col">
                {shown(s)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.map((d) => (
            <tr key={d.key}>
              <th scope="row" className="nowrap">
                {d.label}
                <FaultText at={d.at} />
              </th>
              {p.shifts.map((s) => {
                const now = worked(d.turns, s.id)
                const label = `${d.label} · ${shown(s)}`
                return (
                  <td key={s.id}>
                    {p.crews.length === 0 ? (
                      <input
                        type="checkbox"
                        aria-label={label}
                        disabled={disabled}
                        checked={now !== undefined}
                        onChange={(e) => set(d.key, turned(d.turns, s.id, e.target.checked ? '' : undefined))}
                      />
                    ) : (
                      <select
                        aria-label={label}
                        disabled={disabled}
                        value={now === undefined ? 'off' : `crew:${now}`}
                        className={now === undefined ? 'is-off' : undefined}
                        onChange={(e) => {
                          const v = e.target.value
                          set(d.key, turned(d.turns, s.id, v === 'off' ? undefined : v.slice('crew:'.length)))
                        }}
                      >
                        <option value="off">–</option>
                        <option value="crew:">{t('calendars.noCrew')}</option>
                        {p.crews.map((c) => (
                          <option key={c.id} value={`crew:${c.id}`}>
                            {shown(c)}
                          </option>
                        ))}
                      </select>
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
