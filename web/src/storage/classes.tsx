import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'

import { del, patch } from '../api/client'
import type { Retention, RetentionClass } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { useSecond } from '../live/clock'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { ClassDialog } from './classdialog'
import { storageKeys } from './queries'
import { coming } from './terms'
import { useKept } from './words'

/** Classes lists the times to keep; what of them takes effect tomorrow stands beside them and can be taken back. */
export function Classes({ rules }: { rules: Retention }) {
  const { may } = useHere()
  const { t } = useI18n()
  const [adding, setAdding] = useState(false)
  const [changing, setChanging] = useState<RetentionClass>()
  const add = may('configure') && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
      {t('storage.addClass')}
    </Button>
  )
  return (
    <section className="panel" aria-label={t('storage.classes')}>
      <header>
        <h2>{t('storage.classes')}</h2>
        {rules.classes.length > 0 && <div className="actions">{add}</div>}
      </header>
      {rules.classes.length === 0 ? (
        <Blank title={t('storage.noClasses')} actions={add}>
          {t('storage.noClassesHelp')}
        </Blank>
      ) : (
        <DataTable
          label={t('storage.classes')}
          className="cards roomy"
          columns={['name', 'storage.keep', { num: 'storage.assigned' }, 'storage.history', { hidden: 'actions' }]}
        >
          <tbody>
            {rules.classes.map((c) => (
              <Row key={c.id} of={c} rules={rules} change={() => setChanging(c)} />
            ))}
          </tbody>
        </DataTable>
      )}
      {adding && <ClassDialog rules={rules} close={() => setAdding(false)} />}
      {changing && <ClassDialog rules={rules} held={changing} close={() => setChanging(undefined)} />}
    </section>
  )
}

function Row({ of: c, rules, change }: { of: RetentionClass; rules: Retention; change: () => void }) {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const { kept, minute } = useKept()
  const now = useSecond()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const next = coming(c, now)
  const assigned = rules.assignments.filter((a) => a.class === c.id).length
  const done = () => refreshed(storageKeys.rules(org.id))
  const takeBack = () =>
    confirm({
      title: t('storage.takeBackAsk'),
      text: t('storage.takeBackClass', { name: n(c.name), kept: kept(c.days) }),
      ok: t('storage.takeBack'),
      work: async () => {
        await patch(`/retention/classes/${c.id}`, { days: c.days, reason: t('storage.takenBack') })
        await done()
      },
    })
  const remove = () =>
    confirm({
      title: t('storage.removeAsk', { name: n(c.name) }),
      text: t('storage.removeText'),
      ok: t('storage.remove'),
      work: async () => {
        await del(`/retention/classes/${c.id}`)
        await done()
      },
    })
  return (
    <tr>
      <th scope="row">{n(c.name)}</th>
      <td data-label={t('storage.keep')}>
        <div>
          <div>{kept(c.days)}</div>
          {next && (
            <div className="row wrap">
              <span className="tag warning">
                {t('storage.from', { time: minute(millis(next.from)), kept: kept(next.days) })}
              </span>
              {may('configure') && (
                <Button size="small" type="link" onClick={takeBack}>
                  {t('storage.takeBack')}
                </Button>
              )}
            </div>
          )}
        </div>
      </td>
      <td data-label={t('storage.assigned')} className="num">
        {whole(lang, assigned)}
      </td>
      <td data-label={t('storage.history')}>
        <details className="terms">
          <summary>{t('storage.terms', { n: c.terms.length })}</summary>
          <ol>
            {c.terms.map((x) => (
              <li key={x.from}>
                <span className="nowrap">{minute(millis(x.from))}</span> · {kept(x.days)} · {x.reason}
              </li>
            ))}
          </ol>
        </details>
      </td>
      <td data-label="">
        {may('configure') && (
          <span className="row wrap ends">
            <Button size="small" onClick={change} aria-label={t('storage.changeOf', { name: n(c.name) })}>
              {t('edit')}
            </Button>
            <Button
              size="small"
              danger
              disabled={assigned > 0}
              title={assigned > 0 ? t('storage.inUse') : undefined}
              onClick={remove}
              aria-label={t('storage.removeOf', { name: n(c.name) })}
            >
              {t('storage.remove')}
            </Button>
          </span>
        )}
      </td>
    </tr>
  )
}
