import { Button } from 'antd'
import { useState } from 'react'

import { del } from '../api/client'
import type { BackupJob } from '../api/types'
import { shortDuration } from '../format/duration'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { percent } from '../scale/percent'
import { useConfirm } from '../ui/confirm'
import { Figure } from '../ui/figure'
import { backupKeys } from './keys'
import { note, paceOf, wanted, type Seen } from './run'

/** Running shows a backup under way: how much of how much, how fast, how long yet. `at` is when the figures came. */
export function Running({ job, at }: { job: BackupJob; at: number }) {
  const { t, lang } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const seen = useSeen({ at, done: Number(job.done) })
  const pace = paceOf(job, seen)
  const cancel = () =>
    confirm({
      title: t('backups.cancelAsk'),
      text: t('backups.cancelText'),
      ok: t('backups.cancel'),
      work: async () => {
        await del(`/backups/${job.id}`)
        await refreshed(backupKeys.list())
      },
    })
  return (
    <section className="panel" aria-label={t('backups.running')}>
      <header>
        <h2>{t('backups.running')}</h2>
        <span className="tag info">{t(job.status === 'queued' ? 'backups.queued' : 'backups.working')}</span>
        <div className="actions">
          <Button size="small" danger onClick={cancel}>
            {t('backups.cancel')}
          </Button>
        </div>
      </header>
      <div className="body stack">
        <p>
          <code>{wanted(job).to}</code>
        </p>
        <div
          className="bar-line"
          role="progressbar"
          aria-label={t('backups.progress')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={pace.share === undefined ? undefined : Math.floor(pace.share * 100)}
        >
          <i style={{ width: `${(pace.share ?? 0) * 100}%` }} />
        </div>
        <dl className="figures">
          <Figure word="backups.done">
            {bytes(lang, pace.done)}{' '}
            {pace.total > 0 && (
              <small>
                / {bytes(lang, pace.total)} · {percent(lang, pace.share ?? 0)}
              </small>
            )}
          </Figure>
          <Figure word="backups.rate">
            {pace.bytesPerSecond === undefined ? '–' : `${bytes(lang, pace.bytesPerSecond)}/s`}
          </Figure>
          <Figure word="backups.left">
            {pace.secondsLeft === undefined ? '–' : shortDuration(Math.ceil(pace.secondsLeft) * 1000)}
          </Figure>
        </dl>
      </div>
    </section>
  )
}

// What was seen of the last seconds; it is noted while rendering, as it follows from what is shown.
function useSeen(next: Seen): readonly Seen[] {
  const [seen, setSeen] = useState<readonly Seen[]>([])
  const noted = note(seen, next)
  if (noted !== seen) setSeen(noted)
  return noted
}
