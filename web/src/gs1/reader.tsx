import { Input } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { Bones, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import { here, useReading, type Reading } from './queries'

/** Reader reads what is pasted or scanned into its field, and shows it in its other forms. */
export function Reader({ found }: { found?: (reading: Reading) => React.ReactNode }) {
  const { t } = useI18n()
  const [text, setText] = useState('')
  const reading = useReading(text, here())
  return (
    <section className="panel" aria-label={t('gs1.read')}>
      <header>
        <h2>{t('gs1.read')}</h2>
      </header>
      <div className="gs1-reading">
        <Input.Search
          aria-label={t('gs1.readLabel')}
          placeholder="(01)09506000134352(10)ABC"
          enterButton={t('gs1.readDo')}
          maxLength={8000}
          onSearch={(v) => setText(v.trim())}
        />
        <p className="muted small">{t('gs1.readHelp')}</p>
        {text !== '' && reading.isLoading && <Bones rows={3} />}
        {reading.error && <Fault problem={reading.error} />}
        {text !== '' && reading.data && (
          <>
            <Shown reading={reading.data} />
            {found?.(reading.data)}
          </>
        )}
      </div>
    </section>
  )
}

function Shown({ reading: r }: { reading: Reading }) {
  const { t } = useI18n()
  const forms: [string, string | undefined][] = [
    [t('gs1.form.bracketed'), r.bracketed],
    [t('gs1.form.link'), r.link],
    [t('gs1.form.compressed'), r.compressed],
    [t('gs1.form.plain'), r.plain],
  ]
  return (
    <>
      {r.elements.length > 0 && (
        <DataTable label={t('gs1.elements')} columns={['gs1.ai', 'gs1.dataTitle', 'gs1.value']}>
          <tbody>
            {r.elements.map((e) => (
              <tr key={e.ai}>
                <th scope="row">
                  <code>({e.ai})</code>
                </th>
                <td>{e.title}</td>
                <td>
                  <code style={{ overflowWrap: 'anywhere' }}>{e.value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
      <dl className="gs1-forms">
        {r.drug && (
          <>
            <dt>{t('gs1.drug')}</dt>
            <dd>
              {t(
                r.drug.form === 'supervision'
                  ? 'gs1.drug.supervision'
                  : r.drug.form === 'gs1'
                    ? 'gs1.drug.gs1'
                    : 'gs1.drug.own',
              )}{' '}
              · {t('gs1.drug.parts', { product: r.drug.product, serial: r.drug.serial })}
            </dd>
          </>
        )}
        {forms.map(
          ([name, value]) =>
            value && (
              <div key={name} style={{ display: 'contents' }}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ),
        )}
      </dl>
    </>
  )
}
