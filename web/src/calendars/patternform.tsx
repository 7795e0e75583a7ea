import { PlusOutlined } from '@ant-design/icons'
import { Button, Input, InputNumber, Segmented } from 'antd'

import type { Text } from '../api/types'
import { useI18n } from '../i18n'
import {
  addShift,
  byCycle,
  byWeek,
  endAfter,
  freeId,
  lengthOf,
  minutesOf,
  replaced,
  withoutCrew,
  withoutShift,
  type Crew,
  type Pattern,
  type Shift,
} from './draft'
import { FieldCell, RemoveCell, TextCell } from './cells'
import { ClockInput } from './clockinput'
import { FaultText } from './faults'
import { Rota } from './rota'
import { addDays, weekday } from './zone'
import { DataTable } from '../ui/table'

interface Props {
  at: string
  pattern: Pattern
  first: boolean
  today: string
  disabled: boolean
  change: (p: Pattern) => void
  remove?: () => void
}

/** PatternForm changes the shifts and crews of a pattern, and who works when. */
export function PatternForm({ at, pattern: p, first, today, disabled, change, remove }: Props) {
  const { t } = useI18n()
  const mode = p.week ? 'week' : p.cycle ? 'cycle' : 'none'
  const setMode = (next: string) =>
    change(
      next === 'week'
        ? byWeek(p)
        : next === 'cycle'
          ? byCycle(p, addDays(today, -weekday(today)))
          : { ...p, week: undefined, cycle: undefined },
    )
  return (
    <div className="stack">
      {(!first || p.from !== undefined) && (
        <div className="row wrap">
          <label className="row">
            <span>{t('calendars.from')}</span>
            <Input
              type="date"
              size="small"
              disabled={disabled}
              value={p.from ?? ''}
              onChange={(e) => change({ ...p, from: e.target.value || undefined })}
              style={{ width: 150 }}
            />
          </label>
          {remove && !disabled && (
            <Button size="small" danger onClick={remove}>
              {t('calendars.removePattern')}
            </Button>
          )}
          <FaultText at={`${at}.from`} />
        </div>
      )}
      <Shifts at={at} pattern={p} disabled={disabled} change={change} />
      <Crews at={at} pattern={p} disabled={disabled} change={change} />
      {p.shifts.length > 0 && (
        <div className="stack">
          <div className="row wrap">
            <h3>{t('calendars.rota')}</h3>
            <Segmented
              size="small"
              disabled={disabled}
              aria-label={t('calendars.rota')}
              value={mode}
              onChange={setMode}
              options={[
                { value: 'week', label: t('calendars.byWeek') },
                { value: 'cycle', label: t('calendars.byCycle') },
                { value: 'none', label: t('calendars.byNothing') },
              ]}
            />
          </div>
          <Rota at={at} pattern={p} disabled={disabled} change={change} />
          <FaultText at={`${at}.week`} />
          <FaultText at={`${at}.cycle`} />
        </div>
      )}
      <FaultText at={at} />
    </div>
  )
}

type Part = Pick<Props, 'at' | 'pattern' | 'disabled' | 'change'>

function Shifts({ at, pattern: p, disabled, change }: Part) {
  const { t } = useI18n()
  return (
    <div className="stack tight">
      <div className="row wrap">
        <h3>{t('calendars.shifts')}</h3>
        {!disabled && (
          <Button
            size="small"
            icon={<PlusOutlined aria-hidden />}
            onClick={() => change(addShift(p, { zh: '', en: '' }))}
          >
            {t('calendars.addShift')}
          </Button>
        )}
      </div>
      {p.shifts.length > 0 && (
        <DataTable
          label={t('calendars.shifts')}
          className="cards roomy edits"
          columns={[
            'plant.nameZh',
            'plant.nameEn',
            'calendars.start',
            'calendars.end',
            'calendars.length',
            { hidden: 'actions' },
          ]}
        >
          <tbody>
            {p.shifts.map((s, i) => (
              <ShiftRow
                key={s.id}
                at={`${at}.shifts[${i}]`}
                no={i + 1}
                shift={s}
                disabled={disabled}
                change={(next) => change({ ...p, shifts: replaced(p.shifts, i, next) })}
                remove={() => change(withoutShift(p, s.id))}
              />
            ))}
          </tbody>
        </DataTable>
      )}
      <FaultText at={`${at}.shifts`} />
    </div>
  )
}

function ShiftRow({
  at,
  no,
  shift: s,
  disabled,
  change,
  remove,
}: {
  at: string
  no: number
  shift: Shift
  disabled: boolean
  change: (s: Shift) => void
  remove: () => void
}) {
  const { t, n } = useI18n()
  const label = (of: string) => `${of} · ${n(s.name) || no}`
  const length = lengthOf(s)
  return (
    <tr>
      <NameCells at={at} name={s.name} label={label} disabled={disabled} change={(name) => change({ ...s, name })} />
      <FieldCell title={t('calendars.start')} at={[`${at}.start`]}>
        <ClockInput
          small
          disabled={disabled}
          label={label(t('calendars.start'))}
          value={s.start}
          // A shift that is moved keeps its length.
          change={(start) =>
            change({
              ...s,
              start,
              end: Number.isFinite(length) && Number.isFinite(minutesOf(start)) ? endAfter(start, length) : s.end,
            })
          }
        />
      </FieldCell>
      <FieldCell title={t('calendars.end')} at={[`${at}.end`]}>
        <ClockInput
          small
          disabled={disabled}
          label={label(t('calendars.end'))}
          value={s.end}
          change={(end) => change({ ...s, end })}
        />
        {minutesOf(s.end) <= minutesOf(s.start) && <small className="muted nowrap"> {t('calendars.nextDay')}</small>}
      </FieldCell>
      <td data-label={t('calendars.length')}>
        <span className="row">
          <InputNumber
            size="small"
            min={0.25}
            max={24}
            step={1}
            disabled={disabled}
            aria-label={label(t('calendars.length'))}
            value={Number.isFinite(length) ? Math.round((length / 60) * 100) / 100 : null}
            onChange={(hours) =>
              hours !== null && s.start !== '' && change({ ...s, end: endAfter(s.start, Math.round(hours * 60)) })
            }
            style={{ width: 72 }}
          />
          <small className="muted nowrap">{t('calendars.hour')}</small>
        </span>
      </td>
      <RemoveCell label={label(t('calendars.removeShift'))} disabled={disabled} remove={remove} />
    </tr>
  )
}

function NameCells({
  at,
  name,
  label,
  disabled,
  change,
}: {
  at: string
  name: Text
  label: (of: string) => string
  disabled: boolean
  change: (name: Text) => void
}) {
  const { t } = useI18n()
  return (
    <>
      <TextCell
        title={t('plant.nameZh')}
        label={label(t('plant.nameZh'))}
        disabled={disabled}
        at={[`${at}.name`]}
        lang="zh-CN"
        value={name.zh ?? ''}
        change={(zh) => change({ ...name, zh })}
      />
      <TextCell
        title={t('plant.nameEn')}
        label={label(t('plant.nameEn'))}
        disabled={disabled}
        at={[]}
        lang="en"
        value={name.en ?? ''}
        change={(en) => change({ ...name, en })}
      />
    </>
  )
}

function Crews({ at, pattern: p, disabled, change }: Part) {
  const { t } = useI18n()
  const add = () => {
    const crew: Crew = { id: freeId(p.crews, 'crew'), name: { zh: '', en: '' } }
    change({ ...p, crews: [...p.crews, crew] })
  }
  return (
    <div className="stack tight">
      <div className="row wrap">
        <h3>{t('calendars.crews')}</h3>
        {!disabled && (
          <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={add}>
            {t('calendars.addCrew')}
          </Button>
        )}
        {p.crews.length === 0 && <small className="muted">{t('calendars.noCrews')}</small>}
      </div>
      {p.crews.length > 0 && (
        <DataTable
          label={t('calendars.crews')}
          className="cards roomy edits"
          columns={['plant.nameZh', 'plant.nameEn', { hidden: 'actions' }]}
        >
          <tbody>
            {p.crews.map((c, i) => (
              <CrewRow
                key={c.id}
                at={`${at}.crews[${i}]`}
                no={i + 1}
                crew={c}
                disabled={disabled}
                change={(next) => change({ ...p, crews: replaced(p.crews, i, next) })}
                remove={() => change(withoutCrew(p, c.id))}
              />
            ))}
          </tbody>
        </DataTable>
      )}
    </div>
  )
}

function CrewRow({
  at,
  no,
  crew: c,
  disabled,
  change,
  remove,
}: {
  at: string
  no: number
  crew: Crew
  disabled: boolean
  change: (c: Crew) => void
  remove: () => void
}) {
  const { t, n } = useI18n()
  const label = (of: string) => `${of} · ${n(c.name) || `${t('calendars.crew')} ${no}`}`
  return (
    <tr>
      <NameCells at={at} name={c.name} label={label} disabled={disabled} change={(name) => change({ ...c, name })} />
      <RemoveCell label={label(t('calendars.removeCrew'))} disabled={disabled} remove={remove} />
    </tr>
  )
}
