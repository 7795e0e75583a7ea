import { DownloadOutlined } from '@ant-design/icons'
import { Button, Modal } from 'antd'
import { useState } from 'react'

import { fetchFile, withQuery } from '../fields/transfer'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Copied } from '../ui/secret'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import type { FigureDetail } from './queries'

/** Verify hands out all that a figure rests on as one file, and tells how it is verified on another computer. */
export function Verify({ of: f }: { of: FigureDetail }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('figures.verify')}</Button>
      {open && <VerifyDialog of={f} close={() => setOpen(false)} />}
    </>
  )
}

function VerifyDialog({ of: f, close }: { of: FigureDetail; close: () => void }) {
  const { t, lang } = useI18n()
  const taking = useSubmit()
  const name = `figure-${f.id}.jwf`
  const take = () =>
    taking.run(async () => {
      const path = withQuery(`/figures/${f.id}/pack`, [['revision', f.revision]])
      save(await fetchFile(path, lang), name)
    })
  return (
    <Modal open title={t('figures.verifyTitle')} footer={null} onCancel={close} width={600}>
      <div className="stack">
        <p>{t('figures.verifyText')}</p>
        {taking.problem && <Fault problem={taking.problem} />}
        <Button
          type="primary"
          icon={<DownloadOutlined aria-hidden />}
          loading={taking.busy}
          onClick={() => void take()}
        >
          {t('figures.verifyPack')}
        </Button>
        <div>
          {t('figures.verifyCommand')}
          <Copied label={t('figures.verifyCommand')} text={`jingwei verify figure ${name} --key evidence.vkey`} />
        </div>
        <div>
          {t('figures.verifyFrom')}
          <Copied
            label={t('figures.verifyFrom')}
            text={`JINGWEI_TOKEN=… jingwei verify figure '${f.keeper}:${f.key}' --node ${location.origin}`}
          />
        </div>
      </div>
    </Modal>
  )
}
