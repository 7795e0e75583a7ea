import { useI18n } from '../i18n'

export function ScalePage() {
  const { t } = useI18n()
  return <h1>{t('scale.title')}</h1>
}
