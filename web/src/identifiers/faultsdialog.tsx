import { useQuery } from '@tanstack/react-query'
import { App, Button, Modal } from 'antd'

import { Problem } from '../api/problem'
import { fetchFile, withQuery } from '../fields/transfer'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import { faultRows } from './faultsheet'

/** How many faults are shown; the sheet has all of them. */
const shown = 100

/** FaultsDialog shows what is wrong with the rows of a file, and gives the sheet of it. */
export function FaultsDialog({ job, close }: { job: string; close: () => void }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const sheet = (format: string) =>
    fetchFile(withQuery(`/identifiers/imports/${job}/faults`, [['format', format]]), lang)
  const faults = useQuery({
    queryKey: ['identifiers', 'faults', job, lang],
    queryFn: async () => faultRows(await (await sheet('csv')).text()),
  })
  const download = async (format: string) => {
    try {
      save(await sheet(format), `faults.${format}`)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <Modal
      open
      width={860}
      title={t('identifiers.faultsTitle')}
      onCancel={close}
      footer={[
        ...['xlsx', 'csv'].map((f) => (
          <Button key={f} onClick={() => void download(f)}>
            {t('identifiers.faultsDownload')} {f.toUpperCase()}
          </Button>
        )),
        <Button key="close" type="primary" onClick={close}>
          {t('close')}
        </Button>,
      ]}
    >
      <Answer query={faults}>
        {(list) => (
          <>
            <DataTable
              label={t('identifiers.faultsTitle')}
              className="cards roomy"
              height={480}
              columns={[{ num: 'identifiers.row' }, 'identifiers.column', 'value', 'reason', 'identifiers.mend']}
            >
              <tbody>
                {list.slice(0, shown).map((f, i) => (
                  <tr key={i}>
                    <td className="num" data-label={t('identifiers.row')}>
                      <strong>{f.row}</strong>
                    </td>
                    <td data-label={t('identifiers.column')}>{f.column || '–'}</td>
                    <td data-label={t('value')}>{f.value ? <code>{f.value}</code> : '–'}</td>
                    <td data-label={t('reason')}>{f.reason}</td>
                    <td data-label={t('identifiers.mend')}>{f.mend}</td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
            {list.length > shown && (
              <p className="muted">{t('identifiers.faultsMore', { n: whole(lang, list.length - shown) })}</p>
            )}
          </>
        )}
      </Answer>
    </Modal>
  )
}
