import { Link } from 'react-router'

import { useHere } from '../app/org'
import { useFilters } from '../fields/address'
import { useI18n } from '../i18n'
import { Search } from '../search/found'
import { facets, whereTo } from '../search/queries'
import { PageHead } from '../ui/page'

/** SearchPage finds entries, cases, facts and measures that the person may see. */
export function SearchPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const filters = useFilters(['q', ...facets])
  return (
    <>
      <PageHead title={t('search.title')} crumbs={[{ label: n(org.name), to: at() }]} />
      <Search
        of="search"
        filters={filters}
        title={(h, name) => {
          const to = whereTo(h)
          return to ? <Link to={at(to)}>{name}</Link> : <span>{name}</span>
        }}
      />
    </>
  )
}
