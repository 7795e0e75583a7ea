import { App, Button, Form, Input, Modal } from 'antd'
import { useState } from 'react'

import { useAgreements } from '../agreements/queries'
import { post } from '../api/client'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { Handed } from './handed'
import { SealTag } from './marks'
import { figureKeys, useSeals, useSealSteps, type Kind, type Seal } from './queries'

/** A step that is about to be taken. */
export interface Step {
  doing: 'submit' | 'return' | 'accept'
  keeper: string
  kind: Kind
  period: string
  root?: string
  /** By which the keeper gives, where it is on another node. */
  agreement?: string
}

/** Periods is where the periods of an organisation stand, and those that others have handed in to it. */
export function Periods({ kind, periods }: { kind: Kind | undefined; periods: string[] }) {
  const { org, may } = useHere()
  const { t } = useI18n()
  const seals = useSeals(org.id)
  const [step, setStep] = useState<Step>()
  const [looked, setLooked] = useState<{ keeper: string; kind: string; period: string }>()
  return (
    <div className="stack">
      <section className="panel" aria-label={t('figures.handedIn')}>
        <header>
          <h2>{t('figures.handedIn')}</h2>
        </header>
        <Answer query={seals} rows={4}>
          {(list) => {
            const ours = list.filter((s) => s.period.kind === kind)
            const labels = [...new Set([...periods, ...ours.map((s) => s.period.label)])].sort().reverse()
            if (!kind || labels.length === 0) return <Blank title={t('figures.none')} />
            return (
              <SealTable
                label={t('figures.handedIn')}
                rows={labels.map((period) => ({ period, seal: ours.find((s) => s.period.label === period) }))}
                look={(period) => setLooked({ keeper: org.id, kind, period })}
                actions={({ period, seal }) =>
                  may('configure') &&
                  (!seal || seal.state === 'returned') && (
                    <Button
                      size="small"
                      aria-label={`${t('figures.step.submit')} ${period}`}
                      onClick={() => setStep({ doing: 'submit', keeper: org.id, kind, period })}
                    >
                      {t('figures.step.submit')}
                    </Button>
                  )
                }
              />
            )
          }}
        </Answer>
      </section>
      <ToUs begin={setStep} look={setLooked} />
      <Handed begin={setStep} />
      {step && <StepDialog of={step} close={() => setStep(undefined)} />}
      {looked && <StepsDialog {...looked} close={() => setLooked(undefined)} />}
    </div>
  )
}

interface SealRow {
  period: string
  seal: Seal | undefined
}

function SealTable({
  label,
  rows,
  look,
  actions,
}: {
  label: string
  rows: SealRow[]
  look: (period: string) => void
  actions: (row: SealRow) => React.ReactNode
}) {
  const { t, n } = useI18n()
  return (
    <DataTable
      label={label}
      className="cards roomy"
      columns={[
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
        {rows.map(({ period, seal: s }) => (
          <tr key={period}>
            <th scope="row">{period}</th>
            <td data-label={t('figures.state')}>
              <SealTag state={s?.state} />
            </td>
            <td data-label={t('figures.count')} className="num">
              {s?.figures ?? '–'}
            </td>
            <td data-label={t('figures.sealAsOf')} className="nowrap">
              {s ? dateTime(millis(s.asOf)) : '–'}
            </td>
            <td data-label={t('figures.by')}>{s ? [s.by.name, n(s.takerName)].filter(Boolean).join(' · ') : '–'}</td>
            <td data-label={t('figures.reason')} className="words">
              {s?.reason || '–'}
            </td>
            <td data-label={t('figures.actions')}>
              <div className="row wrap">
                {actions({ period, seal: s })}
                {s && (
                  <Button
                    size="small"
                    type="text"
                    aria-label={`${t('figures.steps')} ${period}`}
                    onClick={() => look(period)}
                  >
                    {t('figures.steps')}
                  </Button>
                )}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

/** ToUs are the periods that givers of this node have handed in, to be returned or accepted. */
function ToUs({
  begin,
  look,
}: {
  begin: (s: Step) => void
  look: (of: { keeper: string; kind: string; period: string }) => void
}) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const agreements = useAgreements(org.id, 'taker', true)
  const givers = new Map(
    (agreements.data ?? [])
      .filter(
        (a) => a.hosted && a.state === 'active' && a.detail === 'aggregate' && a.taker.org === org.id && a.giver.org,
      )
      .map((a) => [a.giver.org ?? '', n(a.giver.name)]),
  )
  if (givers.size === 0) return null
  return (
    <section className="panel" aria-label={t('figures.handedToUs')}>
      <header>
        <h2>{t('figures.handedToUs')}</h2>
      </header>
      {[...givers].map(([id, name]) => (
        <Giver key={id} id={id} name={name} begin={begin} look={look} />
      ))}
    </section>
  )
}

function Giver({
  id,
  name,
  begin,
  look,
}: {
  id: string
  name: string
  begin: (s: Step) => void
  look: (of: { keeper: string; kind: string; period: string }) => void
}) {
  const { may } = useHere()
  const { t } = useI18n()
  const seals = useSeals(id)
  return (
    <Answer query={seals} rows={2}>
      {(list) =>
        list.length === 0 ? (
          <p className="body muted">
            {name} · {t('figures.noneToUs')}
          </p>
        ) : (
          <>
            <h3 className="note">{name}</h3>
            <SealTable
              label={`${t('figures.handedToUs')} · ${name}`}
              rows={list.map((s) => ({ period: s.period.label, seal: s }))}
              look={(period) => {
                const s = list.find((x) => x.period.label === period)
                if (s) look({ keeper: id, kind: s.period.kind, period })
              }}
              actions={({ period, seal: s }) => {
                if (!may('configure') || !s || s.state === 'returned') return null
                const of = { keeper: id, kind: s.period.kind, period, root: s.root }
                return (
                  <>
                    {s.state === 'submitted' && (
                      <Button
                        size="small"
                        type="primary"
                        aria-label={`${t('figures.step.accept')} ${name} ${period}`}
                        onClick={() => begin({ ...of, doing: 'accept' })}
                      >
                        {t('figures.step.accept')}
                      </Button>
                    )}
                    <Button
                      size="small"
                      aria-label={`${t('figures.step.return')} ${name} ${period}`}
                      onClick={() => begin({ ...of, doing: 'return' })}
                    >
                      {t('figures.step.return')}
                    </Button>
                  </>
                )
              }}
            />
          </>
        )
      }
    </Answer>
  )
}

const done = { submit: 'figures.submitted', return: 'figures.returned', accept: 'figures.accepted' } as const

/** StepDialog hands a period in, or decides about one that was handed in. */
function StepDialog({ of: s, close }: { of: Step; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<{ reason?: string }>()
  const saving = useSubmit()
  const save = async (f: { reason?: string }) => {
    const body = { org: s.keeper, kind: s.kind, period: s.period, reason: f.reason?.trim() || undefined }
    const ok = await saving.run(async () => {
      if (s.doing === 'submit') await post('/figure-seals', body)
      else
        await post('/figure-seals/decisions', {
          ...body,
          taker: org.id,
          root: s.root,
          agreement: s.agreement,
          state: s.doing === 'accept' ? 'accepted' : 'returned',
        })
      await refreshed(figureKeys.all())
    }, form)
    if (!ok) return
    void message.success(t(done[s.doing]))
    close()
  }
  const label = t('figures.reason')
  return (
    <Modal
      open
      title={t(`figures.stepTitle.${s.doing}`, { period: s.period })}
      okText={t(`figures.step.${s.doing}`)}
      okButtonProps={{ danger: s.doing === 'return' }}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
    >
      <Form form={form} layout="vertical" onFinish={(f: { reason?: string }) => void save(f)}>
        <p style={{ marginBottom: 12 }}>{t(`figures.stepText.${s.doing}`)}</p>
        {saving.problem && <Fault problem={saving.problem} except={['reason']} />}
        <Form.Item
          name="reason"
          label={label}
          rules={s.doing === 'return' ? [{ required: true, message: t('field.missing', { name: label }) }] : []}
        >
          <Input.TextArea maxLength={2000} autoSize={{ minRows: 2 }} />
        </Form.Item>
      </Form>
    </Modal>
  )
}

function StepsDialog({
  keeper,
  kind,
  period,
  close,
}: {
  keeper: string
  kind: string
  period: string
  close: () => void
}) {
  const { t, n } = useI18n()
  const steps = useSealSteps(keeper, kind, period)
  return (
    <Modal open width={680} title={t('figures.stepsTitle', { period })} footer={null} onCancel={close}>
      <Answer query={steps} rows={3}>
        {(list) => (
          <DataTable
            label={t('figures.stepsTitle', { period })}
            className="roomy"
            columns={['figures.when', 'figures.state', 'figures.by', 'figures.reason', 'figures.root']}
          >
            <tbody>
              {list.map((s) => (
                <tr key={s.step}>
                  <th scope="row" className="nowrap">
                    {dateTime(millis(s.at))}
                  </th>
                  <td>
                    <SealTag state={s.state} />
                  </td>
                  <td>{[s.by.name, n(s.takerName)].filter(Boolean).join(' · ')}</td>
                  <td className="words">{s.reason || '–'}</td>
                  <td>
                    <code title={s.root}>{s.root.slice(0, 12)}</code>
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
