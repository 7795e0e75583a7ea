import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'

import type { Assignment, Retention } from '../api/types'
import { useHere } from '../app/org'
import { millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { useSecond } from '../live/clock'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { AssignDialog, EndDialog } from './assigndialog'
import { useThings } from './queries'
import { byWidth, stateOf } from './terms'
import { useKept } from './words'

export const targetKey: Record<Assignment['target'], Key> = {
  org: 'storage.toOrg',
  template: 'storage.toTemplate',
  node: 'storage.toNode',
  series: 'storage.toSeries',
}

/** Assignments says which class counts for what, the widest first. */
export function Assignments({ rules }: { rules: Retention }) {
  const { may } = useHere()
  const { t } = useI18n()
  const [adding, setAdding] = useState(false)
  const [ending, setEnding] = useState<Assignment>()
  const list = [...rules.assignments].sort(byWidth)
  const add = may('configure') && rules.classes.length > 0 && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
      {t('storage.assign')}
    </Button>
  )
  return (
    <section className="panel" aria-label={t('storage.assignments')}>
      <header>
        <h2>{t('storage.assignments')}</h2>
        {list.length > 0 && <div className="actions">{add}</div>}
      </header>
      {list.length === 0 ? (
        <Blank title={t('storage.noAssignments')} actions={add}>
          {t('storage.noAssignmentsHelp')}
        </Blank>
      ) : (
        <DataTable
          label={t('storage.assignments')}
          className="cards roomy"
          columns={['storage.target', 'storage.class', 'state', 'reason', { hidden: 'actions' }]}
        >
          <tbody>
            {list.map((a) => (
              <Row key={a.id} of={a} rules={rules} end={() => setEnding(a)} />
            ))}
          </tbody>
        </DataTable>
      )}
      <p className="footnote">{t('storage.closest')}</p>
      {adding && <AssignDialog rules={rules} close={() => setAdding(false)} />}
      {ending && <EndDialog of={ending} close={() => setEnding(undefined)} />}
    </section>
  )
}

function Row({ of: a, rules, end }: { of: Assignment; rules: Retention; end: () => void }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const { nameOf } = useThings()
  const { kept, minute } = useKept()
  const now = useSecond()
  const c = rules.classes.find((x) => x.id === a.class)
  const state = stateOf(a, now)
  const name = nameOf(a.target, a.of)
  return (
    <tr>
      <th scope="row">
        <span>
          <span className="tag">{t(targetKey[a.target])}</span> {name}
        </span>
      </th>
      <td data-label={t('storage.class')}>
        {a.class === undefined ? t('storage.forever') : `${n(c?.name)} · ${kept(c?.days ?? 0)}`}
      </td>
      <td data-label={t('state')}>
        {state === 'coming' ? (
          <span className="tag warning">{t('storage.coming', { time: minute(millis(a.from)) })}</span>
        ) : state === 'ending' ? (
          <span className="tag info">{t('storage.until', { time: minute(millis(a.until)) })}</span>
        ) : (
          t('storage.since', { time: minute(millis(a.from)) })
        )}
      </td>
      <td data-label={t('reason')}>{a.reason}</td>
      <td data-label="">
        {may('configure') && state !== 'ending' && (
          <span className="row wrap ends">
            <Button
              size="small"
              danger={state === 'holds'}
              onClick={end}
              aria-label={t(state === 'coming' ? 'storage.takeBackOf' : 'storage.endOf', { name })}
            >
              {t(state === 'coming' ? 'storage.takeBack' : 'storage.end')}
            </Button>
          </span>
        )}
      </td>
    </tr>
  )
}
