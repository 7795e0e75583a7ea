import { Link } from 'react-router'

import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { useCounts, useRegisters, type Register } from '../registers/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'

/** RegistersPage lists the registers that this node has, and what this organisation keeps in each. */
export function RegistersPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const registers = useRegisters()
  return (
    <>
      <PageHead title={t('registers.title')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('registers.title')}>
        <Answer
          query={registers}
          empty={(list) =>
            list.length === 0 && <Blank title={t('registers.noKinds')}>{t('registers.noKindsHelp')}</Blank>
          }
        >
          {(list) => (
            <DataTable
              label={t('registers.title')}
              className="cards roomy"
              columns={[
                'name',
                { num: 'registers.entries' },
                { num: 'registers.seeds' },
                'registers.class',
                'registers.states',
                'registers.version',
              ]}
            >
              <tbody>
                {list.map((r) => (
                  <Row key={r.id} register={r} />
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
    </>
  )
}

function Row({ register: r }: { register: Register }) {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const counts = useCounts(r.id, { org: org.id, where: [] })
  const names = (ids: string[]) =>
    ids.map((id) => n(r.states.find((s) => s.id === id)?.name) || id).join(t('fields.comma'))
  return (
    <tr>
      <th scope="row">
        <div>
          <div>
            <Link to={at(`registers/${r.id}`)}>{n(r.name)}</Link>
          </div>
          {r.note && <div className="muted small rownote">{n(r.note)}</div>}
        </div>
      </th>
      <td data-label={t('registers.entries')} className="num">
        {counts.data ? whole(lang, counts.data.total) : '–'}
      </td>
      <td data-label={t('registers.seeds')} className="num">
        {r.entries > 0 ? whole(lang, r.entries) : '–'}
      </td>
      <td data-label={t('registers.class')}>
        {r.publicStates ? t('registers.partPublic', { states: names(r.publicStates) }) : t('registers.class.internal')}
      </td>
      <td data-label={t('registers.states')}>{names(r.states.map((s) => s.id))}</td>
      <td data-label={t('registers.version')}>
        <code>{r.version}</code>
      </td>
    </tr>
  )
}
