import { useEffect, type ReactNode } from 'react'
import { Link } from 'react-router'

import { useI18n } from '../i18n'

export interface Crumb {
  label: string
  to?: string
}

/** PageHead is the head of a page: where it stands, its name, and what can be done. It names the tab, too. */
export function PageHead({
  title,
  crumbs,
  after,
  children,
}: {
  title: string
  crumbs?: Crumb[]
  after?: ReactNode
  children?: ReactNode
}) {
  const { t } = useI18n()
  useEffect(() => {
    document.title = `${title} · ${t('appName')}`
  }, [title, t])
  return (
    <div className="pagehead">
      <div style={{ minWidth: 0 }}>
        {crumbs && crumbs.length > 0 && (
          <nav className="crumbs" aria-label={t('crumbs')}>
            <ol>
              {crumbs.map((c, i) => (
                <li key={i}>{c.to ? <Link to={c.to}>{c.label}</Link> : c.label}</li>
              ))}
            </ol>
          </nav>
        )}
        <div className="row wrap">
          <h1>{title}</h1>
          {after}
        </div>
      </div>
      {children && <div className="actions">{children}</div>}
    </div>
  )
}
