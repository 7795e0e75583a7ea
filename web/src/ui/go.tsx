import { Button, type ButtonProps } from 'antd'
import type { ReactNode } from 'react'
import { useHref, useLinkClickHandler } from 'react-router'

/** Go is a link to a page that looks like the button it is for. */
export function Go({
  to,
  type = 'primary',
  children,
}: {
  to: string
  type?: ButtonProps['type']
  children: ReactNode
}) {
  return (
    <Button type={type} href={useHref(to)} onClick={useLinkClickHandler(to)}>
      {children}
    </Button>
  )
}
