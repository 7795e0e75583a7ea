import { useMemo } from 'react'

import type { Text } from '../api/types'
import type { Lang } from '../format/time'
import { usePreferences } from '../ui/preferences'
import { nameIn, translate, type Params } from './translate'
import type { Key } from './zh'

export type { Key } from './zh'

export interface I18n {
  lang: Lang
  t: (key: Key, params?: Params) => string
  /** The name of a thing in the shown language. */
  n: (name: Text | string | undefined) => string
}

export function useI18n(): I18n {
  const { lang } = usePreferences()
  return useMemo(
    () => ({ lang, t: (key, params) => translate(lang, key, params), n: (name) => nameIn(lang, name) }),
    [lang],
  )
}
