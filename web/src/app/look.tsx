import { App, ConfigProvider } from 'antd'
import enGB from 'antd/locale/en_GB'
import zhCN from 'antd/locale/zh_CN'
import { useEffect, useMemo, type ReactNode } from 'react'

import { setLanguage } from '../api/client'
import { useDark, usePreferences, useStill } from '../ui/preferences'
import { themeFor } from '../ui/theme'

/** Look gives the components the colours and the language that this person chose. */
export function Look({ children }: { children: ReactNode }) {
  const { lang } = usePreferences()
  const dark = useDark()
  const still = useStill()
  const theme = useMemo(() => themeFor(dark, still), [dark, still])
  useEffect(() => setLanguage(lang === 'en' ? 'en' : 'zh-CN'), [lang])
  return (
    <ConfigProvider theme={theme} locale={lang === 'en' ? enGB : zhCN} button={{ autoInsertSpace: false }}>
      <App>{children}</App>
    </ConfigProvider>
  )
}
