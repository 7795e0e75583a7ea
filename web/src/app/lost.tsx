import { Button } from 'antd'
import { Link, useRouteError } from 'react-router'

import { Problem } from '../api/problem'
import { useI18n } from '../i18n'
import { Blank, Fault } from '../ui/states'

/** NotFound stands for an address that leads nowhere; `framed` where it stands inside a page's frame. */
export function NotFound({ framed }: { framed?: boolean }) {
  const { t } = useI18n()
  const text = (
    <Blank page title={t('notFound.title')} actions={<Link to="/">{t('notFound.home')}</Link>}>
      {t('notFound.text')}
    </Blank>
  )
  return framed ? text : <main>{text}</main>
}

/** Crash stands where a page broke. A page file that is not there any more means that the node was updated. */
export function Crash({ framed }: { framed?: boolean }) {
  const error = useRouteError()
  const { t } = useI18n()
  const reload = () => location.reload()
  const text =
    error instanceof Problem ? (
      <Fault problem={error} retry={reload} />
    ) : (
      <Blank page title={t('crash.title')} actions={<Button onClick={reload}>{t('crash.reload')}</Button>}>
        {t('crash.text')} <code>{error instanceof Error ? error.message : String(error)}</code>
      </Blank>
    )
  return framed ? text : <main>{text}</main>
}
