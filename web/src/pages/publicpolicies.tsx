import { Link } from 'react-router'

import { LanguageTool, ThemeTool } from '../app/tools'
import { useI18n } from '../i18n'
import { Policies } from '../support/policies'
import { PageHead } from '../ui/page'

/** PublicPoliciesPage is the library of policies for anybody, without signing in. */
export function PublicPoliciesPage() {
  const { t } = useI18n()
  return (
    <main style={{ padding: 16, maxWidth: 1000, margin: '0 auto' }}>
      <PageHead title={t('support.library')}>
        <Link to="/">{t('support.signIn')}</Link>
        <LanguageTool />
        <ThemeTool />
      </PageHead>
      <Policies />
    </main>
  )
}
