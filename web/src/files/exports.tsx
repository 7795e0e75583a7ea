import { DownloadOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { download, formats } from './transfer'

/** Exports offers the plant in each format, and the workbook to begin with. */
export function Exports() {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const submit = useSubmit()
  const [which, setWhich] = useState('')
  const fetchFile = (what: string, path: string, query: Record<string, string>) => {
    setWhich(what)
    void submit.run(async () => {
      const name = await download(path, query, lang)
      void message.success(t('files.saved', { name }))
    })
  }
  const help = { xlsx: t('files.xlsxHelp'), csv: t('files.csvHelp'), yaml: t('files.yamlHelp') }
  const icon = <DownloadOutlined aria-hidden />
  return (
    <section className="panel" aria-label={t('files.export')}>
      <header>
        <h2>{t('files.export')}</h2>
      </header>
      <div className="body stack">
        <p className="muted">{t('files.exportHelp')}</p>
        <ul className="exports">
          {formats.map((format) => (
            <li key={format}>
              <Button
                icon={icon}
                loading={submit.busy && which === format}
                disabled={submit.busy}
                onClick={() => fetchFile(format, '/plant/export', { org: org.id, format })}
              >
                {t('files.exportAs', { format: format.toUpperCase() })}
              </Button>
              <span className="muted">{help[format]}</span>
            </li>
          ))}
          <li className="apart">
            <Button
              type="link"
              icon={icon}
              loading={submit.busy && which === 'template'}
              disabled={submit.busy}
              onClick={() => fetchFile('template', '/plant/import/template', { format: 'xlsx' })}
            >
              {t('files.template')}
            </Button>
            <span className="muted">{t('files.templateHelp')}</span>
          </li>
        </ul>
        {submit.problem && <Fault problem={submit.problem} />}
      </div>
    </section>
  )
}
