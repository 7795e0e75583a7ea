import { Button, Progress } from 'antd'
import { useState } from 'react'

import { call } from '../api/client'
import { useHere } from '../app/org'
import { Pager } from '../docking/above'
import { whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { FaultsDialog } from './faultsdialog'
import { identifierKeys, useImports, type ImportInput, type ImportOutput, type Job } from './queries'
import './identifiers.css'

export { UploadDialog } from './uploaddialog'

/** ImportsPart is the files of an organisation: how far each is, and what was wrong with its rows. */
export function ImportsPart() {
  const { org } = useHere()
  const { t } = useI18n()
  const [cursors, setCursors] = useState<string[]>([''])
  const [faults, setFaults] = useState<Job>()
  const imports = useImports(org.id, cursors[0] ?? '')
  return (
    <section className="panel" aria-label={t('identifiers.imports')}>
      <Answer
        query={imports}
        empty={(p) =>
          p.items?.length === 0 &&
          cursors.length === 1 && <Blank title={t('identifiers.noImports')}>{t('identifiers.noImportsHelp')}</Blank>
        }
      >
        {(p) => (
          <>
            <DataTable
              label={t('identifiers.imports')}
              className="cards roomy"
              columns={[
                'identifiers.job',
                'identifiers.prefix',
                'identifiers.mode',
                'state',
                { num: 'identifiers.rows' },
                { num: 'identifiers.accepted' },
                { num: 'identifiers.refused' },
                { hidden: 'actions' },
              ]}
            >
              <tbody>
                {(p.items ?? []).map((j) => (
                  <JobRow key={j.id} of={j} show={() => setFaults(j)} />
                ))}
              </tbody>
            </DataTable>
            <Pager cursors={cursors} set={setCursors} next={p.next} />
          </>
        )}
      </Answer>
      {faults && <FaultsDialog job={faults.id} close={() => setFaults(undefined)} />}
    </section>
  )
}

/** stateOf is what became of a job: one that ended may have taken no row, or some. */
function stateOf(j: Job, out: ImportOutput | undefined): [Key, string] {
  const refused = Number(out?.refused ?? 0)
  switch (j.status) {
    case 'queued':
      return ['identifiers.jobState.queued', 'tag']
    case 'running':
      return ['identifiers.jobState.running', 'tag info']
    case 'failed':
      return ['identifiers.jobState.failed', 'tag error']
    case 'cancelled':
      return ['identifiers.jobState.cancelled', 'tag warning']
    case 'done':
      if (refused === 0) return ['identifiers.jobState.done', 'tag good']
      return Number(out?.accepted ?? 0) === 0
        ? ['identifiers.jobState.refused', 'tag error']
        : ['identifiers.jobState.partly', 'tag warning']
  }
}

function JobRow({ of: j, show }: { of: Job; show: () => void }) {
  const { may } = useHere()
  const { t, lang } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const input = j.input as ImportInput | undefined
  const out = j.output as ImportOutput | undefined
  const [word, look] = stateOf(j, out)
  const mayCancel = (j.status === 'queued' || j.status === 'running') && may('operate')
  const faulty = Number(out?.faults ?? 0) > 0
  const count = (v: string | undefined) => (v === undefined ? '–' : whole(lang, v))
  const cancel = () =>
    confirm({
      title: t('identifiers.cancelAsk'),
      text: t('identifiers.cancelHelp'),
      ok: t('identifiers.cancelJob'),
      work: async () => {
        await call('DELETE', `/identifiers/imports/${j.id}`, {})
        await refreshed(identifierKeys.all())
      },
    })
  return (
    <tr>
      <th scope="row">
        <span className="nowrap">{dateTime(millis(j.created))}</span>
        <div className="muted small">
          {j.actor} · {input?.format.toUpperCase()}
        </div>
      </th>
      <td data-label={t('identifiers.prefix')}>
        <span className="mono">{input?.prefix}</span>
        {input?.template && (
          <div className="muted small">
            {t('identifiers.template')} {input.template}
          </div>
        )}
      </td>
      <td data-label={t('identifiers.mode')}>{input && t(`identifiers.mode.${input.mode}`)}</td>
      <td data-label={t('state')}>
        <span className={look}>{t(word)}</span>
        {j.status === 'running' && j.total > 0 && (
          <Progress
            size="small"
            percent={Math.floor((100 * j.done) / j.total)}
            aria-label={t('identifiers.jobState.running')}
          />
        )}
        {j.error && <div className="small">{j.error}</div>}
      </td>
      <td className="num" data-label={t('identifiers.rows')}>
        {count(out?.rows)}
      </td>
      <td className="num" data-label={t('identifiers.accepted')}>
        {count(out?.accepted)}
      </td>
      <td className="num" data-label={t('identifiers.refused')}>
        {count(out?.refused)}
      </td>
      <td data-label={mayCancel || faulty ? t('actions') : ''}>
        {mayCancel && (
          <Button size="small" onClick={cancel}>
            {t('identifiers.cancelJob')}
          </Button>
        )}
        {faulty && (
          <Button size="small" onClick={show}>
            {t('identifiers.faults')}
          </Button>
        )}
      </td>
    </tr>
  )
}
