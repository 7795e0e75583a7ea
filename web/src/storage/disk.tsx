import type { Disk } from '../api/types'
import { bytes, whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { percent } from '../scale/percent'
import { Age } from '../ui/age'
import { Figure } from '../ui/figure'
import { Answer } from '../ui/states'
import { useDisk } from './queries'
import { used } from './terms'

const tagOf = { fine: 'good', warn: 'warning', urgent: 'error' } as const

/** DiskPanel is how full the disk is, how long it lasts, and what the last sweep did. */
export function DiskPanel() {
  const { t } = useI18n()
  const disk = useDisk()
  return (
    <section className="panel" aria-label={t('storage.disk')}>
      <header>
        <h2>{t('storage.disk')}</h2>
        {disk.data && <span className={`tag ${tagOf[disk.data.state]}`}>{t(`storage.state.${disk.data.state}`)}</span>}
      </header>
      <Answer query={disk} rows={3}>
        {(d) => (
          <div className="body stack">
            <Room disk={d} />
            <Swept disk={d} />
          </div>
        )}
      </Answer>
    </section>
  )
}

function Room({ disk: d }: { disk: Disk }) {
  const { t, lang } = useI18n()
  const share = used(d)
  return (
    <>
      <div
        className={`bar-line room is-${d.state}`}
        role="img"
        aria-label={t('storage.usedLabel', { share: percent(lang, share) })}
      >
        <i style={{ width: `${Math.max(0.5, share * 100)}%` }} />
      </div>
      <dl className="figures">
        <Figure word="storage.bytes">
          {bytes(lang, d.bytes)} <small>{percent(lang, share)}</small>
        </Figure>
        <div>
          <dt>{d.budget > 0 ? t('storage.budget') : t('storage.free')}</dt>
          <dd>
            {bytes(lang, d.budget > 0 ? d.budget : d.free)}{' '}
            {d.budget > 0 && <small>{t('storage.freeToo', { free: bytes(lang, d.free) })}</small>}
          </dd>
        </div>
        <Figure word="storage.growth">
          {d.perDay > 0 ? (
            <>
              {bytes(lang, d.perDay)} <small>{t('storage.perDay')}</small>
            </>
          ) : (
            <small>{t('storage.notGrowing')}</small>
          )}
        </Figure>
        <Figure word="storage.lasts">
          {d.daysLeft === undefined ? (
            <small>{t('storage.lastsUnknown')}</small>
          ) : d.daysLeft >= 3650 ? (
            t('storage.overTenYears')
          ) : (
            t('storage.days', { n: whole(lang, Math.floor(d.daysLeft)) })
          )}
        </Figure>
      </dl>
      {d.state !== 'fine' && <p className="muted">{t('storage.mend')}</p>}
    </>
  )
}

function Swept({ disk: { swept } }: { disk: Disk }) {
  const { t, lang } = useI18n()
  if (!swept) return <p className="muted">{t('storage.notSwept')}</p>
  const at = millis(swept.at)
  return (
    <p className="muted">
      {t('storage.swept', { time: dateTime(at) })} (<Age of={at} />){' · '}
      {swept.rows > 0
        ? t('storage.sweptRows', { rows: whole(lang, swept.rows), bytes: bytes(lang, swept.bytes) })
        : t('storage.sweptNothing', { n: whole(lang, swept.series) })}
      {swept.kept > 0 && ` · ${t('storage.sweptKept', { n: whole(lang, swept.kept) })}`}
    </p>
  )
}
