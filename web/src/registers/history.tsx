import { dateTime, millis } from '../format/time'
import { Differences } from '../fields/shown'
import { useI18n } from '../i18n'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import { Holds, StateTag } from './marks'
import { useHistory, type Entry, type Register } from './queries'

/** History tells who changed an entry, when and why, and what. */
export function History({ register: r, id }: { register: Register; id: string }) {
  const { t } = useI18n()
  const history = useHistory(id)
  return (
    <section className="panel" aria-label={t('registers.history')}>
      <header>
        <h2>{t('registers.history')}</h2>
      </header>
      <Answer query={history} rows={3}>
        {(list) => (
          <DataTable
            label={t('registers.history')}
            className="cards roomy"
            columns={['registers.revision', 'registers.when', 'registers.what', 'reason']}
          >
            <tbody>
              {list.map((e, i) => (
                <tr key={e.revision}>
                  <th scope="row">{e.revision}</th>
                  <td data-label={t('registers.when')}>
                    <div>
                      <span className="nowrap">{dateTime(millis(e.at))}</span>
                      <div className="muted">{e.by.name}</div>
                    </div>
                  </td>
                  <td data-label={t('registers.what')} style={{ overflowWrap: 'anywhere' }}>
                    <div>
                      <What register={r} before={list[i + 1]} after={e} />
                    </div>
                  </td>
                  <td data-label={t('reason')} style={{ overflowWrap: 'anywhere' }}>
                    {e.reason ?? '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function What({ register: r, before, after }: { register: Register; before: Entry | undefined; after: Entry }) {
  const { t } = useI18n()
  if (!before) {
    return (
      <>
        {t('registers.entered')} <StateTag register={r} state={after.state} />
      </>
    )
  }
  return (
    <>
      {before.state !== after.state && (
        <div>
          <StateTag register={r} state={before.state} /> → <StateTag register={r} state={after.state} />
        </div>
      )}
      {(before.since !== after.since || before.until !== after.until) && (
        <div>
          <span className="muted">{t('registers.holds')}: </span>
          <del>
            <Holds entry={before} />
          </del>{' '}
          <ins>
            <Holds entry={after} />
          </ins>
        </div>
      )}
      {before.class !== after.class && (
        <div>
          <span className="muted">{t('registers.class')}: </span>
          <del>{t(`registers.class.${before.class}`)}</del> <ins>{t(`registers.class.${after.class}`)}</ins>
        </div>
      )}
      <Differences fields={r.fields} before={before.content} after={after.content} />
    </>
  )
}
