import { Link, Navigate } from 'react-router'

import { useMe, useOrgs } from '../api/queries'
import { useI18n } from '../i18n'
import { Blank, Bones, Fault } from '../ui/states'
import { lastOrg } from './org'

/** Home goes to the organisation that this browser looked at last, or to the first one. */
export function Home({ to = '' }: { to?: string }) {
  const me = useMe()
  const orgs = useOrgs()
  const { t } = useI18n()
  const problem = me.error ?? orgs.error
  if (problem && problem.status !== 401) {
    return (
      <main>
        <Fault
          problem={problem}
          retry={() => {
            void me.refetch()
            void orgs.refetch()
          }}
        />
      </main>
    )
  }
  if (!me.data || !orgs.data) return <Bones rows={8} />
  const seen = lastOrg()
  const mine = me.data.roles[0]?.org.id
  const org = orgs.data.find((o) => o.id === seen) ?? orgs.data.find((o) => o.id === mine) ?? orgs.data[0]
  if (!org) {
    return (
      <main>
        <Blank page title={t('org.none')} actions={<Link to="/join">{t('join.offer')}</Link>}>
          {t('org.noneHelp')}
        </Blank>
      </main>
    )
  }
  return <Navigate to={`/o/${org.id}${to && `/${to}`}`} replace />
}
