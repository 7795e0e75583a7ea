import { Button, Modal } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import { SealTag } from './marks'
import { useHanded, useHandedSteps, type Handed as HandedPeriod } from './queries'
import type { Step } from './seals'

interface Of {
  agreement: string
  kind: HandedPeriod['period']['kind']
  period: string
}

/** Handed are the periods that givers on other nodes have handed in, to be returned or accepted. */
export function Handed({ begin }: { begin: (s: Step) => void }) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const handed = useHanded(org.id)
  const [looked, setLooked] = useState<Of>()
  if (!handed.data?.length) return null
  const title = t('figures.handedFromNodes')
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <DataTable
        label={title}
        className="cards roomy"
        columns={[
          'figures.whose',
          'figures.period',
          'figures.state',
          { num: 'figures.count' },
          'figures.sealAsOf',
          'figures.by',
          'figures.reason',
          { hidden: 'figures.actions' },
        ]}
      >
        <tbody>
          {handed.data.map((h) => {
            const of: Of = { agreement: h.agreement, kind: h.period.kind, period: h.period.label }
            const step = { keeper: org.id, ...of, root: h.root }
            const name = `${n(h.giver)} ${h.period.label}`
            return (
              <tr key={h.agreement + h.period.kind + h.period.label}>
                <th scope="row">{n(h.giver)}</th>
                <td data-label={t('figures.period')}>{h.period.label}</td>
                <td data-label={t('figures.state')}>
                  <div className="row wrap">
                    <SealTag state={h.state} />
                    {h.waiting && (
                      <span className="tag" title={t('figures.handed.waitingHelp')}>
                        {t('figures.handed.waiting')}
                      </span>
                    )}
                    {h.later > 0 && (
                      <span className="tag warning" title={t('figures.handed.laterHelp')}>
                        {t('figures.handed.later', { n: String(h.later) })}
                      </span>
                    )}
                  </div>
                </td>
                <td data-label={t('figures.count')} className="num">
                  {h.here < h.figures
                    ? t('figures.handed.partly', { here: String(h.here), of: String(h.figures) })
                    : h.figures}
                </td>
                <td data-label={t('figures.sealAsOf')} className="nowrap">
                  {dateTime(millis(h.asOf))}
                </td>
                <td data-label={t('figures.by')}>{h.by || '–'}</td>
                <td data-label={t('figures.reason')} className="words">
                  {h.reason || '–'}
                </td>
                <td data-label={t('figures.actions')}>
                  <div className="row wrap">
                    {may('configure') && h.state === 'submitted' && (
                      <Button
                        size="small"
                        type="primary"
                        aria-label={`${t('figures.step.accept')} ${name}`}
                        onClick={() => begin({ ...step, doing: 'accept' })}
                      >
                        {t('figures.step.accept')}
                      </Button>
                    )}
                    {may('configure') && h.state !== 'returned' && (
                      <Button
                        size="small"
                        aria-label={`${t('figures.step.return')} ${name}`}
                        onClick={() => begin({ ...step, doing: 'return' })}
                      >
                        {t('figures.step.return')}
                      </Button>
                    )}
                    <Button
                      size="small"
                      type="text"
                      aria-label={`${t('figures.steps')} ${name}`}
                      onClick={() => setLooked(of)}
                    >
                      {t('figures.steps')}
                    </Button>
                  </div>
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
      {looked && <HandedSteps of={looked} close={() => setLooked(undefined)} />}
    </section>
  )
}

/** HandedSteps is what was handed in and decided of one period, with what became of each decision. */
function HandedSteps({ of, close }: { of: Of; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const steps = useHandedSteps(org.id, of)
  const title = t('figures.stepsTitle', { period: of.period })
  return (
    <Modal open width={720} title={title} footer={null} onCancel={close}>
      <Answer query={steps} rows={3}>
        {(list) => (
          <DataTable
            label={title}
            className="roomy"
            columns={['figures.when', 'figures.state', 'figures.by', 'figures.reason', 'figures.root']}
          >
            <tbody>
              {list.map((s) => (
                <tr key={`${s.at} ${s.decided}`}>
                  <th scope="row" className="nowrap">
                    {dateTime(millis(s.at))}
                  </th>
                  <td>
                    <SealTag state={s.state} />{' '}
                    <span className="muted">{t(s.decided ? 'figures.handed.decided' : 'figures.handed.told')}</span>{' '}
                    {s.outcome === 'waiting' && <span className="tag">{t('figures.handed.waiting')}</span>}
                  </td>
                  <td>{s.by || '–'}</td>
                  <td className="words">
                    {s.reason || '–'}
                    {s.outcome === 'refused' && (
                      <p className="error">{t('figures.handed.refused', { why: n(s.why) })}</p>
                    )}
                  </td>
                  <td>
                    <code title={s.root}>{s.root?.slice(0, 12)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </Modal>
  )
}
