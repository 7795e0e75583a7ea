import '../storage/storage.css'

import { CloudDownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'

import { get } from '../api/client'
import type { BackupJob, Page } from '../api/types'
import { useHere } from '../app/org'
import { BackupDialog } from '../backups/dialog'
import { Guide } from '../backups/guide'
import { backupKeys } from '../backups/keys'
import { Running } from '../backups/running'
import { runs, runsNode, wanted } from '../backups/run'
import { Runs } from '../backups/runs'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'

/** BackupsPage is for those who run the node: it backs the node up, and says what that holds and how it comes back. */
export function BackupsPage() {
  const { org, orgs, me, at } = useHere()
  const { t, n } = useI18n()
  const crumbs = [{ label: n(org.name), to: at() }]
  if (!runsNode(me, orgs)) {
    const home = orgs.find((o) => o.home)
    return (
      <>
        <PageHead title={t('backups.title')} crumbs={crumbs} />
        <section className="panel">
          <Blank title={t('backups.notYours')}>
            {home ? t('backups.notYoursHelp', { name: n(home.name) }) : t('backups.notYoursElse')}
          </Blank>
        </section>
      </>
    )
  }
  return <Backups crumbs={crumbs} />
}

function Backups({ crumbs }: { crumbs: { label: string; to: string }[] }) {
  const { t } = useI18n()
  const [asking, setAsking] = useState(false)
  const list = useQuery({
    queryKey: backupKeys.list(),
    queryFn: async ({ signal }) => (await get<Page<BackupJob>>('/backups', { limit: 50 }, signal)).items ?? [],
    // A running one is watched closely, and the command line may begin one at any time.
    refetchInterval: (query) => (query.state.data?.some(runs) ? 1_000 : 10_000),
  })
  const running = list.data?.filter(runs) ?? []
  const start = (
    <Button
      type="primary"
      icon={<CloudDownloadOutlined aria-hidden />}
      disabled={running.length > 0}
      onClick={() => setAsking(true)}
    >
      {t('backups.start')}
    </Button>
  )
  const last = list.data?.find((j) => j.status === 'done') ?? list.data?.[0]
  return (
    <>
      <PageHead title={t('backups.title')} crumbs={crumbs}>
        {list.data && list.data.length > 0 && start}
      </PageHead>
      <div className="stack">
        {running.map((job) => (
          <Running key={job.id} job={job} at={list.dataUpdatedAt} />
        ))}
        <section className="panel" aria-label={t('backups.runs')}>
          <header>
            <h2>{t('backups.runs')}</h2>
          </header>
          <Answer
            query={list}
            empty={(x) =>
              x.length === 0 && (
                <Blank title={t('backups.none')} actions={start}>
                  {t('backups.noneHelp')}
                </Blank>
              )
            }
          >
            {(x) => <Runs list={x} />}
          </Answer>
        </section>
        <Guide folder={last ? wanted(last).to : ''} />
      </div>
      {asking && <BackupDialog last={last ? wanted(last) : undefined} close={() => setAsking(false)} />}
    </>
  )
}
