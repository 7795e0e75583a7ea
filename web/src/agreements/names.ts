import { useMemo } from 'react'

import { useIndicators } from '../figures/queries'
import { useI18n } from '../i18n'
import type { Names } from './words'

/** useNames are the names of indicators in the language that is shown. */
export function useNames(): Names {
  const { n } = useI18n()
  const list = useIndicators()
  return useMemo(() => new Map((list.data ?? []).map((d) => [d.id, n(d.name)])), [list.data, n])
}
