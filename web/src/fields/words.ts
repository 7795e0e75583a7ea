import { useMemo } from 'react'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import type { Words } from './field'

/** useWords is what values of fields are put into words with, in the shown language. */
export function useWords(): Words {
  const { orgs } = useHere()
  const { t, n, lang } = useI18n()
  return useMemo(
    () => ({
      lang,
      n,
      yes: t('yes'),
      no: t('no'),
      org: (id) => n(orgs.find((o) => o.id === id)?.name) || id,
    }),
    [lang, n, t, orgs],
  )
}
