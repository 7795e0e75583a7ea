import { InfoCircleOutlined, WarningFilled } from '@ant-design/icons'
import type { ReactNode } from 'react'

/** Consequence says in a dialog what will be gone, and when; it is told anew when it changes. */
export function Consequence({ takes, children }: { takes?: boolean; children: ReactNode }) {
  return (
    <p className={takes ? 'consequence takes' : 'consequence'} role="status">
      {takes ? <WarningFilled aria-hidden /> : <InfoCircleOutlined aria-hidden />}
      <span>{children}</span>
    </p>
  )
}
