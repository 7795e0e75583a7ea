import { App, Button, Input, Modal, Select, Tabs, Tag } from 'antd'
import { useState } from 'react'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { fenOf, money } from '../fields/field'
import { sendFile, withQuery } from '../fields/transfer'
import { download } from '../files/transfer'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import {
  useChart,
  useCommitments,
  useDifferences,
  useEntriesOf,
  useFunds,
  useLines,
  useMovements,
  useTrial,
  type Commitment,
  type Taken,
} from '../ledger/queries'
import { Filings } from '../ledger/filings'
import { Recoveries, useDo, WordsDialog } from '../support/filed'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../support/support.css'

/** LedgerPage is the officer's book: funds and budget, commitments, payments, the bank, the journal. */
export function LedgerPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const trial = useTrial(org.id)
  const [adding, setAdding] = useState<'fund' | 'budget'>()
  const give = async () => {
    try {
      const name = await download(
        withQuery('/ledger/export', [
          ['org', org.id],
          ['format', 'xlsx'],
        ]),
        {},
        lang,
      )
      void message.success(t('files.saved', { name }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead
        title={t('ledger.title')}
        crumbs={[{ label: n(org.name), to: at() }]}
        after={
          trial.data && (
            <Tag color={trial.data.balanced ? 'success' : 'error'}>
              {t(trial.data.balanced ? 'ledger.balanced' : 'ledger.unbalanced')}
            </Tag>
          )
        }
      >
        {may('configure') && (
          <>
            <Button onClick={() => setAdding('fund')}>{t('ledger.addFund')}</Button>
            <Button type="primary" onClick={() => setAdding('budget')}>
              {t('ledger.appropriate')}
            </Button>
          </>
        )}
        <Button onClick={() => void give()}>{t('ledger.export')}</Button>
      </PageHead>
      <Budget />
      <Tabs
        className="wrapped"
        more={{ icon: <span>{t('ledger.more')}</span> }}
        items={[
          { key: 'commitments', label: t('ledger.commitments'), children: <Commitments /> },
          { key: 'filings', label: t('ledger.filings'), children: <Filings /> },
          { key: 'payments', label: t('ledger.payments'), children: <Payments /> },
          { key: 'bank', label: t('ledger.bank'), children: <Bank /> },
          { key: 'recoveries', label: t('support.recoveries'), children: <Recoveries /> },
          { key: 'journal', label: t('ledger.journal'), children: <Journal /> },
        ]}
      />
      {adding && <Add what={adding} close={() => setAdding(undefined)} />}
    </>
  )
}

const columns = ['appropriated', 'free', 'committed', 'paid', 'recovered', 'payable', 'claims'] as const

function Budget() {
  const { org } = useHere()
  const { t, n, lang } = useI18n()
  const lines = useLines(org.id)
  const funds = useFunds(org.id)
  const chart = useChart()
  const name = (account: string) => n(chart.data?.accounts.find((a) => a.id === account)?.name) || account
  return (
    <section className="panel" aria-label={t('ledger.budget')}>
      <header>
        <h2>{t('ledger.budget')}</h2>
      </header>
      <Answer
        query={lines}
        rows={3}
        empty={(l) => l.length === 0 && <Blank title={t('ledger.noBudget')}>{t('ledger.noBudgetHelp')}</Blank>}
      >
        {(list) => (
          <DataTable label={t('ledger.budget')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('ledger.fund')}</th>
                <th scope="col">{t('ledger.year')}</th>
                {columns.map((c) => (
                  <th key={c} scope="col" className="num">
                    {name(c)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {list.map((l) => (
                <tr key={`${l.fund} ${l.year}`}>
                  <th scope="row">{n(funds.data?.find((f) => f.id === l.fund)?.name) || l.fund}</th>
                  <td data-label={t('ledger.year')}>{l.year}</td>
                  {columns.map((c) => (
                    <td key={c} className="num" data-label={name(c)}>
                      {money(lang, l.balances[c] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

type Doing = 'pay' | 'release'

function Commitments() {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const commitments = useCommitments(org.id)
  const [act, setAct] = useState<{ c: Commitment; what: Doing }>()
  return (
    <section className="panel" aria-label={t('ledger.commitments')}>
      <Answer query={commitments} empty={(l) => l.length === 0 && <Blank title={t('ledger.noCommitments')} />}>
        {(list) => (
          <DataTable label={t('ledger.commitments')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('ledger.ref')}</th>
                <th scope="col">{t('ledger.memo')}</th>
                {(['amount', 'open', 'paid', 'claimed', 'recovered'] as const).map((k) => (
                  <th key={k} scope="col" className="num">
                    {t(`ledger.${k}`)}
                  </th>
                ))}
                <th scope="col">
                  <span className="hidden-text">{t('support.do')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((c) => (
                <tr key={c.ref}>
                  <th scope="row">
                    <code className="clamp" title={c.ref}>
                      {c.ref}
                    </code>
                  </th>
                  <td data-label={t('ledger.memo')}>{n(c.memo)}</td>
                  <td className="num" data-label={t('ledger.amount')}>
                    {money(lang, c.amount)}
                  </td>
                  <td className="num" data-label={t('ledger.open')}>
                    {money(lang, c.committed)}
                  </td>
                  <td className="num" data-label={t('ledger.paid')}>
                    {money(lang, c.paid)}
                  </td>
                  <td className="num" data-label={t('ledger.claimed')}>
                    {money(lang, c.claimed)}
                  </td>
                  <td className="num" data-label={t('ledger.recovered')}>
                    {money(lang, c.recovered)}
                  </td>
                  <td>
                    {may('configure') && c.committed > 0 && !c.ref.startsWith('voucher-') && (
                      <span className="row">
                        <Button size="small" onClick={() => setAct({ c, what: 'pay' })}>
                          {t('ledger.pay')}
                        </Button>
                        <Button size="small" onClick={() => setAct({ c, what: 'release' })}>
                          {t('ledger.release')}
                        </Button>
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
      {act && <Move c={act.c} what={act.what} close={() => setAct(undefined)} />}
    </section>
  )
}

function Move({ c, what, close }: { c: Commitment; what: Doing; close: () => void }) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { busy, work } = useDo()
  const [yuan, setYuan] = useState('')
  const [id, setID] = useState('')
  const [on, setOn] = useState(() => new Date().toISOString().slice(0, 10))
  const [words, setWords] = useState('')
  const amount = fenOf(yuan)
  const ready = amount !== undefined && amount > 0 && (what === 'pay' ? id.trim() && on : words.trim().length > 2)
  const send = () =>
    what === 'pay'
      ? work('/ledger/movements', { org: org.id, ref: c.ref, kind: 'pay', id, amount, on, document: words })
      : work('/ledger/releases', { org: org.id, ref: c.ref, amount, why: words })
  return (
    <Modal
      open
      title={t(what === 'pay' ? 'ledger.pay' : 'ledger.release')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !ready }}
      onOk={() => void send().then((ok) => ok && close())}
    >
      <p className="muted">{t('ledger.leftOf', { n: money(lang, c.committed) })}</p>
      <div className="formrow" style={{ padding: 0 }}>
        <label>
          {t('support.amount')}
          <Input
            value={yuan}
            inputMode="decimal"
            suffix={t('support.yuan')}
            onChange={(e) => setYuan(e.target.value)}
          />
        </label>
        {what === 'pay' && (
          <>
            <label>
              {t('support.paymentRef')}
              <Input value={id} maxLength={120} onChange={(e) => setID(e.target.value)} />
            </label>
            <label>
              {t('support.day')}
              <Input type="date" value={on} onChange={(e) => setOn(e.target.value)} />
            </label>
          </>
        )}
        <label style={{ flex: '1 1 100%' }}>
          {t(what === 'pay' ? 'ledger.document' : 'support.reason')}
          <Input value={words} maxLength={200} onChange={(e) => setWords(e.target.value)} />
        </label>
      </div>
    </Modal>
  )
}

function Payments() {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const movements = useMovements(org.id)
  return (
    <section className="panel" aria-label={t('ledger.payments')}>
      <Answer query={movements} empty={(l) => l.length === 0 && <Blank title={t('ledger.noPayments')} />}>
        {(list) => (
          <DataTable label={t('ledger.payments')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('support.paymentRef')}</th>
                <th scope="col">{t('ledger.kind')}</th>
                <th scope="col" className="num">
                  {t('support.amount')}
                </th>
                <th scope="col">{t('support.day')}</th>
                <th scope="col">{t('ledger.ref')}</th>
                <th scope="col">{t('state')}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((m) => (
                <tr key={`${m.ref} ${m.id}`}>
                  <th scope="row">
                    <code className="clamp">{m.id}</code>
                  </th>
                  <td data-label={t('ledger.kind')}>{t(`ledger.kind.${m.kind}` as Key)}</td>
                  <td className="num" data-label={t('support.amount')}>
                    {money(lang, m.amount)}
                  </td>
                  <td data-label={t('support.day')}>{m.day}</td>
                  <td data-label={t('ledger.ref')}>
                    <code className="clamp">{m.ref}</code>
                  </td>
                  <td data-label={t('state')}>{t(`ledger.state.${m.state}` as Key)}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function Bank() {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const differences = useDifferences(org.id)
  const { busy, work } = useDo()
  const [file, setFile] = useState<File>()
  const [taken, setTaken] = useState<Taken>()
  const [match, setMatch] = useState<{ statement: string; line: number; ref: string; payment: string }>()
  const send = async (f: File, dryRun: boolean) => {
    try {
      const out = await sendFile<Taken>(
        '/ledger/statements',
        { org: org.id, name: f.name, dryRun },
        f,
        lang,
        new AbortController().signal,
      )
      setTaken(out)
      if (out.applied) {
        setFile(undefined)
        await refreshed(['ledger'])
        void message.success(t('ledger.taken', { n: out.matched }))
      }
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
      setFile(undefined)
    }
  }
  return (
    <section className="panel" aria-label={t('ledger.bank')}>
      {may('configure') && (
        <div className="formrow">
          <label>
            {t('ledger.statement')}
            <input
              type="file"
              accept=".csv,.xlsx"
              onChange={(e) => {
                const f = e.target.files?.[0]
                setFile(f)
                if (f) void send(f, true)
              }}
            />
          </label>
          {file && taken && !taken.applied && taken.faults.length === 0 && (
            <Button type="primary" onClick={() => void send(file, false)}>
              {t('ledger.take', { n: taken.lines.length, matched: taken.matched })}
            </Button>
          )}
        </div>
      )}
      {taken && taken.faults.length > 0 && (
        <div className="fault" role="alert" style={{ margin: '0 16px 12px' }}>
          <p>
            <strong>{t('ledger.faults', { n: taken.faults.length })}</strong>
          </p>
          <ul>
            {taken.faults.slice(0, 50).map((f, i) => (
              <li key={i}>
                <code>{f.cell}</code> {f.value} · {n(f.text)} <span className="muted">{n(f.mend)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <Answer query={differences} empty={(l) => l.length === 0 && <Blank title={t('ledger.noDifferences')} />}>
        {(list) => (
          <DataTable label={t('ledger.differences')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('ledger.difference')}</th>
                <th scope="col">{t('ledger.inBank')}</th>
                <th scope="col">{t('ledger.inBook')}</th>
                <th scope="col">
                  <span className="hidden-text">{t('support.do')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((d, i) => {
                const same = list.find(
                  (x) =>
                    x.kind === 'book' &&
                    d.line &&
                    x.payment &&
                    (x.payment.kind === 'pay' ? -x.payment.amount : x.payment.amount) === d.line.amount,
                )
                return (
                  <tr key={i}>
                    <th scope="row">{t(`ledger.difference.${d.kind}`)}</th>
                    <td data-label={t('ledger.inBank')}>
                      {d.line
                        ? `${d.line.day} ${d.line.reference} ${money(lang, d.line.amount)} ${d.line.party ?? ''}`
                        : '–'}
                    </td>
                    <td data-label={t('ledger.inBook')}>
                      {d.payment ? `${d.payment.day} ${d.payment.id} ${money(lang, d.payment.amount)}` : '–'}
                    </td>
                    <td>
                      {may('configure') && d.kind === 'bank' && d.line?.statement && same?.payment && (
                        <Button
                          size="small"
                          onClick={() =>
                            setMatch({
                              statement: d.line?.statement ?? '',
                              line: d.line?.line ?? 0,
                              ref: same.payment?.ref ?? '',
                              payment: same.payment?.id ?? '',
                            })
                          }
                        >
                          {t('ledger.match', { id: same.payment.id })}
                        </Button>
                      )}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </DataTable>
        )}
      </Answer>
      {match && (
        <WordsDialog
          title={t('ledger.match', { id: match.payment })}
          label={t('support.reason')}
          busy={busy}
          close={() => setMatch(undefined)}
          send={(why) => void work('/ledger/matches', { ...match, why }).then((ok) => ok && setMatch(undefined))}
        />
      )}
    </section>
  )
}

function Journal() {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const entries = useEntriesOf(org.id)
  const chart = useChart()
  const { busy, work } = useDo()
  const [undo, setUndo] = useState<string>()
  const account = (id: string) => n(chart.data?.accounts.find((a) => a.id === id)?.name) || id
  const act = (id: string) => n(chart.data?.acts.find((a) => a.id === id)?.name) || id
  const undoable = ['budget', 'journal', 'release', 'pay', 'claim', 'waive', 'receive']
  return (
    <section className="panel" aria-label={t('ledger.journal')}>
      <Answer query={entries} empty={(l) => l.length === 0 && <Blank title={t('ledger.noEntries')} />}>
        {(list) => (
          <DataTable label={t('ledger.journal')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('ledger.number')}</th>
                <th scope="col">{t('support.day')}</th>
                <th scope="col">{t('ledger.act')}</th>
                <th scope="col">{t('ledger.lines')}</th>
                <th scope="col" className="num">
                  {t('support.amount')}
                </th>
                <th scope="col">{t('ledger.by')}</th>
                <th scope="col">
                  <span className="hidden-text">{t('support.do')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((e) => (
                <tr key={e.id}>
                  <th scope="row">{e.number}</th>
                  <td data-label={t('support.day')}>{e.day}</td>
                  <td data-label={t('ledger.act')}>
                    {act(e.act)} {e.reverses && <Tag>{t('ledger.reversal')}</Tag>}{' '}
                    {e.reversed && <Tag>{t('ledger.reversed')}</Tag>}
                    {(e.why ?? n(e.memo)) && <div className="muted clamp">{e.why ?? n(e.memo)}</div>}
                  </td>
                  <td data-label={t('ledger.lines')}>
                    {e.lines.map((l, i) => (
                      <div key={i} className="nowrap">
                        {t(l.debit ? 'ledger.debit' : 'ledger.credit')} {account(l.account)}
                      </div>
                    ))}
                  </td>
                  <td className="num" data-label={t('support.amount')}>
                    {money(lang, e.amount)}
                  </td>
                  <td data-label={t('ledger.by')}>{e.by.name}</td>
                  <td>
                    {may('configure') && !e.reverses && !e.reversed && undoable.includes(e.act) && (
                      <Button size="small" onClick={() => setUndo(e.id)}>
                        {t('ledger.reverse')}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
      {undo && (
        <WordsDialog
          title={t('ledger.reverse')}
          label={t('support.reason')}
          busy={busy}
          close={() => setUndo(undefined)}
          send={(why) => void work(`/ledger/entries/${undo}/reversal`, { why }).then((ok) => ok && setUndo(undefined))}
        />
      )}
    </section>
  )
}

function Add({ what, close }: { what: 'fund' | 'budget'; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const funds = useFunds(org.id)
  const { busy, work } = useDo()
  const [id, setID] = useState('')
  const [name, setName] = useState('')
  const [line, setLine] = useState('')
  const [fund, setFund] = useState<string>()
  const [year, setYear] = useState(String(new Date().getFullYear()))
  const [yuan, setYuan] = useState('')
  const [document, setDocument] = useState('')
  const [why, setWhy] = useState('')
  const amount = fenOf(yuan)
  const ready = what === 'fund' ? id && name : fund && /^\d{4}$/.test(year) && amount && why.trim().length > 2
  const send = () =>
    what === 'fund'
      ? work('/ledger/funds', { org: org.id, id, name: { zh: name, en: name }, line })
      : work('/ledger/budget', { org: org.id, fund, year: Number(year), amount, document, why })
  return (
    <Modal
      open
      title={t(what === 'fund' ? 'ledger.addFund' : 'ledger.appropriate')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !ready }}
      onOk={() => void send().then((ok) => ok && close())}
    >
      <div className="formrow" style={{ padding: 0 }}>
        {what === 'fund' ? (
          <>
            <label>
              {t('ledger.fundID')}
              <Input value={id} maxLength={60} placeholder="gz2018" onChange={(e) => setID(e.target.value)} />
            </label>
            <label>
              {t('ledger.fundName')}
              <Input value={name} maxLength={120} onChange={(e) => setName(e.target.value)} />
            </label>
            <label>
              {t('ledger.fundLine')}
              <Input value={line} maxLength={60} onChange={(e) => setLine(e.target.value)} />
            </label>
          </>
        ) : (
          <>
            <label>
              {t('ledger.fund')}
              <Select
                aria-label={t('ledger.fund')}
                value={fund}
                onChange={setFund}
                options={(funds.data ?? []).map((f) => ({ value: f.id, label: n(f.name) }))}
              />
            </label>
            <label>
              {t('ledger.year')}
              <Input value={year} inputMode="numeric" onChange={(e) => setYear(e.target.value)} />
            </label>
            <label>
              {t('ledger.amountHelp')}
              <Input
                value={yuan}
                inputMode="decimal"
                suffix={t('support.yuan')}
                onChange={(e) => setYuan(e.target.value)}
              />
            </label>
            <label>
              {t('ledger.document')}
              <Input value={document} maxLength={200} onChange={(e) => setDocument(e.target.value)} />
            </label>
            <label style={{ flex: '1 1 100%' }}>
              {t('support.reason')}
              <Input value={why} maxLength={500} onChange={(e) => setWhy(e.target.value)} />
            </label>
          </>
        )}
      </div>
    </Modal>
  )
}
