import { Outlet } from 'react-router'

import { useI18n } from '../i18n'
import { useWays } from '../join/queries'

/** Everywhere is what stands above every page: on a node that rehearses or demonstrates, that its records are no real ones. */
export function Everywhere() {
  const ways = useWays()
  const { t } = useI18n()
  return (
    <>
      {ways.data?.rehearsal && (
        <aside className="rehearsal" aria-label={t('rehearsal.title')}>
          <strong>{t('rehearsal.title')}</strong>
          <span className="cut">{t('rehearsal.note')}</span>
        </aside>
      )}
      {ways.data?.demo && !ways.data.rehearsal && (
        <aside className="rehearsal demo" aria-label={t('demo.title')}>
          <strong>{t('demo.title')}</strong>
          <span className="cut">{t('demo.note')}</span>
        </aside>
      )}
      <Outlet />
    </>
  )
}
