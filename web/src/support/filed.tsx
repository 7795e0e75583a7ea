import { App, Button, Input, Modal, Tag } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { DataTable } from '../ui/table'
import { supportKeys, useCauses, useFilings, usePolicies, useRecoveries, type Filing } from './queries'

/** useDo does something at the node, tells what went wrong in its words, and looks again. */
export function useDo() {
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [busy, setBusy] = useState(false)
  const work = async (path: string, body: unknown): Promise<boolean> => {
    setBusy(true)
    try {
      await post(path, body)
      await refreshed(supportKeys.all())
      await refreshed(['ledger'])
      return true
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error([e.message, ...e.faults.map((f) => f.message)].join(' '))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, work }
}

/** WordsDialog asks for words and does something with them. */
export function WordsDialog({
  title,
  label,
  close,
  send,
  busy,
}: {
  title: string
  label: string
  close: () => void
  send: (words: string) => void
  busy?: boolean
}) {
  const { t } = useI18n()
  const [words, setWords] = useState('')
  return (
    <Modal
      open
      title={title}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: words.trim().length < 3 }}
      onOk={() => send(words.trim())}
    >
      <label>
        {label}
        <Input.TextArea autoFocus rows={3} maxLength={2000} value={words} onChange={(e) => setWords(e.target.value)} />
      </label>
    </Modal>
  )
}

/** useMeasureName names a measure by its id. */
export function useMeasureName(): (id: string) => string {
  const { n } = useI18n()
  const policies = usePolicies()
  return (id) => {
    for (const d of policies.data ?? []) {
      const m = d.measures.find((x) => x.id === id)
      if (m) return n(m.name)
    }
    return id
  }
}

/** Way tells through which call for projects something was filed, and leads to where it is handled. */
export function Way({ through }: { through: NonNullable<Filing['through']> }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return <Link to={at(`projects/${through.application}`)}>{t('support.through', { call: n(through.call) })}</Link>
}

/** Filed is what the firm has filed, and what came of it. */
export function Filed() {
  const { org, may } = useHere()
  const { t, lang } = useI18n()
  const filings = useFilings(org.id)
  const named = useMeasureName()
  const { busy, work } = useDo()
  const [withdraw, setWithdraw] = useState<string>()
  const mine = (filings.data ?? []).filter((f) => f.org === org.id)
  if (mine.length === 0) return null
  return (
    <section className="panel" aria-label={t('support.filed')}>
      <header>
        <h2>{t('support.filed')}</h2>
      </header>
      <DataTable label={t('support.filed')} className="cards">
        <thead>
          <tr>
            <th scope="col">{t('support.project')}</th>
            <th scope="col">{t('support.measure')}</th>
            <th scope="col" className="num">
              {t('support.ifProven')}
            </th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('support.day')}</th>
            <th scope="col">
              <span className="hidden-text">{t('support.do')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {mine.map((f) => (
            <tr key={f.id}>
              <th scope="row">{f.name}</th>
              <td data-label={t('support.measure')}>
                <div>
                  {named(f.measure)}
                  {f.through && (
                    <div>
                      <Way through={f.through} />
                    </div>
                  )}
                </div>
              </td>
              <td className="num" data-label={t('support.ifProven')}>
                {f.outcome?.ifProven ? money(lang, f.outcome.ifProven) : '–'}
              </td>
              <td data-label={t('state')}>
                <Tag>{t(`support.filing.${f.state}` as Key)}</Tag>
              </td>
              <td data-label={t('support.day')}>{f.day}</td>
              <td>
                {f.state === 'open' && !f.through && may('configure') && (
                  <Button size="small" onClick={() => setWithdraw(f.id)}>
                    {t('support.withdraw')}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      {withdraw && (
        <WordsDialog
          title={t('support.withdraw')}
          label={t('support.reason')}
          busy={busy}
          close={() => setWithdraw(undefined)}
          send={(why) =>
            void work(`/support/filings/${withdraw}/withdrawal`, { why }).then((ok) => ok && setWithdraw(undefined))
          }
        />
      )}
    </section>
  )
}

/** Recoveries are claims on what was paid: the firm may object, the keeper decides. */
export function Recoveries() {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const list = useRecoveries(org.id)
  const causes = useCauses()
  const { busy, work } = useDo()
  const [act, setAct] = useState<{ id: string; what: 'objection' | 'upheld' | 'waived' | 'receipt' }>()
  if (!list.data || list.data.length === 0) return null
  const send = (words: string) => {
    if (!act) return
    const path = `/support/recoveries/${act.id}/`
    const body = {
      objection: { why: words },
      upheld: { upheld: true, why: words },
      waived: { upheld: false, why: words },
      receipt: { payment: words, on: new Date().toISOString().slice(0, 10) },
    }[act.what]
    const verb = act.what === 'objection' ? 'objection' : act.what === 'receipt' ? 'receipt' : 'decision'
    void work(path + verb, body).then((ok) => ok && setAct(undefined))
  }
  return (
    <section className="panel" aria-label={t('support.recoveries')}>
      <header>
        <h2>{t('support.recoveries')}</h2>
      </header>
      <ul className="plainlist">
        {list.data.map((r) => (
          <li key={r.id}>
            <div className="row wrap">
              <b>
                {money(lang, r.amount)} {t('support.yuan')}
              </b>
              <Tag>{t(`support.recovery.${r.state}` as Key)}</Tag>
              <span>{n(causes.data?.find((c) => c.id === r.cause)?.name) || r.cause}</span>
              {r.org !== org.id && <span className="muted">{n(r.orgName)}</span>}
            </div>
            <p>
              {r.why} · {t('support.clause')}：{r.clause}
            </p>
            {r.objection && (
              <p>
                {t('support.objection')}：{r.objection}
              </p>
            )}
            {r.decision && (
              <p>
                {t('support.decision')}：{r.decision}
              </p>
            )}
            {may('configure') && (
              <div className="row wrap">
                {r.org === org.id && r.state === 'claimed' && (
                  <Button size="small" onClick={() => setAct({ id: r.id, what: 'objection' })}>
                    {t('support.object', { day: r.until })}
                  </Button>
                )}
                {r.keeper === org.id && r.state === 'objected' && (
                  <>
                    <Button size="small" onClick={() => setAct({ id: r.id, what: 'upheld' })}>
                      {t('support.uphold')}
                    </Button>
                    <Button size="small" onClick={() => setAct({ id: r.id, what: 'waived' })}>
                      {t('support.waive')}
                    </Button>
                  </>
                )}
                {r.keeper === org.id && (r.state === 'claimed' || r.state === 'upheld') && (
                  <Button size="small" onClick={() => setAct({ id: r.id, what: 'receipt' })}>
                    {t('support.received')}
                  </Button>
                )}
              </div>
            )}
          </li>
        ))}
      </ul>
      {act && (
        <WordsDialog
          title={t('support.recoveries')}
          label={t(act.what === 'receipt' ? 'support.paymentRef' : 'support.reason')}
          busy={busy}
          close={() => setAct(undefined)}
          send={send}
        />
      )}
    </section>
  )
}
