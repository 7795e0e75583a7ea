import { App } from 'antd'

import { Problem } from '../api/problem'
import { useI18n } from '../i18n'

/** useConfirm asks before something that cannot be taken back, and shows what the node says if it refuses. */
export function useConfirm(): (ask: { title: string; text: string; ok: string; work: () => Promise<unknown> }) => void {
  const { modal } = App.useApp()
  const { t } = useI18n()
  return ({ title, text, ok, work }) => {
    modal.confirm({
      title,
      content: text,
      okText: ok,
      okButtonProps: { danger: true },
      cancelText: t('cancel'),
      focusable: { autoFocusButton: 'cancel' },
      onOk: async () => {
        try {
          await work()
        } catch (e) {
          if (!(e instanceof Problem)) throw e
          modal.error({
            title: t('fault.refused'),
            content: [e.message, ...e.faults.map((f) => f.mend)].filter(Boolean).join(' '),
          })
        }
      },
    })
  }
}
