import type { ReactNode } from 'react'

import { useI18n } from '../i18n'
import { Weave } from '../ui/marks'
import { LanguageTool, ThemeTool } from './tools'

/** Door is the page before somebody is inside. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useI18n()
  return (
    <div className="door">
      <div>
        <main className="panel" style={{ flex: 'none' }}>
          <div className="mark">
            <Weave />
            <div>
              <b>经纬 Jingwei</b>
              <div className="muted">{t('appLine')}</div>
            </div>
          </div>
          <h1 style={{ marginBottom: 14 }}>{title}</h1>
          {children}
        </main>
        <div className="tools doortools">
          <LanguageTool />
          <ThemeTool />
        </div>
      </div>
    </div>
  )
}
