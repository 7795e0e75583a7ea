import { PlusOutlined } from '@ant-design/icons'
import { Button, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { fenOf, money } from '../fields/field'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { keys, useCalls, useRounds, type Round } from '../programmes/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../programmes/programmes.css'

/** RoundsPage lists the rounds of an organisation's calls, and opens new ones. */
export function RoundsPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const rounds = useRounds(org.id)
  const [open, setOpen] = useState(false)
  return (
    <>
      <PageHead title={t('programme.desk')} crumbs={[{ label: n(org.name), to: at() }]}>
        {may('configure') && (
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setOpen(true)}>
            {t('programme.open')}
          </Button>
        )}
      </PageHead>
      <section className="panel" aria-label={t('programme.desk')}>
        <Answer
          query={rounds}
          empty={(l) => l.length === 0 && <Blank title={t('programme.noRounds')}>{t('programme.noRoundsHelp')}</Blank>}
        >
          {(list) => (
            <>
              {list.map((r) => (
                <div className="callcard" key={r.id}>
                  <h3>
                    <Link to={at(`rounds/${r.id}`)}>
                      {n(r.callName)} · {n(r.name)}
                    </Link>{' '}
                    <span className="tag info">{n(r.stateName)}</span>
                  </h3>
                  <p className="muted small">
                    {t('programme.until', { day: r.closes })}
                    {r.budget > 0 ? ` · ¥ ${money(lang, r.budget)}` : ''}
                  </p>
                </div>
              ))}
            </>
          )}
        </Answer>
      </section>
      {open && <Opening close={() => setOpen(false)} />}
    </>
  )
}

function Opening({ close }: { close: () => void }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const calls = useCalls()
  const [call, setCall] = useState<string>()
  const [name, setName] = useState('')
  const [closes, setCloses] = useState('')
  const [yuan, setYuan] = useState('0')
  const [fund, setFund] = useState('')
  const budget = fenOf(yuan)
  const send = () =>
    submit.run(async () => {
      const r = await post<Round>('/programme-rounds', {
        org: org.id,
        call,
        name: { zh: name, en: name },
        closes,
        budget,
        fund: fund || undefined,
      })
      await refreshed(keys.all())
      void navigate(at(`rounds/${r.id}`))
    })
  return (
    <Modal
      open
      title={t('programme.open')}
      okText={t('programme.open')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      okButtonProps={{ disabled: !call || budget === undefined }}
      className="programmeform"
      onOk={() => void send()}
      onCancel={close}
    >
      <label htmlFor="r-call">{t('programme.call')}</label>
      <Select
        id="r-call"
        style={{ width: '100%' }}
        value={call}
        onChange={setCall}
        options={(calls.data ?? []).map((c) => ({ value: c.id, label: n(c.name) }))}
      />
      <label htmlFor="r-name">{t('programme.roundName')}</label>
      <Input id="r-name" maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
      <label htmlFor="r-closes">{t('programme.closes')}</label>
      <Input id="r-closes" type="date" value={closes} onChange={(e) => setCloses(e.target.value)} />
      <label htmlFor="r-budget">{t('programme.budget')}</label>
      <Input
        id="r-budget"
        inputMode="decimal"
        status={budget === undefined ? 'error' : ''}
        aria-describedby="r-budget-fault"
        value={yuan}
        onChange={(e) => setYuan(e.target.value)}
      />
      <div id="r-budget-fault" className="fieldfault" role="status">
        {budget === undefined && t('programme.inYuan')}
      </div>
      <label htmlFor="r-fund">{t('programme.fund')}</label>
      <Input id="r-fund" maxLength={40} value={fund} onChange={(e) => setFund(e.target.value)} />
      {submit.problem && <Fault problem={submit.problem} />}
    </Modal>
  )
}
