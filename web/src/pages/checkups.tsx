import { App, Button } from 'antd'
import { Link, useNavigate } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import {
  checkupKeys,
  points,
  useCalls,
  useCheckups,
  useExperts,
  useInstruments,
  type Call,
  type Checkup,
  type Form,
} from '../checkup/queries'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

import '../checkup/checkup.css'

/** CheckupsPage is where check-ups begin, go on and are looked back at. */
export function CheckupsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const instruments = useInstruments()
  const checkups = useCheckups(org.id)
  const calls = useCalls(org.id)
  const begin = async (instrument: string, more: { campaign?: string; copy?: string } = {}) => {
    try {
      const c = await post<Checkup>('/checkups', { org: org.id, instrument, ...more })
      await refreshed(checkupKeys.list(org.id), checkupKeys.calls(org.id))
      void navigate(at(c.state === 'open' ? `checkup/${c.id}` : `checkup/${c.id}/result`))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const open = checkups.data?.filter((c) => c.state === 'open') ?? []
  return (
    <>
      <PageHead title={t('checkup.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {may('configure') && <Link to={at('checkup-campaigns')}>{t('checkup.campaigns')}</Link>}
      </PageHead>
      <div className="stack">
        {(calls.data?.length ?? 0) > 0 && (
          <section className="panel" aria-label={t('checkup.calls')}>
            <header>
              <h2>{t('checkup.calls')}</h2>
            </header>
            <div className="body startcards">
              {calls.data?.map((c) => (
                <CallCard
                  key={c.campaign.id}
                  call={c}
                  begin={(copy) => begin(c.campaign.instrument, { campaign: c.campaign.id, copy })}
                />
              ))}
            </div>
          </section>
        )}
        {open.length > 0 && (
          <section className="panel" aria-label={t('checkup.going')}>
            <header>
              <h2>{t('checkup.going')}</h2>
            </header>
            <div className="body startcards">
              {open.map((c) => (
                <div className="startcard" key={c.id}>
                  <h3>{n(c.name)}</h3>
                  <p className="muted">{t('checkup.begunAt', { day: c.day })}</p>
                  <Button type="primary" onClick={() => void navigate(at(`checkup/${c.id}`))}>
                    {t('checkup.goOn')}
                  </Button>
                </div>
              ))}
            </div>
          </section>
        )}
        <section className="panel" aria-label={t('checkup.begin')}>
          <header>
            <h2>{t('checkup.begin')}</h2>
          </header>
          <div className="body">
            <p className="muted" style={{ marginBottom: 10 }}>
              {t('checkup.beginHelp')}
            </p>
            <Answer query={instruments} rows={4}>
              {(list) => (
                <div className="startcards">
                  {inOrder(list).map((f) => (
                    <StartCard
                      key={f.id}
                      form={f}
                      last={checkups.data?.find((c) => c.state === 'submitted' && c.family === f.family)}
                      may={may('operate')}
                      begin={(copy) => begin(f.id, { copy })}
                    />
                  ))}
                </div>
              )}
            </Answer>
          </div>
        </section>
        <History />
        <ExpertDesk />
      </div>
    </>
  )
}

/** inOrder puts what is official and newest first. */
const inOrder = (list: Form[]) =>
  [...list].sort((a, b) => Number(b.official) - Number(a.official) || b.from.localeCompare(a.from))

/** Half a minute a question, twice that where counts must be looked up: what the walk-through takes, and no promise. */
const minutesOf = (f: Form) =>
  Math.ceil(f.questions.reduce((sum, q) => sum + (q.kind === 'percentage' || q.kind === 'number' ? 60 : 35), 0) / 60)

function StartCard({
  form: f,
  last,
  may,
  begin,
}: {
  form: Form
  last: Checkup | undefined
  may: boolean
  begin: (copy?: string) => Promise<void>
}) {
  const { t, n } = useI18n()
  const figures = f.questions.filter((q) => q.kind === 'percentage' || q.kind === 'number')
  return (
    <div className="startcard" data-instrument={f.id}>
      <h3>{n(f.name)}</h3>
      <div>
        <span className={f.official ? 'tag good' : 'tag warning'}>
          {t(f.official ? 'checkup.official' : 'checkup.profile')}
        </span>
      </div>
      <p className="muted">{t('checkup.takes', { n: f.questions.length, m: minutesOf(f) })}</p>
      {figures.length > 0 && (
        <details>
          <summary>{t('checkup.atHand')}</summary>
          <ul>
            {figures.map((q) => (
              <li key={q.id}>
                {n(q.text)} {q.facts.length > 0 && <span className="tag good">{t('checkup.canBeMeasured')}</span>}
              </li>
            ))}
            <li>{t('checkup.papersAtHand')}</li>
          </ul>
        </details>
      )}
      {!f.official && <p className="muted small">{n(f.notice)}</p>}
      {may && (
        <Button type="primary" onClick={() => void begin()}>
          {t('checkup.start')}
        </Button>
      )}
      {may && last && <Button onClick={() => void begin(last.id)}>{t('checkup.startCopy', { day: last.day })}</Button>}
    </div>
  )
}

function CallCard({ call: c, begin }: { call: Call; begin: (copy?: string) => Promise<void> }) {
  const { at, may } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const done = c.checkup?.state === 'submitted'
  return (
    <div className="startcard">
      <h3>{n(c.campaign.name)}</h3>
      <p>
        {n(c.by)} · {n(c.campaign.title)}
      </p>
      <p>
        <strong>{t('checkup.until', { day: c.campaign.until })}</strong>{' '}
        {c.reminded && <span className="tag warning">{t('checkup.reminded', { day: date(millis(c.reminded)) })}</span>}
      </p>
      {c.campaign.note && <p className="muted">{c.campaign.note}</p>}
      <p className="muted small">{t('checkup.callSight', { by: n(c.by) })}</p>
      {done ? (
        <Button onClick={() => void navigate(at(`checkup/${c.checkup?.id ?? ''}/result`))}>{t('checkup.see')}</Button>
      ) : c.checkup ? (
        <Button type="primary" onClick={() => void navigate(at(`checkup/${c.checkup?.id ?? ''}`))}>
          {t('checkup.goOn')}
        </Button>
      ) : (
        may('operate') && (
          <Button type="primary" onClick={() => void begin()}>
            {t('checkup.start')}
          </Button>
        )
      )}
    </div>
  )
}

function History() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const checkups = useCheckups(org.id)
  return (
    <section className="panel" aria-label={t('checkup.history')}>
      <header>
        <h2>{t('checkup.history')}</h2>
      </header>
      <Answer
        query={checkups}
        rows={3}
        empty={(list) =>
          list.every((c) => c.state === 'open') && <Blank title={t('checkup.none')}>{t('checkup.noneHelp')}</Blank>
        }
      >
        {(list) => (
          <DataTable
            label={t('checkup.history')}
            className="cards roomy"
            columns={[
              'checkup.instrument',
              'checkup.day',
              'checkup.declared',
              'checkup.evidenced',
              'state',
              { hidden: 'checkup.what' },
            ]}
          >
            <tbody>
              {list
                .filter((c) => c.state !== 'open')
                .map((c) => (
                  <tr key={c.id}>
                    <th scope="row">
                      {c.state === 'submitted' ? <Link to={at(`checkup/${c.id}/result`)}>{n(c.name)}</Link> : n(c.name)}
                    </th>
                    <td data-label={t('checkup.day')} className="nowrap">
                      {c.endedAt ? date(millis(c.endedAt)) : c.day}
                    </td>
                    <td data-label={t('checkup.declared')}>
                      {c.standing ? `${n(c.standing.levelName)} · ${points(c.standing.points)}` : '–'}
                    </td>
                    <td data-label={t('checkup.evidenced')}>
                      {c.standing ? `${n(c.standing.provenName)} · ${points(c.standing.provenPoints)}` : '–'}
                    </td>
                    <td data-label={t('state')}>
                      <span className={c.state === 'submitted' ? 'tag good' : 'tag'}>
                        {t(`checkup.state.${c.state}`)}
                      </span>
                    </td>
                    <td>
                      {c.state === 'submitted' && (
                        <Link to={at(`checkup/${c.id}/prescription`)}>{t('checkup.prescription')}</Link>
                      )}
                    </td>
                  </tr>
                ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

/** ExpertDesk lists what this organisation is asked to check; it is not there where nobody asks. */
function ExpertDesk() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const experts = useExperts(org.id)
  const list = experts.data?.filter((e) => e.expert === org.id) ?? []
  if (list.length === 0) return null
  return (
    <section className="panel" aria-label={t('checkup.desk')}>
      <header>
        <h2>{t('checkup.desk')}</h2>
      </header>
      <DataTable label={t('checkup.desk')} className="cards roomy" columns={['checkup.firm', 'checkup.due', 'state']}>
        <tbody>
          {list.map((e) => (
            <tr key={e.id}>
              <th scope="row">
                <Link to={at(`expert-checks/${e.id}`)}>{n(e.orgName)}</Link>
              </th>
              <td data-label={t('checkup.due')}>{e.due ?? '–'}</td>
              <td data-label={t('state')}>
                <span className={e.state === 'finished' ? 'tag good' : 'tag info'}>
                  {t(`checkup.expert.${e.state}`)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}
