import { Form, Input, InputNumber } from 'antd'

import { post } from '../api/client'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { Consequence } from '../storage/consequence'
import { useSubmit } from '../ui/submit'
import { backupKeys } from './keys'

interface Fields {
  to: string
  keep: number | null
}

/** BackupDialog asks where a backup goes, and how many are kept there. */
export function BackupDialog({ last, close }: { last?: { to: string; keep: number }; close: () => void }) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const keep = Form.useWatch('keep', form)
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await post('/backups', { to: f.to.trim(), keep: f.keep ?? 0 })
      await refreshed(backupKeys.list())
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('backups.start')}
      ok={t('backups.startDo')}
      form={form}
      submit={submit}
      initial={{ to: last?.to ?? '', keep: last?.keep ?? 0 }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item
        name="to"
        label={t('backups.to')}
        extra={<span className="field-mend">{t('backups.toHelp')}</span>}
        rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('backups.to') }) }]}
      >
        <Input autoFocus spellCheck={false} autoCapitalize="off" placeholder="/mnt/backup/node" maxLength={1000} />
      </Form.Item>
      <Form.Item
        name="keep"
        label={t('backups.keep')}
        extra={<span className="field-mend">{t('backups.keepHelp')}</span>}
      >
        <InputNumber min={0} max={10_000} precision={0} style={{ width: 160 }} />
      </Form.Item>
      <Consequence takes={(keep ?? 0) > 0}>
        {keep ? t('backups.keepText', { n: keep }) : t('backups.keepNone')}
      </Consequence>
      <p className="muted" style={{ marginTop: 8 }}>
        {t('backups.keys')}
      </p>
    </Ask>
  )
}
