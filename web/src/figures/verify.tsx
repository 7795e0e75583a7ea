import { Button, Modal } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { Copied } from '../ui/secret'
import type { FigureDetail } from './queries'

/** Verify tells how a figure is verified on another computer. */
export function Verify({ of: f }: { of: FigureDetail }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('figures.verify')}</Button>
      {open && (
        <Modal open title={t('figures.verifyTitle')} footer={null} onCancel={() => setOpen(false)}>
          <p>{t('figures.verifyText')}</p>
          <Copied
            label={t('figures.verifyCommand')}
            text={`jingwei verify --node ${location.origin} --token TOKEN ${f.id}`}
          />
          <p className="muted small" style={{ marginTop: 8, overflowWrap: 'anywhere' }}>
            {t('figures.key')}: <code>{f.key}</code>
          </p>
        </Modal>
      )}
    </>
  )
}
