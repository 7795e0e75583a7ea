import { runsNode } from '../backups/run'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Policies } from '../support/policies'
import { PageHead } from '../ui/page'

/** PoliciesPage is the library of policies inside an organisation. */
export function PoliciesPage() {
  const { org, at, me, orgs } = useHere()
  const { t, n } = useI18n()
  return (
    <>
      <PageHead title={t('support.library')} crumbs={[{ label: n(org.name), to: at() }]} />
      <Policies operator={runsNode(me, orgs)} />
    </>
  )
}
