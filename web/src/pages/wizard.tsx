import { useI18n } from '../i18n'

export function WizardPage() {
  const { t } = useI18n()
  return <h1>{t('wizard.title')}</h1>
}
