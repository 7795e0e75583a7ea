import { Button, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { checkupKeys, useCampaigns, useInstruments, type Campaign } from '../checkup/queries'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'

import '../checkup/checkup.css'

/** codesOf takes credit codes out of whatever was pasted: a column of a sheet, a list with commas. */
export const codesOf = (text: string): string[] => [...new Set(text.toUpperCase().match(/[0-9A-Z]{18}/g) ?? [])]

/** CampaignsPage is an officer's list of calls to check-ups. */
export function CampaignsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const campaigns = useCampaigns(org.id)
  const [opening, setOpening] = useState(false)
  const add = may('configure') && (
    <Button type="primary" onClick={() => setOpening(true)}>
      {t('checkup.openCampaign')}
    </Button>
  )
  return (
    <>
      <PageHead
        title={t('checkup.campaigns')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
        ]}
      >
        {add}
      </PageHead>
      <section className="panel" aria-label={t('checkup.campaigns')}>
        <Answer
          query={campaigns}
          rows={4}
          empty={(list) =>
            list.length === 0 && <Blank title={t('checkup.noCampaigns')}>{t('checkup.noCampaignsHelp')}</Blank>
          }
        >
          {(list) => (
            <DataTable
              label={t('checkup.campaigns')}
              className="cards roomy"
              columns={['checkup.campaign', 'checkup.instrument', 'checkup.lasts', 'state']}
            >
              <tbody>
                {list.map((k) => (
                  <tr key={k.id}>
                    <th scope="row">
                      <Link to={at(`checkup-campaigns/${k.id}`)}>{n(k.name)}</Link>
                    </th>
                    <td data-label={t('checkup.instrument')}>{n(k.title)}</td>
                    <td data-label={t('checkup.lasts')} className="nowrap">
                      {k.from} – {k.until}
                    </td>
                    <td data-label={t('state')}>
                      <span className={k.state === 'open' ? 'tag info' : 'tag'}>
                        {t(
                          k.published
                            ? 'checkup.isPublished'
                            : k.state === 'open'
                              ? 'checkup.campaignOpen'
                              : 'checkup.campaignClosed',
                        )}
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
      {opening && <OpenDialog close={() => setOpening(false)} />}
    </>
  )
}

function OpenDialog({ close }: { close: () => void }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const instruments = useInstruments()
  const [name, setName] = useState('')
  const [instrument, setInstrument] = useState('sme2024')
  const [until, setUntil] = useState('')
  const [note, setNote] = useState('')
  const [firms, setFirms] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const codes = codesOf(firms)
  const open = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      const k = await post<Campaign>('/checkup-campaigns', {
        org: org.id,
        instrument,
        name: { zh: name.trim(), en: name.trim() },
        until,
        note: note.trim() || undefined,
        firms: codes,
      })
      await refreshed(checkupKeys.campaigns(org.id))
      void navigate(at(`checkup-campaigns/${k.id}`))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      open
      width={640}
      title={t('checkup.openCampaign')}
      okText={t('checkup.callThem', { n: codes.length })}
      cancelText={t('cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: name.trim().length < 2 || !until || codes.length === 0 }}
      onCancel={close}
      onOk={() => void open()}
    >
      <label style={{ display: 'block', marginBottom: 10 }}>
        {t('checkup.campaignName')}
        <Input value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
      </label>
      <div style={{ marginBottom: 10 }}>
        <span id="campaign-instrument">{t('checkup.instrument')}</span>
        <Select
          aria-labelledby="campaign-instrument"
          style={{ width: '100%' }}
          value={instrument}
          onChange={setInstrument}
          options={(instruments.data ?? []).map((f) => ({ value: f.id, label: n(f.name) }))}
        />
      </div>
      <label style={{ display: 'block', marginBottom: 10 }}>
        {t('checkup.lastDay')}
        <Input type="date" value={until} onChange={(e) => setUntil(e.target.value)} />
      </label>
      <label style={{ display: 'block', marginBottom: 10 }}>
        {t('checkup.firmCodes')}
        <Input.TextArea
          value={firms}
          autoSize={{ minRows: 4, maxRows: 12 }}
          onChange={(e) => setFirms(e.target.value)}
        />
      </label>
      <p className="muted">{t('checkup.firmCodesHelp', { n: codes.length })}</p>
      <label style={{ display: 'block', marginBottom: 10 }}>
        {t('checkup.note')}
        <Input.TextArea value={note} maxLength={1000} onChange={(e) => setNote(e.target.value)} />
      </label>
      {problem && <Fault problem={problem} />}
    </Modal>
  )
}
