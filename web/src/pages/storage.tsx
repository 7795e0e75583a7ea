import '../storage/storage.css'

import { Link } from 'react-router'

import { useHere } from '../app/org'
import { runsNode } from '../backups/run'
import { useI18n } from '../i18n'
import { Assignments } from '../storage/assignments'
import { Classes } from '../storage/classes'
import { DiskPanel } from '../storage/disk'
import { DuePanel } from '../storage/due'
import { Holds } from '../storage/holds'
import { useRules } from '../storage/queries'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'

/** StoragePage tells how full the disk is, and how long samples are kept: by which classes, and what is held. */
export function StoragePage() {
  const { org, at, me, orgs } = useHere()
  const { t, n } = useI18n()
  const rules = useRules(org.id)
  return (
    <>
      <PageHead title={t('storage.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {runsNode(me, orgs) && <Link to={at('backups')}>{t('backups.title')}</Link>}
      </PageHead>
      <div className="stack">
        <DiskPanel />
        <Answer query={rules} rows={8}>
          {(r) => (
            <>
              <DuePanel rules={r} />
              <Classes rules={r} />
              <Assignments rules={r} />
              <Holds rules={r} />
            </>
          )}
        </Answer>
      </div>
    </>
  )
}
