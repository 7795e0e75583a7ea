import { useI18n } from '../i18n'
import type { I18n } from '../i18n'
import { useSecond } from '../live/clock'

/** ageText says how long ago something was, in one unit: what is 3 h old needs no seconds. */
export function ageText(t: I18n['t'], ms: number): string {
  const s = Math.floor(ms / 1000)
  if (s < -1) return t('age.ahead', { n: -s })
  if (s < 1) return t('age.now')
  if (s < 100) return t('age.seconds', { n: s })
  if (s < 100 * 60) return t('age.minutes', { n: Math.floor(s / 60) })
  if (s < 48 * 3600) return t('age.hours', { n: Math.floor(s / 3600) })
  return t('age.days', { n: Math.floor(s / 86_400) })
}

/** Age ticks with the node's clock. */
export function Age({ of }: { of: number }) {
  const now = useSecond()
  const { t } = useI18n()
  return Number.isFinite(of) ? ageText(t, now - of) : '–'
}
