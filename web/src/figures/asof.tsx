import { Button, Input } from 'antd'

import { dateTime, fromLocalInput, millis, toLocalInput } from '../format/time'
import { useI18n } from '../i18n'

/** AsOf chooses the time as of which figures are shown; now where it is empty. */
export function AsOf({ value, onChange }: { value: string; onChange: (iso: string) => void }) {
  const { t } = useI18n()
  const shown = value ? toLocalInput(millis(value)) : ''
  return (
    <label className="row asoftime" title={t('figures.asOfHelp')}>
      {t('figures.asOf')}
      <Input
        type="datetime-local"
        step={1}
        value={shown}
        style={{ width: 'auto' }}
        onChange={(e) => {
          const ms = fromLocalInput(e.target.value)
          onChange(Number.isFinite(ms) ? new Date(ms).toISOString() : '')
        }}
      />
      {value && (
        <Button size="small" onClick={() => onChange('')}>
          {t('figures.now')}
        </Button>
      )}
    </label>
  )
}

/** AsSeen says that a page shows the past. */
export function AsSeen({ of }: { of: string }) {
  const { t } = useI18n()
  if (!of) return null
  return (
    <p className="banner warning" role="status">
      {t('figures.asSeen', { at: dateTime(millis(of)) })}
    </p>
  )
}
