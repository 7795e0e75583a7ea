import { useCallback } from 'react'

import type { Point, SampleValue } from '../api/types'
import { valueText } from '../format/number'
import { useI18n } from '../i18n'

/** useValueText shows a value in words where it has some (yes, no, the name of a state), else as number or text. */
export function useValueText(): (of: Pick<Point, 'type' | 'values'>, v: SampleValue) => string {
  const { t, n, lang } = useI18n()
  return useCallback(
    (of, v) => {
      const named = of.values?.find((x) => x.value === String(v))
      return named ? n(named.name) : valueText(lang, of.type, v, t('yes'), t('no'))
    },
    [t, n, lang],
  )
}
