import type { ReactNode } from 'react'

import { ageText } from '../ui/age'
import { useI18n } from '../i18n'
import { percent } from '../scale/percent'
import { lookOf } from './rows'

/** Coverage is a bar with its figure: colour and number say the same. */
export function Coverage({ share }: { share: number | undefined }) {
  const { t, lang } = useI18n()
  if (share === undefined) return <span className="muted">–</span>
  return (
    <span className={`coverage is-${lookOf(share)}`} title={t('health.coverageHelp')}>
      <span className="rail" aria-hidden>
        <i style={{ width: `${Math.max(share * 100, share > 0 ? 2 : 0)}%` }} />
      </span>
      <b>{percent(lang, share)}</b>
    </span>
  )
}

/** Score is a figure of 0 to 100. */
export function Score({ of }: { of: number | undefined }) {
  if (of === undefined) return <span className="muted">–</span>
  return <span className={`score is-${lookOf(of / 100)}`}>{of.toFixed(0)}</span>
}

/** Length tells how long something took, in one unit. */
export function useLength(): (seconds: number) => string {
  const { t } = useI18n()
  return (seconds) => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : ageText(t, seconds * 1000))
}

/** Num is a count; what is not known is a dash, and nothing found is quiet. */
export function Num({ n, children }: { n: number | undefined; children?: ReactNode }) {
  const { lang } = useI18n()
  if (n === undefined) return <span className="muted">–</span>
  if (n === 0) return <span className="muted">0</span>
  return (
    <>
      {n.toLocaleString(lang === 'en' ? 'en-GB' : 'zh-CN')}
      {children}
    </>
  )
}
