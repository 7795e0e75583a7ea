import { useI18n } from '../i18n'
import type { Case } from './queries'

/** CaseState is the state of a case in words: what has ended is quiet. */
export function CaseState({ of: c }: { of: Pick<Case, 'stateName' | 'ended'> }) {
  const { n } = useI18n()
  return <span className={c.ended ? 'tag' : 'tag info'}>{n(c.stateName)}</span>
}
