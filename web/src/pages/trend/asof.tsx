import { HistoryOutlined } from '@ant-design/icons'
import { Button, Input, Slider } from 'antd'
import { useEffect, useState } from 'react'

import { dateTime, fromLocalInput, toLocalInput, zone } from '../../format/time'
import { useI18n } from '../../i18n'
import { useSecond } from '../../live/clock'
import { iso } from '../../trend/csv'
import type { Interval } from '../../trend/segments'

interface Props {
  span: Interval
  asOf: string | undefined
  onAsOf: (asOf: string | undefined) => void
  close: () => void
}

/** AsOf chooses the time of knowledge: from the span's begin, before which nothing of it was known, to now. */
export function AsOf({ span, asOf, onAsOf, close }: Props) {
  const { t } = useI18n()
  const now = useSecond()
  const from = Math.floor(Math.min(span.from, now) / 1000) * 1000
  const held = asOf === undefined ? now : Date.parse(asOf)
  const [moving, setMoving] = useState<number>()
  const [text, setText] = useState<string>()
  const at = Math.min(now, Math.max(from, moving ?? held))
  // A held key moves the handle many times a second; the node is asked when it rests.
  useEffect(() => {
    if (moving === undefined) return
    const timer = setTimeout(() => {
      setMoving(undefined)
      onAsOf(moving >= now - 1000 ? undefined : iso(moving))
    }, 250)
    return () => clearTimeout(timer)
    // Only what was moved: the clock goes on by itself.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [moving])
  const typed = (value: string) => {
    setText(value)
    const ms = fromLocalInput(value)
    if (Number.isFinite(ms) && ms > 0 && ms <= now) onAsOf(iso(ms))
  }
  return (
    <div className="asof" role="group" aria-label={t('trends.asOf')}>
      <label htmlFor="trends-asof">{t('trends.asOf')}</label>
      <Slider
        min={from}
        max={now}
        step={1000}
        value={at}
        onChange={(v) => {
          setText(undefined)
          setMoving(v)
        }}
        tooltip={{ formatter: (v) => dateTime(v ?? 0) }}
        ariaLabelForHandle={t('trends.asOf')}
        ariaValueTextFormatterForHandle={(v) => dateTime(v)}
      />
      <Input
        id="trends-asof"
        size="small"
        type="datetime-local"
        step="1"
        style={{ width: 236 }}
        value={text ?? toLocalInput(at)}
        max={toLocalInput(now)}
        onChange={(e) => typed(e.target.value)}
        onBlur={() => setText(undefined)}
      />
      <Button
        size="small"
        onClick={() => {
          onAsOf(undefined)
          close()
        }}
      >
        {t('trends.asOfNow')}
      </Button>
    </div>
  )
}

/** AsOfBanner says, as long as it is so, that what is shown is not what is known now. */
export function AsOfBanner({ asOf, onReset }: { asOf: string; onReset: () => void }) {
  const { t } = useI18n()
  return (
    <div className="asof-banner" role="status">
      <HistoryOutlined aria-hidden />
      <span className="grow">
        <strong>{t('trends.asOfAt', { time: dateTime(Date.parse(asOf)) })}</strong>{' '}
        <span className="muted">
          {t('trends.asOfHelp')} {zone()}
        </span>
      </span>
      <Button size="small" onClick={onReset}>
        {t('trends.asOfNow')}
      </Button>
    </div>
  )
}
