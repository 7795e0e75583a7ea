import { Button, Input, Popover, Segmented } from 'antd'
import { useState } from 'react'

import { dateTime, fromLocalInput, toLocalInput } from '../format/time'
import { durationMillis } from '../format/duration'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { longest, presets, type HealthSpan } from './span'

/** SpanPicker chooses a span that moves with the time, or a fixed one. */
export function SpanPicker({ span, onSpan }: { span: HealthSpan; onSpan: (span: HealthSpan) => void }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const fixed = 'from' in span
  return (
    <>
      <Segmented
        aria-label={t('health.span')}
        value={fixed ? '' : span.last}
        onChange={(last) => onSpan({ last })}
        options={presets.map((value) => ({ value, label: t(`health.last.${value}`) }))}
      />
      <Popover
        trigger="click"
        open={open}
        onOpenChange={setOpen}
        destroyOnHidden
        content={
          <Bounds
            span={span}
            onSpan={(s) => {
              setOpen(false)
              onSpan(s)
            }}
          />
        }
      >
        <Button type={fixed ? 'primary' : 'default'} ghost={fixed}>
          {fixed ? t('health.fixed', { from: dateTime(span.from), to: dateTime(span.to) }) : t('health.other')}
        </Button>
      </Popover>
    </>
  )
}

function Bounds({ span, onSpan }: { span: HealthSpan; onSpan: (span: HealthSpan) => void }) {
  const { t } = useI18n()
  const [now] = useState(nodeNow)
  const [from, setFrom] = useState(toLocalInput('from' in span ? span.from : now - durationMillis(span.last)))
  const [to, setTo] = useState(toLocalInput('from' in span ? span.to : now))
  const [a, b] = [fromLocalInput(from), fromLocalInput(to)]
  const fits = b > a && b - a <= longest && a < now
  return (
    <form
      className="stack"
      style={{ maxWidth: 240 }}
      onSubmit={(e) => {
        e.preventDefault()
        if (fits) onSpan({ from: a, to: Math.min(b, now) })
      }}
    >
      <label>
        {t('health.from')}
        <Input type="datetime-local" step={1} value={from} onChange={(e) => setFrom(e.target.value)} />
      </label>
      <label>
        {t('health.to')}
        <Input
          type="datetime-local"
          step={1}
          value={to}
          status={fits ? undefined : 'error'}
          onChange={(e) => setTo(e.target.value)}
        />
      </label>
      <p className="muted">
        <small>{t('health.otherHelp')}</small>
      </p>
      <Button type="primary" htmlType="submit" disabled={!fits}>
        {t('health.apply')}
      </Button>
    </form>
  )
}
