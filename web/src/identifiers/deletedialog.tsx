import { App, Form } from 'antd'

import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { ReasonField } from '../storage/reason'
import { useSubmit } from '../ui/submit'
import { identifierKeys } from './queries'

/** DeleteDialog asks why an identifier is deleted. */
export function DeleteDialog({
  name,
  work,
  close,
}: {
  name: string
  work: (reason: string) => Promise<unknown>
  close: () => void
}) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<{ reason: string }>()
  const submit = useSubmit()
  const refreshed = useRefreshed()
  const go = async (reason: string) => {
    const done = await submit.run(async () => {
      await work(reason)
      await refreshed(identifierKeys.all())
    }, form)
    if (!done) return
    void message.success(t('identifiers.deleted'))
    close()
  }
  return (
    <Ask
      title={t('identifiers.deleteAsk', { name })}
      ok={t('identifiers.delete')}
      danger
      form={form}
      submit={submit}
      close={close}
      finish={(f) => void go(f.reason.trim())}
    >
      <p className="muted">{t('identifiers.deleteHelp')}</p>
      <ReasonField hint={t('identifiers.why')} />
    </Ask>
  )
}
