import { Link } from 'react-router'

import { useHere } from '../app/org'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import type { Known } from './queries'

/** valueOf is a fact's value as people read it. */
export function useFactValue(): (k: Known) => string {
  const { t } = useI18n()
  return (k) => {
    if (k.flag !== undefined) return t(k.flag ? 'checkup.yes' : 'checkup.no')
    if (k.part !== undefined && k.of !== undefined) {
      const share = k.of > 0 ? ` = ${((100 * k.part) / k.of).toFixed(1).replace(/\.0$/, '')} %` : ''
      return `${String(k.part)} / ${String(k.of)}${share}`
    }
    return `${k.number ?? ''}${k.unit ? ` ${k.unit === 'd' ? t('checkup.days') : k.unit === 'min' ? t('checkup.minutes') : k.unit}` : ''}`
  }
}

/** Measured tells what the plant shows, and leads down to the machines and series that it rests on. */
export function Measured({
  facts,
  links = true,
  children,
}: {
  facts: Known[]
  links?: boolean
  children?: React.ReactNode
}) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const value = useFactValue()
  if (facts.length === 0) return null
  return (
    <div className="measuredbox">
      {facts.map((k) => (
        <div key={k.key}>
          <strong>
            {t('checkup.measured')} {value(k)}
          </strong>{' '}
          <span className="tag good">E3</span>
          <div className="muted">
            {n(k.text)}（{date(millis(k.from))} – {date(millis(k.to))}）
          </div>
          <details>
            <summary>{t('checkup.rests', { n: k.rests.length + (k.more ?? 0) })}</summary>
            <ul>
              {k.rests.map((r) => (
                <li key={r.id}>
                  {links ? <Link to={at(`m/${r.machine ?? r.id}`)}>{n(r.name)}</Link> : n(r.name)}{' '}
                  <span className={r.counts ? 'tag good' : 'tag'}>
                    {t(r.counts ? 'checkup.counts' : 'checkup.countsNot')}
                  </span>{' '}
                  {r.days !== undefined && r.days > 0 && (
                    <span className="muted">{t('checkup.restDays', { n: r.days })}</span>
                  )}
                </li>
              ))}
            </ul>
          </details>
        </div>
      ))}
      {children}
    </div>
  )
}
