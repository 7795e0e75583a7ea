import { Input } from 'antd'
import { useState } from 'react'

import { clockOf } from './draft'

/** ClockInput takes a time of day by 24 hours, whatever the browser's own habit: 8, 8:00, 0800 and 08:00 are the same. */
export function ClockInput({
  value,
  change,
  label,
  disabled,
  small,
}: {
  value: string
  change: (value: string) => void
  label: string
  disabled: boolean
  small?: boolean
}) {
  // What is being typed; undefined while nobody does.
  const [typed, setTyped] = useState<string>()
  return (
    <Input
      size={small ? 'small' : undefined}
      className="clock"
      inputMode="numeric"
      maxLength={5}
      placeholder="08:00"
      disabled={disabled}
      aria-label={label}
      value={typed ?? value}
      onChange={(e) => {
        const text = e.target.value
        setTyped(text)
        if (/^\d\d:\d\d$/.test(text)) change(text)
      }}
      onBlur={() => {
        if (typed !== undefined) change(clockOf(typed))
        setTyped(undefined)
      }}
    />
  )
}
