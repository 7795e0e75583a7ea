import type { BackupJob } from '../api/types'
import { shortDuration } from '../format/duration'
import { bytes, whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { Shape } from '../ui/marks'
import { DataTable } from '../ui/table'
import { outcomeOf, took, wanted } from './run'

const shape = { queued: 'ring', running: 'half', done: 'full', failed: 'cross', cancelled: 'ring' } as const
const colour = { queued: 'is-silent', running: 'is-waiting', done: 'is-good', failed: 'is-bad', cancelled: 'is-silent' }
const word: Record<BackupJob['status'], Key> = {
  queued: 'backups.queued',
  running: 'backups.working',
  done: 'backups.ok',
  failed: 'backups.failed',
  cancelled: 'backups.cancelled',
}

/** Runs lists the backups that were asked for, the latest first, with what each came to. */
export function Runs({ list }: { list: BackupJob[] }) {
  const { t } = useI18n()
  return (
    <DataTable
      label={t('backups.runs')}
      className="cards roomy"
      columns={['backups.begun', 'state', 'backups.to', 'backups.result', { num: 'backups.took' }, 'backups.by']}
    >
      <tbody>
        {list.map((job) => (
          <tr key={job.id}>
            <th scope="row" className="nowrap">
              {dateTime(millis(job.started ?? job.created))}
            </th>
            <td data-label={t('state')}>
              <span className={`state ${colour[job.status]}`}>
                <Shape of={shape[job.status]} />
                <span className="word">{t(word[job.status])}</span>
              </span>
            </td>
            <td data-label={t('backups.to')}>
              <code className="wraps">{wanted(job).to}</code>
            </td>
            <td data-label={t('backups.result')}>
              <Result job={job} />
            </td>
            <td data-label={t('backups.took')} className="num nowrap">
              {shortDuration(took(job))}
            </td>
            <td data-label={t('backups.by')}>{job.actor}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

function Result({ job }: { job: BackupJob }) {
  const { t, lang } = useI18n()
  const o = outcomeOf(job)
  if (job.status === 'failed') return <span className="is-bad wraps">{job.error}</span>
  if (!o) return <span className="muted">–</span>
  return (
    <span>
      {t('backups.came', { bytes: bytes(lang, o.bytes), files: whole(lang, o.files), written: bytes(lang, o.written) })}{' '}
      <code className="wraps">{o.snapshot}</code>
      {o.pruned && o.pruned.snapshots > 0 && (
        <span className="muted">
          {' '}
          · {t('backups.pruned', { n: whole(lang, o.pruned.snapshots), bytes: bytes(lang, o.pruned.bytes) })}
        </span>
      )}
      {o.damaged > 0 && (
        <>
          {' '}
          <span className="tag error">{t('backups.damaged', { n: whole(lang, o.damaged) })}</span>
        </>
      )}
    </span>
  )
}
