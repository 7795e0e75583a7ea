import { useI18n } from '../i18n'
import { Copied } from '../ui/secret'
import { quoted } from './run'

/** Guide says what a backup holds, how to check it and how it comes back; restoring is done on the command line alone. */
export function Guide({ folder }: { folder: string }) {
  const { t } = useI18n()
  const dir = quoted(folder || '/mnt/backup/node')
  return (
    <section className="panel" aria-label={t('backups.guide')}>
      <header>
        <h2>{t('backups.guide')}</h2>
      </header>
      <div className="body guide">
        <div>
          <h3>{t('backups.holds')}</h3>
          <p>{t('backups.holdsText')}</p>
          <p className="consequence takes">{t('backups.keys')}</p>
        </div>
        <div>
          <h3>{t('backups.verify')}</h3>
          <p>{t('backups.verifyText')}</p>
          <Copied label={t('backups.verify')} text={`jingwei backup verify ${dir}`} />
          <p>{t('backups.cronText')}</p>
          <Copied
            label={t('backups.cron')}
            text={`jingwei backup --data /var/lib/jingwei --to ${dir} --prune --keep 7`}
          />
        </div>
        <div>
          <h3>{t('backups.restore')}</h3>
          <p>{t('backups.restoreText')}</p>
          <Copied label={t('backups.restore')} text={`jingwei restore --from ${dir} --to /var/lib/jingwei-restored`} />
          <p>{t('backups.restoreThen')}</p>
          <Copied label={t('backups.serve')} text="jingwei serve --data /var/lib/jingwei-restored" />
        </div>
      </div>
    </section>
  )
}
