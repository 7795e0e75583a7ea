import { Button } from 'antd'
import { Link, useRouteError } from 'react-router'

import { Problem } from '../api/problem'
import { useI18n } from '../i18n'
import { Blank, Fault } from '../ui/states'

export function NotFound() {
  const { t } = useI18n()
  return (
    <main>
      <Blank title={t('notFound.title')} actions={<Link to="/">{t('notFound.home')}</Link>}>
        {t('notFound.text')}
      </Blank>
    </main>
  )
}

/** Crash stands where a page broke. A page file that is not there any more means that the node was updated. */
export function Crash() {
  const error = useRouteError()
  const { t } = useI18n()
  if (error instanceof Problem) {
    return (
      <main>
        <Fault problem={error} retry={() => location.reload()} />
      </main>
    )
  }
  return (
    <main>
      <Blank title={t('crash.title')} actions={<Button onClick={() => location.reload()}>{t('crash.reload')}</Button>}>
        {t('crash.text')} <code>{error instanceof Error ? error.message : String(error)}</code>
      </Blank>
    </main>
  )
}
