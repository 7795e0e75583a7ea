import { LinkOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useHref, useLinkClickHandler } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'

/** ConnectButton leads to the connect wizard, for those who may use it. */
export function ConnectButton({ primary = true }: { primary?: boolean }) {
  const { at, may } = useHere()
  const { t } = useI18n()
  const to = at('connect')
  const href = useHref(to)
  const go = useLinkClickHandler(to)
  if (!may('configure')) return null
  return (
    <Button
      type={primary ? 'primary' : 'default'}
      href={href}
      icon={<LinkOutlined aria-hidden />}
      onClick={(e) => go(e as React.MouseEvent<HTMLAnchorElement>)}
    >
      {t('wizard.connect')}
    </Button>
  )
}
