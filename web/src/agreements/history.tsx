import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Answer } from '../ui/states'
import { Leaves } from './marks'
import { useActs, useVersions, type Agreement } from './queries'
import { changedParts, sideKey } from './words'

/** HistoryPanel is each version with what it changed, and who accepted or ended the agreement. */
export function HistoryPanel({ of: a }: { of: Agreement }) {
  const { t, n, lang } = useI18n()
  const versions = useVersions(a.id)
  const acts = useActs(a.id)
  return (
    <section className="panel" aria-label={t('agreements.history')}>
      <header>
        <h2>{t('agreements.history')}</h2>
      </header>
      <Answer query={versions} rows={3}>
        {(list) => (
          <ol className="body stack history">
            {[...list].reverse().map((v, i) => {
              const before = list[list.length - 2 - i]
              const changes = before ? changedParts(v, before).map((p) => t(`agreements.part.${p}`)) : []
              return (
                <li key={v.version}>
                  <details>
                    <summary>
                      <b>{t('agreements.version', { n: v.version })}</b>{' '}
                      {v.version === a.version && <span className="tag info">{t('agreements.standing')}</span>}{' '}
                      {changes.length > 0 && (
                        <span className="muted">
                          {t('agreements.changes', { list: changes.join(lang === 'zh' ? '、' : ', ') })}
                        </span>
                      )}
                    </summary>
                    <Leaves of={v} taker={n(a.taker.name)} />
                  </details>
                  <ul className="plainlist dots small">
                    {(acts.data ?? [])
                      .filter((x) => x.version === v.version)
                      .map((x) => (
                        <li key={x.id}>
                          {t(`agreements.act.${x.act}`, { side: t(sideKey[x.side]), version: x.version })}
                          <span className="muted">
                            {' '}
                            · {x.by} · {dateTime(millis(x.at))}
                            {x.reason && <> · {x.reason}</>}
                          </span>
                        </li>
                      ))}
                  </ul>
                </li>
              )
            })}
          </ol>
        )}
      </Answer>
    </section>
  )
}
