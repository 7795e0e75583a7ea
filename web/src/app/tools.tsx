import { DesktopOutlined, MoonOutlined, SunOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from 'react-router'

import { del } from '../api/client'
import { useI18n, type Key } from '../i18n'
import { setPreferences, usePreferences, type Theme } from '../ui/preferences'

/** LanguageTool changes to the other language; its label is in that language, for those who do not read this one. */
export function LanguageTool() {
  const { lang } = usePreferences()
  const other = lang === 'en' ? 'zh' : 'en'
  return (
    <button
      type="button"
      className="tool"
      lang={other === 'en' ? 'en' : 'zh-CN'}
      aria-label={other === 'en' ? 'English' : '中文'}
      title={other === 'en' ? 'English' : '中文'}
      onClick={() => setPreferences({ lang: other })}
    >
      {other === 'en' ? 'EN' : '中'}
    </button>
  )
}

const themes: Record<Theme, { next: Theme; key: Key; icon: typeof SunOutlined }> = {
  system: { next: 'light', key: 'theme.system', icon: DesktopOutlined },
  light: { next: 'dark', key: 'theme.light', icon: SunOutlined },
  dark: { next: 'system', key: 'theme.dark', icon: MoonOutlined },
}

export function ThemeTool() {
  const { theme } = usePreferences()
  const { t } = useI18n()
  const { next, key, icon: Icon } = themes[theme]
  const label = t('theme.change', { now: t(key), next: t(themes[next].key) })
  return (
    <button
      type="button"
      className="tool"
      aria-label={label}
      title={label}
      onClick={() => setPreferences({ theme: next })}
    >
      <Icon aria-hidden />
    </button>
  )
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    try {
      await del('/session')
    } finally {
      queries.clear()
      await navigate('/sign-in', { replace: true })
    }
  }
}
