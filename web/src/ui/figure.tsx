import type { ReactNode } from 'react'

import { useI18n, type Key } from '../i18n'

/** Figure is one figure of a list of class "figures", with its word. */
export function Figure({ word, children }: { word: Key; children: ReactNode }) {
  const { t } = useI18n()
  return (
    <div>
      <dt>{t(word)}</dt>
      <dd>{children}</dd>
    </div>
  )
}
