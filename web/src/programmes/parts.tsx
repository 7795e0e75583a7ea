import { useI18n } from '../i18n'
import type { Indicator, Standing } from './queries'

const marks = { true: 'good', false: 'error', unknown: 'warning' } as const

/** Standings shows condition by condition whether a firm may apply, and what the register says. */
export function Standings({ list }: { list: Standing[] }) {
  const { t, n } = useI18n()
  return (
    <ul className="standings">
      {list.map((s) => (
        <li key={s.id}>
          <span className={`tag ${marks[s.holds]}`}>{t(`programme.holds.${s.holds}`)}</span> {n(s.text)}
          {s.found && <span className="muted small"> {s.found}</span>}
        </li>
      ))}
    </ul>
  )
}

/** Verdict tells whether an indicator is reached, and why. */
export function Verdict({ of: x }: { of: Indicator }) {
  const { t, n } = useI18n()
  return (
    <p>
      <span className={`tag ${marks[x.verdict]}`}>{t(`programme.verdict.${x.verdict}`)}</span> {n(x.why)}
    </p>
  )
}
