import type { Retention } from '../api/types'
import { whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { useKept } from './words'
import { DataTable } from '../ui/table'

/** DuePanel is what the rules come to: how many series go by which class, and what may be gone. */
export function DuePanel({ rules }: { rules: Retention }) {
  const { t, n, lang } = useI18n()
  const { kept, minute } = useKept()
  const classOf = (id?: string) => rules.classes.find((c) => c.id === id)
  const soon = rules.due.reduce((sum, d) => sum + d.soon, 0)
  return (
    <section className="panel" aria-label={t('storage.due')}>
      <header>
        <h2>{t('storage.due')}</h2>
        {soon > 0 && <span className="tag warning">{t('storage.soon', { n: whole(lang, soon) })}</span>}
      </header>
      {rules.due.length === 0 ? (
        <p className="body muted">{t('storage.dueNone')}</p>
      ) : (
        <DataTable
          label={t('storage.due')}
          className="cards roomy"
          columns={[
            'storage.class',
            'storage.keep',
            { num: 'storage.series' },
            'storage.before',
            { num: 'storage.soonHead' },
          ]}
        >
          <tbody>
            {rules.due.map((d) => {
              const c = classOf(d.class)
              return (
                <tr key={d.class ?? ''}>
                  <th scope="row">{d.class === undefined ? t('storage.noClass') : n(c?.name)}</th>
                  <td data-label={t('storage.keep')}>{kept(c?.days ?? 0)}</td>
                  <td data-label={t('storage.series')} className="num">
                    {whole(lang, d.series)}
                  </td>
                  <td data-label={t('storage.before')} className="nowrap">
                    {d.before ? minute(millis(d.before)) : <span className="muted">{t('storage.nothingGoes')}</span>}
                  </td>
                  <td data-label={t('storage.soonHead')} className="num">
                    {d.soon > 0 ? <span className="tag warning">{whole(lang, d.soon)}</span> : '0'}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </DataTable>
      )}
      <p className="footnote">{t('storage.dueHelp')}</p>
    </section>
  )
}
