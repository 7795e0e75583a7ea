import { Button, Input, Modal, Select, Tag } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { fenOf, money, yuanOf } from '../fields/field'
import { useI18n, type Key } from '../i18n'
import { Explanation } from '../support/explain'
import { useDo, useMeasureName, Way, WordsDialog } from '../support/filed'
import { useAwards, useCauses, useFilings, type Award, type Filing } from '../support/queries'
import { Answer, Blank } from '../ui/states'
import { useFunds } from './queries'

/** Filings are those that the organisation was given, and what it awarded; awards can be claimed back. */
export function Filings() {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const filings = useFilings(org.id)
  const awards = useAwards(org.id)
  const named = useMeasureName()
  const { busy, work } = useDo()
  const [grant, setGrant] = useState<Filing>()
  const [refuse, setRefuse] = useState<string>()
  const [claim, setClaim] = useState<Award>()
  return (
    <section className="panel" aria-label={t('ledger.filings')}>
      <Answer
        query={filings}
        empty={(l) => l.every((f) => f.keeper !== org.id) && <Blank title={t('ledger.noFilings')} />}
      >
        {(list) => (
          <ul className="plainlist">
            {list
              .filter((f) => f.keeper === org.id)
              .map((f) => {
                const award = awards.data?.find(
                  (a) =>
                    a.org === f.org &&
                    a.measure === f.measure &&
                    a.name === f.name &&
                    a.through?.application === f.through?.application,
                )
                return (
                  <li key={f.id}>
                    <div className="row wrap">
                      <b>{f.name}</b> <span>{n(f.orgName)}</span> <Tag>{t(`support.filing.${f.state}` as Key)}</Tag>
                    </div>
                    <p>
                      {named(f.measure)} · {f.day}
                      {f.outcome?.ifProven && ` · ${t('support.ifProven')} ${money(lang, f.outcome.ifProven)}`}
                      {award && ` · ${t('ledger.awarded')} ${money(lang, award.amount)}`}
                      {award?.ended && ` · ${t('ledger.awardEnded')}`}
                    </p>
                    {f.through && (
                      <p>
                        <Way through={f.through} />
                      </p>
                    )}
                    {f.why && <p className="muted">{f.why}</p>}
                    {f.outcome && (
                      <details>
                        <summary>{t('support.why')}</summary>
                        <Explanation step={f.outcome.explanation} />
                      </details>
                    )}
                    {may('configure') && (
                      <div className="row wrap">
                        {f.state === 'open' && !f.through && (
                          <>
                            <Button type="primary" onClick={() => setGrant(f)}>
                              {t('ledger.award')}
                            </Button>
                            <Button onClick={() => setRefuse(f.id)}>{t('ledger.refuse')}</Button>
                          </>
                        )}
                        {award?.ref && !award.ended && (
                          <Button onClick={() => setClaim(award)}>{t('ledger.claimBack')}</Button>
                        )}
                      </div>
                    )}
                  </li>
                )
              })}
          </ul>
        )}
      </Answer>
      {refuse && (
        <WordsDialog
          title={t('ledger.refuse')}
          label={t('support.reason')}
          busy={busy}
          close={() => setRefuse(undefined)}
          send={(why) =>
            void work(`/support/filings/${refuse}/refusal`, { why }).then((ok) => ok && setRefuse(undefined))
          }
        />
      )}
      {grant && <Grant f={grant} close={() => setGrant(undefined)} />}
      {claim && <ClaimBack a={claim} close={() => setClaim(undefined)} />}
    </section>
  )
}

function Grant({ f, close }: { f: Filing; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const funds = useFunds(org.id)
  const { busy, work } = useDo()
  const [fund, setFund] = useState<string>()
  const [year, setYear] = useState(String(new Date().getFullYear()))
  const [yuan, setYuan] = useState(() => (f.outcome?.ifProven ? yuanOf(f.outcome.ifProven) : ''))
  const [why, setWhy] = useState('')
  const amount = fenOf(yuan)
  return (
    <Modal
      open
      title={t('ledger.award')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !fund || !amount || why.trim().length < 3 }}
      onOk={() =>
        void work(`/support/filings/${f.id}/award`, { fund, year: Number(year), amount, why }).then(
          (ok) => ok && close(),
        )
      }
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label>
          {t('ledger.fund')}
          <Select
            aria-label={t('ledger.fund')}
            value={fund}
            onChange={setFund}
            options={(funds.data ?? []).map((x) => ({ value: x.id, label: n(x.name) }))}
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
        <label style={{ flex: '1 1 100%' }}>
          {t('support.reason')}
          <Input value={why} maxLength={500} onChange={(e) => setWhy(e.target.value)} />
        </label>
      </div>
    </Modal>
  )
}

function ClaimBack({ a, close }: { a: Award; close: () => void }) {
  const { t, n } = useI18n()
  const causes = useCauses()
  const { busy, work } = useDo()
  const [cause, setCause] = useState<string>()
  const [clause, setClause] = useState('')
  const [why, setWhy] = useState('')
  const [yuan, setYuan] = useState('')
  const part = causes.data?.find((c) => c.id === cause)?.share === 'part'
  const amount = fenOf(yuan)
  return (
    <Modal
      open
      title={t('ledger.claimBack')}
      onCancel={close}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !cause || clause.trim().length < 3 || why.trim().length < 3 || (part && !amount) }}
      onOk={() =>
        void work(`/support/awards/${a.id}/recoveries`, { cause, clause, why, ...(part ? { amount } : {}) }).then(
          (ok) => ok && close(),
        )
      }
    >
      <div className="formrow" style={{ padding: 0 }}>
        <label style={{ flex: '1 1 100%' }}>
          {t('ledger.cause')}
          <Select
            aria-label={t('ledger.cause')}
            value={cause}
            onChange={setCause}
            options={(causes.data ?? []).map((c) => ({ value: c.id, label: n(c.name) }))}
          />
        </label>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.clause')}
          <Input value={clause} maxLength={500} onChange={(e) => setClause(e.target.value)} />
        </label>
        <label style={{ flex: '1 1 100%' }}>
          {t('support.reason')}
          <Input value={why} maxLength={500} onChange={(e) => setWhy(e.target.value)} />
        </label>
        {part && (
          <label>
            {t('support.amount')}
            <Input
              value={yuan}
              inputMode="decimal"
              suffix={t('support.yuan')}
              onChange={(e) => setYuan(e.target.value)}
            />
          </label>
        )}
      </div>
    </Modal>
  )
}
