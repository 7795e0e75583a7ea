import { QuestionCircleOutlined } from '@ant-design/icons'
import { Tooltip } from 'antd'

import type { Census } from '../api/types'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { percent } from './percent'

/** Rates shows each rate with what it is made of; what cannot be given says why. */
export function Rates({ rates }: { rates: Census['rates'] }) {
  const { t, n, lang } = useI18n()
  return (
    <section className="panel" aria-label={t('scale.rates')}>
      <header>
        <h2>{t('scale.rates')}</h2>
      </header>
      <ul className="rates">
        {rates.map((r) => (
          <li key={r.id}>
            <div className="row">
              <span className="muted grow">{n(r.name)}</span>
              <Tooltip
                title={n(r.definition)}
                trigger={['hover', 'focus', 'click']}
                styles={{ root: { maxWidth: 360 } }}
              >
                <button type="button" className="plain muted" aria-label={t('scale.definition', { name: n(r.name) })}>
                  <QuestionCircleOutlined aria-hidden />
                </button>
              </Tooltip>
            </div>
            {r.missing ? (
              <>
                <div className="figure muted">{t('scale.notGiven')}</div>
                <p className="muted">{n(r.missing)}</p>
              </>
            ) : (
              <>
                <div className="figure">{r.value === undefined ? '–' : percent(lang, r.value)}</div>
                <div className="bar-line" aria-hidden="true">
                  <i style={{ width: `${(r.value ?? 0) * 100}%` }} />
                </div>
                <p className="muted">
                  {r.value === undefined
                    ? t('scale.nothing')
                    : t('scale.of', { part: whole(lang, r.numerator ?? 0), all: whole(lang, r.denominator ?? 0) })}
                </p>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
