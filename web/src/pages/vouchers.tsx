import { Button, Input, Modal, Select, Tag } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { fenOf, money } from '../fields/field'
import { useI18n, type Key } from '../i18n'
import { useEntries } from '../registers/queries'
import { useDo, WordsDialog } from '../support/filed'
import { useProviders, useVouchers, type Voucher } from '../support/queries'
import { useFunds } from '../ledger/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../support/support.css'

type Act = 'delivery' | 'good' | 'bad' | 'redemption'

/** VouchersPage is the page of vouchers, of the three sides: who issues and pays, who holds, who is paid with them. */
export function VouchersPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const vouchers = useVouchers(org.id)
  const funds = useFunds(org.id)
  const { busy, work } = useDo()
  const [act, setAct] = useState<{ v: Voucher; what: Act }>()
  const [spending, setSpending] = useState<Voucher>()
  const [issuing, setIssuing] = useState(false)
  const mine = may('configure')
  const send = (words: string) => {
    if (!act) return
    const path = `/support/vouchers/${act.v.id}/`
    const [verb, body]: [string, unknown] =
      act.what === 'delivery'
        ? ['delivery', { what: words }]
        : act.what === 'redemption'
          ? ['redemption', { payment: words, on: new Date().toISOString().slice(0, 10) }]
          : ['confirmation', { good: act.what === 'good', what: words }]
    void work(path + verb, body).then((ok) => ok && setAct(undefined))
  }
  const doing = (v: Voucher) => (
    <>
      {v.holder === org.id && v.state === 'held' && (
        <Button type="primary" onClick={() => setSpending(v)}>
          {t('support.spend')}
        </Button>
      )}
      {v.provider === org.id && v.state === 'spent' && (
        <Button type="primary" onClick={() => setAct({ v, what: 'delivery' })}>
          {t('support.deliver')}
        </Button>
      )}
      {v.holder === org.id && v.state === 'delivered' && (
        <>
          <Button type="primary" onClick={() => setAct({ v, what: 'good' })}>
            {t('support.confirmGood')}
          </Button>
          <Button onClick={() => setAct({ v, what: 'bad' })}>{t('support.confirmBad')}</Button>
        </>
      )}
      {v.keeper === org.id && v.state === 'confirmed' && (
        <Button type="primary" onClick={() => setAct({ v, what: 'redemption' })}>
          {t('support.redeem')}
        </Button>
      )}
    </>
  )
  return (
    <>
      <PageHead title={t('support.vouchers')} crumbs={[{ label: n(org.name), to: at() }]}>
        {mine && (funds.data?.length ?? 0) > 0 && (
          <Button type="primary" onClick={() => setIssuing(true)}>
            {t('support.issue')}
          </Button>
        )}
      </PageHead>
      <section className="panel" aria-label={t('support.vouchers')}>
        <Answer
          query={vouchers}
          empty={(l) => l.length === 0 && <Blank title={t('support.noVouchers')}>{t('support.noVouchersHelp')}</Blank>}
        >
          {(list) => (
            <ul className="plainlist">
              {list.map((v) => (
                <li key={v.id}>
                  <div className="row wrap">
                    <b>
                      {money(lang, v.amount)} {t('support.yuan')}
                    </b>
                    <Tag color={v.state === 'redeemed' ? 'success' : v.state === 'expired' ? 'default' : 'processing'}>
                      {t(`support.voucher.${v.state}` as Key)}
                    </Tag>
                    <code>{v.number}</code>
                  </div>
                  <p>
                    {v.purpose} · {t('support.until', { day: v.expires })}
                  </p>
                  <p className="muted">
                    {t('support.parties', {
                      keeper: n(v.keeperName),
                      holder: n(v.holderName),
                      provider: n(v.providerName) || t('support.nobody'),
                    })}
                  </p>
                  {v.contract && (
                    <p>
                      {t('support.contract')}：{v.contract}
                    </p>
                  )}
                  {v.delivery && (
                    <p>
                      {t('support.providerSays')}：{v.delivery}
                    </p>
                  )}
                  {v.reply && (
                    <p>
                      {t('support.holderSays')}：{v.reply}
                    </p>
                  )}
                  {mine && <div className="row wrap">{doing(v)}</div>}
                </li>
              ))}
            </ul>
          )}
        </Answer>
      </section>
      {act && (
        <WordsDialog
          title={act.v.number}
          label={t(act.what === 'redemption' ? 'support.paymentRef' : 'support.words')}
          busy={busy}
          close={() => setAct(undefined)}
          send={send}
        />
      )}
      {spending && <Spend v={spending} close={() => setSpending(undefined)} />}
      {issuing && <Issue close={() => setIssuing(false)} />}
    </>
  )
}

function Spend({ v, close }: { v: Voucher; close: () => void }) {
  const { t, n } = useI18n()
  const providers = useProviders()
  const { busy, work } = useDo()
  const [provider, setProvider] = useState<string>()
  const [contract, setContract] = useState('')
  return (
    <Modal
      open
      title={t('support.spend')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !provider || contract.trim().length < 3 }}
      onOk={() => void work(`/support/vouchers/${v.id}/spending`, { provider, contract }).then((ok) => ok && close())}
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.provider')}
          <Select
            aria-label={t('support.provider')}
            value={provider}
            onChange={setProvider}
            loading={providers.isPending}
            notFoundContent={t('support.noProviders')}
            options={(providers.data ?? []).map((p) => ({ value: p.org, label: n(p.name) }))}
          />
        </label>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.contract')}
          <Input value={contract} maxLength={500} onChange={(e) => setContract(e.target.value)} />
        </label>
      </div>
    </Modal>
  )
}

/** Firm chooses an enterprise of the register that has joined the node. */
export function Firm({ value, onChange }: { value: string | undefined; onChange: (org: string) => void }) {
  const { t, lang } = useI18n()
  const [words, setWords] = useState('')
  const firms = useEntries('enterprises', { q: words || undefined, where: [] }, undefined)
  return (
    <Select
      showSearch={{ filterOption: false, onSearch: setWords }}
      aria-label={t('support.holder')}
      value={value}
      onChange={onChange}
      notFoundContent={t('support.noFirms')}
      options={(firms.data?.items ?? [])
        .filter((e) => e.subject)
        .map((e) => ({ value: e.subject ?? '', label: String((lang === 'en' && e.content.nameEn) || e.content.name) }))}
    />
  )
}

function Issue({ close }: { close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const funds = useFunds(org.id)
  const { busy, work } = useDo()
  const [holder, setHolder] = useState<string>()
  const [fund, setFund] = useState<string>()
  const [year, setYear] = useState(String(new Date().getFullYear()))
  const [yuan, setYuan] = useState('')
  const [purpose, setPurpose] = useState('')
  const [expires, setExpires] = useState('')
  const amount = fenOf(yuan)
  const ready =
    holder && fund && amount !== undefined && amount > 0 && purpose.trim().length > 2 && expires && /^\d{4}$/.test(year)
  return (
    <Modal
      open
      title={t('support.issue')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !ready }}
      onOk={() =>
        void work('/support/vouchers', {
          keeper: org.id,
          holder,
          fund,
          year: Number(year),
          amount,
          purpose,
          expires,
        }).then((ok) => ok && close())
      }
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.holder')}
          <Firm value={holder} onChange={setHolder} />
        </label>
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
          {t('support.amount')}
          <Input
            value={yuan}
            inputMode="decimal"
            suffix={t('support.yuan')}
            onChange={(e) => setYuan(e.target.value)}
          />
        </label>
        <label>
          {t('support.lastDay')}
          <Input type="date" value={expires} onChange={(e) => setExpires(e.target.value)} />
        </label>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.purpose')}
          <Input value={purpose} maxLength={200} onChange={(e) => setPurpose(e.target.value)} />
        </label>
      </div>
    </Modal>
  )
}
