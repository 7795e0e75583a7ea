import { useEffect } from 'react'

import { LanguageTool, ThemeTool } from '../app/tools'
import { useFilters } from '../fields/address'
import { useI18n } from '../i18n'
import { Search } from '../search/found'
import { facets } from '../search/queries'
import { Weave } from '../ui/marks'
import '../cases/cases.css'

/** PublicSearch finds what is public, for anybody. */
export function PublicSearch() {
  const { t } = useI18n()
  const filters = useFilters(['q', ...facets])
  const title = t('search.public')
  useEffect(() => {
    document.title = `${title} · ${t('appName')}`
  }, [title, t])
  return (
    <div className="publicpage">
      <header className="row wrap">
        <Weave />
        <b>{t('appName')}</b>
        <span className="grow" />
        <LanguageTool />
        <ThemeTool />
      </header>
      <main>
        <h1>{title}</h1>
        <p className="muted">{t('search.publicHelp')}</p>
        <Search of="public" filters={filters} title={(_, name) => <span>{name}</span>} />
      </main>
    </div>
  )
}
