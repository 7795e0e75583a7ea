import { PlusOutlined } from '@ant-design/icons'
import { Button, InputNumber, Select } from 'antd'
import { useMemo, useState } from 'react'

import { useI18n } from '../i18n'
import { ClockInput } from './clockinput'
import { addPattern, replaced, type Draft } from './draft'
import { ExceptionsForm } from './exceptionsform'
import { FaultText, useFault } from './faults'
import { PatternForm } from './patternform'
import { known } from './zone'

export interface EditorProps {
  draft: Draft
  change: (d: Draft) => void
  /** A date by the plant's clock to begin something new with. */
  today: string
  disabled: boolean
}

/** Editor changes a definition: zone and day, the patterns of shifts, and the days that do not follow them. */
export function Editor({ draft, change, today, disabled }: EditorProps) {
  const { t } = useI18n()
  const [at, setAt] = useState(draft.patterns.length - 1)
  const index = Math.min(Math.max(at, 0), draft.patterns.length - 1)
  const pattern = draft.patterns[index]
  const add = () => {
    change(addPattern(draft, today))
    setAt(draft.patterns.length)
  }
  return (
    <>
      <section className="panel" aria-label={t('calendars.day')}>
        <header>
          <h2>{t('calendars.day')}</h2>
        </header>
        <div className="body">
          <DayFields draft={draft} change={change} disabled={disabled} />
        </div>
      </section>
      <section className="panel" aria-label={t('calendars.patterns')}>
        <header>
          <h2>{t('calendars.patterns')}</h2>
          <div className="actions">
            {draft.patterns.length > 1 && (
              <Select
                size="small"
                aria-label={t('calendars.pattern')}
                value={index}
                onChange={setAt}
                popupMatchSelectWidth={false}
                options={draft.patterns.map((p, i) => ({
                  value: i,
                  label: p.from ? t('calendars.fromDate', { date: p.from }) : t('calendars.sinceEver'),
                }))}
              />
            )}
            {!disabled && (
              <Button
                size="small"
                icon={<PlusOutlined aria-hidden />}
                onClick={add}
                title={t('calendars.addPatternHelp')}
              >
                {t(draft.patterns.length === 0 ? 'calendars.addFirst' : 'calendars.addPattern')}
              </Button>
            )}
          </div>
        </header>
        <div className="body">
          {pattern ? (
            <PatternForm
              key={index}
              at={`patterns[${index}]`}
              pattern={pattern}
              first={index === 0}
              today={today}
              disabled={disabled}
              change={(p) => change({ ...draft, patterns: replaced(draft.patterns, index, p) })}
              remove={
                draft.patterns.length > 1
                  ? () => change({ ...draft, patterns: replaced(draft.patterns, index) })
                  : undefined
              }
            />
          ) : (
            <p className="muted">{t('calendars.noShifts')}</p>
          )}
        </div>
      </section>
      <ExceptionsForm
        list={draft.exceptions}
        pattern={draft.patterns.at(-1)}
        today={today}
        disabled={disabled}
        change={(exceptions) => change({ ...draft, exceptions })}
      />
    </>
  )
}

/** useZones are the zones that the browser knows, as choices. */
export function useZones(now: string): { value: string; label: string }[] {
  return useMemo(
    () =>
      [...new Set(['Asia/Shanghai', 'UTC', ...Intl.supportedValuesOf('timeZone'), ...(known(now) ? [now] : [])])].map(
        (value) => ({ value, label: value }),
      ),
    [now],
  )
}

function DayFields({ draft, change, disabled }: Omit<EditorProps, 'today'>) {
  const { t } = useI18n()
  const zones = useZones(draft.zone)
  const zoneFault = useFault('zone')
  return (
    <div className="formgrid calendar-day">
      <label>
        <span>{t('calendars.zone')}</span>
        <Select
          showSearch
          disabled={disabled}
          aria-label={t('calendars.zone')}
          status={zoneFault === undefined ? undefined : 'error'}
          value={draft.zone}
          options={zones}
          onChange={(zone) => change({ ...draft, zone })}
        />
        <FaultText at="zone" />
      </label>
      <label>
        <span>{t('calendars.dayStart')}</span>
        <ClockInput
          disabled={disabled}
          label={t('calendars.dayStart')}
          value={draft.dayStart}
          change={(dayStart) => change({ ...draft, dayStart: dayStart || '00:00' })}
        />
        <small className="muted">{t('calendars.dayStartHelp')}</small>
        <FaultText at="dayStart" />
      </label>
      <label>
        <span>{t('calendars.monthStart')}</span>
        <InputNumber
          min={1}
          max={28}
          precision={0}
          disabled={disabled}
          value={draft.monthStart}
          onChange={(day) => change({ ...draft, monthStart: day ?? 1 })}
          style={{ width: '100%' }}
        />
        <small className="muted">{t('calendars.monthStartHelp')}</small>
        <FaultText at="monthStart" />
      </label>
    </div>
  )
}
