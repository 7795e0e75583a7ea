import { DeleteOutlined } from '@ant-design/icons'
import { Button, Input } from 'antd'
import type { ReactNode } from 'react'

import { FaultText, useFault } from './faults'

interface Props {
  /** The word of its column. */
  title: string
  /** What it is called where the column is not seen. */
  label: string
  disabled: boolean
}

/** FieldCell is a cell with a field and what is wrong with it. */
export function FieldCell({ title, at, children }: { title: string; at: string[]; children: ReactNode }) {
  return (
    <td data-label={title}>
      <span>
        {children}
        {at.map((x) => (
          <FaultText key={x} at={x} />
        ))}
      </span>
    </td>
  )
}

/** TextCell is a cell for a short text, or for a day. */
export function TextCell({
  title,
  label,
  disabled,
  at,
  type,
  lang,
  value,
  change,
}: Props & {
  at: string[]
  type?: 'date'
  lang?: string
  value: string
  change: (value: string) => void
}) {
  const fault = useFault(at[0] ?? '')
  return (
    <FieldCell title={title} at={at}>
      <Input
        type={type}
        lang={lang}
        size="small"
        maxLength={60}
        disabled={disabled}
        status={fault === undefined ? undefined : 'error'}
        aria-label={label}
        value={value}
        onChange={(e) => change(e.target.value)}
      />
    </FieldCell>
  )
}

/** RemoveCell is the last cell of a row: its way out. */
export function RemoveCell({ label, disabled, remove }: Omit<Props, 'title'> & { remove: () => void }) {
  return (
    <td data-label="">
      {!disabled && (
        <Button size="small" type="text" icon={<DeleteOutlined aria-hidden />} aria-label={label} onClick={remove} />
      )}
    </td>
  )
}
