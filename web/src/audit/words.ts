import { useI18n, type Key } from '../i18n'
import { zh } from '../i18n/zh'

/** useVerb says what an entry of the audit tells of in words; a verb that has none stays as the node wrote it. */
export function useVerb(): (verb: string) => string {
  const { t } = useI18n()
  return (verb) => (`audit.did.${verb}` in zh ? t(`audit.did.${verb}` as Key) : verb)
}
