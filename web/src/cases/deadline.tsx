import { Tooltip } from 'antd'

import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import type { Deadline } from './queries'

/** DeadlineText says until when something is to be done, how many working days that are, and why it ends then. */
export function DeadlineText({ deadline: d, full }: { deadline: Deadline; full?: boolean }) {
  const { t, n } = useI18n()
  const left = d.workdaysLeft
  const tone = d.overdue ? 'tag error' : d.stopped ? 'tag' : left <= 1 ? 'tag warning' : 'tag info'
  const words = d.stopped
    ? t('cases.stopped')
    : d.overdue
      ? t('cases.overdueBy', { n: -left })
      : left === 0
        ? t('cases.dueToday')
        : t('cases.left', { n: left })
  const why = [
    d.counted && d.why ? t('cases.moved', { day: d.counted, why: n(d.why) }) : '',
    ...(d.through ?? []).map((x) => n(x)),
    (d.unknownYears ?? []).length > 0 ? t('cases.unknownYears', { years: (d.unknownYears ?? []).join('、') }) : '',
    d.basis ?? '',
  ].filter(Boolean)
  if (!full) {
    return (
      <Tooltip title={why.length > 0 ? why.join('；') : undefined}>
        <span className="duewords">
          <span className={tone}>{words}</span> <span className="nowrap">{d.last}</span>
          {d.counted && <span className="muted small nowrap"> {t('cases.movedShort')}</span>}
        </span>
      </Tooltip>
    )
  }
  return (
    <div className="deadline">
      <p>
        <strong>{n(d.name)}</strong> <span className={tone}>{words}</span>
      </p>
      <p>
        {t('cases.until', { day: d.last, role: n(d.roleName) })}{' '}
        <span className="muted">
          {t(`cases.length.${d.unit}`, { n: d.days })}，
          {t('cases.began', { day: dateTime(millis(d.began)).slice(0, 10) })}
        </span>
      </p>
      {why.map((x) => (
        <p key={x} className="muted small">
          {x}
        </p>
      ))}
    </div>
  )
}
