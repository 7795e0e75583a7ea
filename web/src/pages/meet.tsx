import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Select } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { del, post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { download } from '../files/transfer'
import { useI18n } from '../i18n'
import {
  needKeys,
  useFunnel,
  useGuests,
  useInvitations,
  useListings,
  useMeet,
  useMeetings,
  useNeeds,
  type Meet,
  type Meeting,
} from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import '../needs/needs.css'

/** MeetPage is one event: whom to invite, who has signed up, and who meets whom. */
export function MeetPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const meet = useMeet(id)
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('event.title'), to: at('needs/events') },
  ]
  const e = meet.data
  if (!e) {
    return (
      <>
        <PageHead title={t('event.title')} crumbs={crumbs} />
        <section className="panel" aria-label={t('event.title')}>
          <Answer query={meet}>{() => null}</Answer>
        </section>
      </>
    )
  }
  return <Shown key={e.revision} meet={e} crumbs={crumbs} />
}

function Shown({ meet: e, crumbs }: { meet: Meet; crumbs: { label: string; to: string }[] }) {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const officer = useFunnel(true).data !== undefined
  const submit = useSubmit()
  const client = useQueryClient()
  const guests = useGuests(e.id, org.id)
  const table = useMeetings(e.id)
  const act = (path: string, body?: object) =>
    submit.run(async () => {
      await post(`/matching/events/${e.id}/${path}`, body)
      await client.invalidateQueries({ queryKey: needKeys.all })
    })
  const runs = officer && may('configure')
  return (
    <>
      <PageHead title={e.programme.title} crumbs={crumbs} after={<span className="tag info">{n(e.stateName)}</span>}>
        {runs && e.state === 'open' && (
          <Button type="primary" loading={submit.busy} onClick={() => void act('table')}>
            {t('event.pair')}
          </Button>
        )}
        {runs && e.state === 'paired' && (
          <Button loading={submit.busy} onClick={() => void act('end', { state: 'held' })}>
            {t('event.held')}
          </Button>
        )}
        {e.state !== 'open' && (
          <Button onClick={() => void submit.run(() => download(`/matching/events/${e.id}/table-file`, {}, lang))}>
            {t('event.export')}
          </Button>
        )}
      </PageHead>
      <p className="muted">
        {[
          e.programme.day,
          e.programme.place,
          `${t('event.seats')} ${e.programme.seats}`,
          `${t('event.rounds')} ${e.programme.rounds}`,
          `${t('event.tables')} ${e.programme.tables}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {submit.problem && <Fault problem={submit.problem} />}
      <div className="stack" style={{ gap: 12 }}>
        {e.state === 'open' && may('operate') && <SignUp meet={e} />}
        {e.state !== 'open' && e.state !== 'cancelled' && (
          <section className="panel" aria-label={t('event.table')}>
            <header>
              <h2>{t('event.table')}</h2>
            </header>
            <Answer query={table} empty={(list) => list.length === 0 && <Blank title={t('event.noTable')} />}>
              {(list) => (
                <DataTable
                  label={t('event.table')}
                  columns={[
                    { num: 'event.round' },
                    { num: 'event.seat' },
                    'matching.firm',
                    'matching.provider',
                    { num: 'needs.score' },
                    'event.outcome',
                  ]}
                >
                  <tbody>
                    {list.map((m) => (
                      <Line key={`${m.round}-${m.table}`} meet={e} meeting={m} officer={runs} />
                    ))}
                  </tbody>
                </DataTable>
              )}
            </Answer>
          </section>
        )}
        <section className="panel" aria-label={t('event.guests')}>
          <header>
            <h2>{t('event.guests')}</h2>
          </header>
          <Answer query={guests} empty={(list) => list.length === 0 && <Blank title={t('event.noGuests')} />}>
            {(list) => (
              <DataTable label={t('event.guests')} columns={['event.guests', 'needs.part', 'needs.detail']}>
                <tbody>
                  {list.map((g) => (
                    <tr key={g.id}>
                      <th scope="row">{n(g.name)}</th>
                      <td>{t(`event.side.${g.side}`)}</td>
                      <td>{g.title}</td>
                    </tr>
                  ))}
                </tbody>
              </DataTable>
            )}
          </Answer>
        </section>
        {officer && e.state === 'open' && <Invited meet={e} />}
      </div>
    </>
  )
}

function SignUp({ meet: e }: { meet: Meet }) {
  const { org } = useHere()
  const { t } = useI18n()
  const guests = useGuests(e.id, org.id)
  const needs = useNeeds({ org: org.id })
  const listings = useListings(org.id)
  const submit = useSubmit()
  const client = useQueryClient()
  const [what, setWhat] = useState<string>()
  const mine = guests.data?.find((g) => g.mine)
  const refresh = () => client.invalidateQueries({ queryKey: needKeys.all })
  const options = [
    {
      label: t('needs.title'),
      options: (needs.data?.items ?? [])
        .filter((x) => x.state === 'open' || x.state === 'in-contact')
        .map((x) => ({ value: `need:${x.id}`, label: x.title })),
    },
    {
      label: t('supply.title'),
      options: (listings.data ?? [])
        .filter((x) => x.public && !['cases', 'providers'].includes(x.register))
        .map((x) => ({ value: `supply:${x.id}`, label: x.title })),
    },
  ].filter((g) => g.options.length > 0)
  if (options.length === 0 && !mine) return null
  return (
    <section className="panel" aria-label={t('event.signUp')}>
      <header>
        <h2>{t('event.signUp')}</h2>
      </header>
      <div className="body">
        {mine ? (
          <div className="row wrap">
            <span className="tag info">{t('event.signedUp')}</span>
            <span>{mine.title}</span>
            <Button
              loading={submit.busy}
              onClick={() => void submit.run(() => del(`/matching/event-guests/${mine.id}`).then(refresh))}
            >
              {t('event.leave')}
            </Button>
          </div>
        ) : (
          <div className="row wrap">
            <Select
              aria-label={t('event.signUpWith')}
              placeholder={t('event.signUpWith')}
              style={{ minWidth: 260, maxWidth: '100%' }}
              options={options}
              value={what}
              onChange={setWhat}
            />
            <Button
              type="primary"
              disabled={!what}
              loading={submit.busy}
              onClick={() => {
                const [side, of] = (what ?? '').split(':')
                void submit.run(() =>
                  post(`/matching/events/${e.id}/guests`, { as: org.id, [side ?? 'need']: of }).then(refresh),
                )
              }}
            >
              {t('event.signUp')}
            </Button>
          </div>
        )}
        {submit.problem && <Fault problem={submit.problem} />}
      </div>
    </section>
  )
}

const outcomes = ['follow-up', 'no-interest', 'absent'] as const

function Line({ meet: e, meeting: m, officer }: { meet: Meet; meeting: Meeting; officer: boolean }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const client = useQueryClient()
  const note = async (outcome: string) => {
    try {
      await post(`/matching/events/${e.id}/outcomes`, { round: m.round, table: m.table, outcome })
      await client.invalidateQueries({ queryKey: needKeys.all })
    } catch (x) {
      if (!(x instanceof Problem)) throw x
      void message.error(x.message)
    }
  }
  const shown = outcomes.find((o) => o === m.outcome)
  return (
    <tr>
      <td className="num">{m.round}</td>
      <td className="num">{m.table}</td>
      <th scope="row">{n(m.firmName)}</th>
      <td>{n(m.providerName)}</td>
      <td className="num">{Math.round(m.score / 100)}%</td>
      <td>
        {officer ? (
          <Select
            size="small"
            style={{ minWidth: 110 }}
            aria-label={`${t('event.outcome')} ${m.round}-${m.table}`}
            value={shown}
            options={outcomes.map((o) => ({ value: o, label: t(`event.outcome.${o}`) }))}
            onChange={(o) => void note(o)}
          />
        ) : (
          shown && t(`event.outcome.${shown}`)
        )}
      </td>
    </tr>
  )
}

function Invited({ meet: e }: { meet: Meet }) {
  const { at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const submit = useSubmit()
  const invited = useInvitations(e.id, true)
  const invite = () =>
    submit.run(async () => {
      const sent = await post<{ invited: number }>(`/matching/events/${e.id}/invitations`)
      void message.success(sent.invited > 0 ? t('event.sent', { count: sent.invited }) : t('event.sentBefore'))
    })
  return (
    <section className="panel" aria-label={t('event.invitations')}>
      <header>
        <h2>{t('event.invitations')}</h2>
        {may('configure') && (invited.data?.length ?? 0) > 0 && (
          <Button size="small" loading={submit.busy} onClick={() => void invite()}>
            {t('event.invite')}
          </Button>
        )}
      </header>
      {submit.problem && <Fault problem={submit.problem} />}
      <Answer query={invited} empty={(list) => list.length === 0 && <Blank title={t('needs.none')} />}>
        {(list) => (
          <DataTable
            label={t('event.invitations')}
            columns={['event.invitations', 'needs.part', 'needs.detail']}
            height={320}
          >
            <tbody>
              {list.map((i) => (
                <tr key={i.id}>
                  <th scope="row">{n(i.name)}</th>
                  <td>{t(`event.side.${i.side}`)}</td>
                  <td>{i.side === 'firm' ? <Link to={at(`needs/${i.id}`)}>{i.title}</Link> : i.title}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}
