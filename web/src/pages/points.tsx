import { useI18n } from '../i18n'

export function PointsPage() {
  const { t } = useI18n()
  return <h1>{t('everyPoint.title')}</h1>
}
