import { useI18n } from '../i18n'

export function SourcePage() {
  const { t } = useI18n()
  return <h1>{t('sources.title')}</h1>
}
