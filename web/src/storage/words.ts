import { whole } from '../format/number'
import { dateTime } from '../format/time'
import { useI18n } from '../i18n'

/** useKept are the words for a time to keep, and for a moment to the minute in the browser's zone. */
export function useKept(): { kept: (days: number) => string; minute: (ms: number) => string } {
  const { t, lang } = useI18n()
  return {
    kept: (days) => (days === 0 ? t('storage.forever') : t('storage.days', { n: whole(lang, days) })),
    minute: (ms) => dateTime(ms).slice(0, 16),
  }
}
