import { App, Button, Input } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { supportKeys, total, useInquiries, useOpinions, type Inquiry } from '../support/queries'
import { Recoveries, Filed } from '../support/filed'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../support/support.css'

/** SupportPage is where a firm asks what its projects can get, and compares them. */
export function SupportPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const inquiries = useInquiries(org.id)
  return (
    <>
      <PageHead title={t('support.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Link to={at('policies')}>{t('support.library')}</Link>
        <Link to={at('vouchers')}>{t('support.vouchers')}</Link>
      </PageHead>
      {may('configure') && <Begin />}
      <section className="panel" aria-label={t('support.projects')}>
        <Answer
          query={inquiries}
          empty={(list) =>
            list.length === 0 && <Blank title={t('support.noProjects')}>{t('support.noProjectsHelp')}</Blank>
          }
        >
          {(list) => <Compare list={list} />}
        </Answer>
      </section>
      <Filed />
      <Recoveries />
    </>
  )
}

function Begin() {
  const { org, at } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const begin = async () => {
    setBusy(true)
    try {
      const q = await post<Inquiry>('/support/inquiries', { org: org.id, name })
      await refreshed(supportKeys.inquiries(org.id))
      void navigate(at(`support/${q.id}`))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="panel" aria-label={t('support.begin')}>
      <form
        className="formrow"
        onSubmit={(e) => {
          e.preventDefault()
          if (name.trim()) void begin()
        }}
      >
        <label style={{ flex: '1 1 220px' }}>
          {t('support.projectName')}
          <Input size="large" value={name} maxLength={120} onChange={(e) => setName(e.target.value)} />
        </label>
        <Button size="large" type="primary" htmlType="submit" loading={busy} disabled={!name.trim()}>
          {t('support.begin')}
        </Button>
      </form>
    </section>
  )
}

function Compare({ list }: { list: Inquiry[] }) {
  const { at } = useHere()
  const { t, lang } = useI18n()
  const opinions = useOpinions(list.slice(0, 20).map((q) => q.id))
  return (
    <DataTable label={t('support.projects')} className="cards roomy">
      <thead>
        <tr>
          <th scope="col">{t('support.project')}</th>
          <th scope="col" className="num">
            {t('support.sure')}
          </th>
          <th scope="col" className="num">
            {t('support.ifProven')}
          </th>
          <th scope="col" className="num">
            {t('support.openQuestions')}
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((q, i) => {
          const o = opinions[i]?.data
          const sum = o && total(o.report)
          return (
            <tr key={q.id}>
              <th scope="row">
                <Link to={at(`support/${q.id}`)}>{q.name}</Link>
              </th>
              <td className="num" data-label={t('support.sure')}>
                {sum ? `${money(lang, sum.granted)} ${t('support.yuan')}` : '–'}
              </td>
              <td className="num" data-label={t('support.ifProven')}>
                {sum ? `${money(lang, sum.ifProven)} ${t('support.yuan')}` : '–'}
              </td>
              <td className="num" data-label={t('support.openQuestions')}>
                {o ? o.asks.length : '–'}
              </td>
            </tr>
          )
        })}
      </tbody>
    </DataTable>
  )
}
