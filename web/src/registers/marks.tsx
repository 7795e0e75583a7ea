import { useI18n } from '../i18n'
import { spanText } from '../fields/span'
import type { Entry, Register } from './queries'

/** StateTag is the state of an entry in words: that at the start waits, public ones are good, the others are quiet. */
export function StateTag({ register: r, state }: { register: Register | undefined; state: string }) {
  const { n } = useI18n()
  const name = n(r?.states.find((s) => s.id === state)?.name) || state
  const tone = state === r?.initial ? 'tag info' : r?.publicStates?.includes(state) ? 'tag good' : 'tag'
  return <span className={tone}>{name}</span>
}

/** Holds tells when an entry holds. */
export function Holds({ entry: e }: { entry: Pick<Entry, 'since' | 'until'> }) {
  const { t } = useI18n()
  if (!e.since && !e.until) return <>{t('registers.always')}</>
  return <span className="nowrap">{spanText(t, e.since, e.until)}</span>
}
