import { PrinterOutlined } from '@ant-design/icons'
import { App, Button, Input, Segmented, Select } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { post, put } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { checkupKeys, points, useCheckup, usePrescription, type Detail, type Prescription } from '../checkup/queries'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'

import '../checkup/checkup.css'

/** PrescriptionPage tells what to do next: the gaps, and the cheapest path to a level. */
export function PrescriptionPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const detail = useCheckup(id)
  return (
    <>
      <PageHead
        title={t('checkup.prescription')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
          { label: detail.data ? n(detail.data.form.name) : t('checkup.result'), to: at(`checkup/${id}/result`) },
        ]}
      >
        <Button icon={<PrinterOutlined aria-hidden />} onClick={() => window.print()}>
          {t('checkup.print')}
        </Button>
      </PageHead>
      <Answer query={detail} rows={8}>
        {(d) => (
          <div className="stack">
            <Steps detail={d} />
          </div>
        )}
      </Answer>
    </>
  )
}

function Steps({ detail: d }: { detail: Detail }) {
  const { t, n } = useI18n()
  const id = d.checkup.id
  const [target, setTarget] = useState(0)
  const [grade, setGrade] = useState('E0')
  const prescription = usePrescription(id, target, grade, JSON.stringify(d.checkup.quotes))
  const refreshed = useRefreshed()
  const { message } = App.useApp()
  const { may } = useHere()
  const quote = async (question: string, to: string, cost: string) => {
    const costs = { ...d.checkup.quotes.costs }
    const others = Object.entries(costs[question] ?? {}).filter(([x]) => x !== to)
    costs[question] = Object.fromEntries(cost === '' ? others : [...others, [to, Number(cost)]])
    try {
      await put(`/checkups/${id}/quotes`, { ...d.checkup.quotes, costs })
      await refreshed(checkupKeys.one(id))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <section className="panel" aria-label={t('checkup.path')}>
        <header>
          <h2>{t('checkup.path')}</h2>
        </header>
        <div className="body">
          <div className="row wrap no-print" style={{ gap: 10, marginBottom: 10 }}>
            <Select
              aria-label={t('checkup.target')}
              style={{ minWidth: 190 }}
              value={target}
              onChange={setTarget}
              options={[
                { value: 0, label: t('checkup.next1') },
                ...d.form.levels.map((l) => ({ value: l.level, label: n(l.name) })),
              ]}
            />
            <Segmented
              aria-label={t('checkup.from')}
              value={grade}
              onChange={(v) => setGrade(v)}
              options={[
                { value: 'E0', label: t('checkup.declared') },
                { value: 'E1', label: t('checkup.evidenced') },
              ]}
            />
          </div>
          <Answer query={prescription} rows={4}>
            {(p) =>
              p.plan ? (
                <Plan
                  key={JSON.stringify(p.quotes)}
                  prescription={p}
                  detail={d}
                  quote={may('operate') ? quote : undefined}
                />
              ) : (
                <p>{t(`checkup.why.${p.why ?? 'top'}` as 'checkup.why.top')}</p>
              )
            }
          </Answer>
        </div>
      </section>
      {prescription.data && <Gaps prescription={prescription.data} detail={d} />}
    </>
  )
}

function Plan({
  prescription: p,
  detail: d,
  quote,
}: {
  prescription: Prescription
  detail: Detail
  quote: ((question: string, to: string, cost: string) => Promise<void>) | undefined
}) {
  const { t, n } = useI18n()
  const plan = p.plan
  if (!plan) return null
  return (
    <>
      <p>
        <strong>
          {t('checkup.pathTo', {
            name: n(d.form.levels.find((l) => l.level === plan.reached)?.name),
            cost: plan.cost,
            unit: n(plan.unit),
            n: plan.steps.length,
          })}
        </strong>
      </p>
      <p className="muted">{plan.estimated ? n(d.form.costs.note) : t('checkup.ownPrices')}</p>
      <ol className="steps2">
        {plan.steps.map((s) => (
          <li key={`${s.question}/${s.to}`}>
            {n(s.text)}
            {s.kind === 'improve' && quote && (
              <label className="row no-print" style={{ gap: 8, marginTop: 4 }}>
                <span className="muted">{t('checkup.ownPrice')}</span>
                <Input
                  style={{ width: 110 }}
                  inputMode="numeric"
                  aria-label={t('checkup.ownPriceOf', { name: n(s.text) })}
                  defaultValue={p.quotes.costs?.[s.question]?.[s.to]?.toString() ?? ''}
                  placeholder={String(s.cost)}
                  onBlur={(e) => {
                    const v = e.target.value.replace(/[^0-9]/g, '')
                    if (v !== (p.quotes.costs?.[s.question]?.[s.to]?.toString() ?? '')) void quote(s.question, s.to, v)
                  }}
                />
              </label>
            )}
          </li>
        ))}
      </ol>
    </>
  )
}

function Gaps({ prescription: p, detail: d }: { prescription: Prescription; detail: Detail }) {
  const { at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const [busy, setBusy] = useState(false)
  const gaps = p.needs.filter((x) => x.kind !== 'evidence')
  const proof = p.needs.filter((x) => x.kind === 'evidence')
  const cost = (question: string, to: string) =>
    d.form.questions.find((q) => q.id === question)?.choices.find((c) => c.id === to)?.cost ?? 0
  // What gives most for least, by the pack's estimates.
  const quick = new Set(
    [...gaps]
      .filter((x) => x.points > 0)
      .sort((a, b) => b.points / Math.max(1, cost(b.question, b.to)) - a.points / Math.max(1, cost(a.question, a.to)))
      .slice(0, 3),
  )
  const rows = [...gaps].sort((a, b) => Number(quick.has(b)) - Number(quick.has(a)))
  const fileAll = async () => {
    setBusy(true)
    try {
      const { filed } = await post<{ filed: number }>(`/checkups/${d.checkup.id}/needs`, {})
      void message.success(t('checkup.filed', { n: filed }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="panel" aria-label={t('checkup.gaps')}>
      <header>
        <h2>{t('checkup.gapsN', { n: gaps.length })}</h2>
        {p.fileable && may('operate') && (
          <div className="actions">
            <Button loading={busy} onClick={() => void fileAll()}>
              {t('checkup.fileAll')}
            </Button>
          </div>
        )}
      </header>
      <div className="body">
        {rows.map((x) => (
          <div className="gap" key={`${x.question}/${x.to}`}>
            <div>
              {quick.has(x) && <span className="tag good">{t('checkup.quick')}</span>}{' '}
              {x.binding && <span className="tag info">{t('checkup.binding')}</span>} {n(x.text)}{' '}
              {x.points > 0 && <strong className="nowrap">+{points(x.points)}</strong>}
            </div>
            {d.checkup.state === 'submitted' && (
              <Link
                className="ant-btn no-print"
                to={at(`needs?file=${encodeURIComponent(x.kind)}&origin=${encodeURIComponent(x.origin)}`)}
              >
                {t('checkup.findHelp')}
              </Link>
            )}
          </div>
        ))}
        {proof.length > 0 && (
          <details>
            <summary>{t('checkup.toProve', { n: proof.length })}</summary>
            <ul className="items">
              {proof.map((x) => (
                <li key={x.question}>{n(x.text)}</li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </section>
  )
}
