import { Button } from 'antd'
import { useState } from 'react'

import type { components } from '../api/schema'
import { sendFile } from '../fields/transfer'
import { download } from '../files/transfer'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'

type Imported = components['schemas']['ImportedNeeds']

/** NeedImport takes a spreadsheet of needs: first tried, then taken whole or not at all. */
export function NeedImport({ org, done }: { org: string; done: (rows: number) => Promise<void> }) {
  const { t, n, lang } = useI18n()
  const submit = useSubmit()
  const [file, setFile] = useState<File>()
  const [seen, setSeen] = useState<Imported>()
  const send = (dryRun: boolean) =>
    submit.run(async () => {
      if (!file) return
      const out = await sendFile<Imported>('/matching/needs-import', { org, dryRun }, file, lang)
      setSeen(out)
      if (out.applied) await done(out.rows)
    })
  const right = seen?.faults.length === 0
  return (
    <div className="stack" style={{ gap: 10 }}>
      <p className="muted">{t('needs.importHelp')}</p>
      <div className="row wrap">
        <Button onClick={() => void submit.run(() => download('/matching/needs-template', {}, lang))}>
          {t('needs.template')}
        </Button>
        <label className="row">
          <span className="hidden-text">{t('needs.chooseFile')}</span>
          <input
            type="file"
            accept=".xlsx,.csv"
            onChange={(e) => {
              setFile(e.target.files?.[0])
              setSeen(undefined)
            }}
          />
        </label>
        <Button disabled={!file} loading={submit.busy} onClick={() => void send(true)}>
          {t('needs.dryRun')}
        </Button>
        <Button
          type="primary"
          disabled={!right || seen.rows === 0}
          loading={submit.busy}
          onClick={() => void send(false)}
        >
          {t('needs.take')}
        </Button>
      </div>
      {submit.problem && <Fault problem={submit.problem} />}
      {seen && (
        <p role="status">
          {right
            ? t('needs.rowsRight', { n: seen.rows })
            : t('needs.rowsWrong', { n: seen.rows, bad: seen.faults.length + (seen.more ?? 0) })}
        </p>
      )}
      {seen && !right && (
        <DataTable label={t('needs.problem')} columns={['needs.cell', 'needs.problem', 'needs.mend']} height={300}>
          <tbody>
            {seen.faults.map((f, i) => (
              <tr key={i}>
                <th scope="row">{f.cell ?? f.row}</th>
                <td>{n(f.message)}</td>
                <td>{n(f.mend)}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </div>
  )
}
