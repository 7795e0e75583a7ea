import { useQueries } from '@tanstack/react-query'
import { Fragment } from 'react'
import { Link } from 'react-router'

import { get } from '../api/client'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { withQuery } from '../fields/transfer'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useContacts, useFunnel, useKinds, useNeeds, type Funnel } from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../needs/needs.css'

/** MatchingPage is the officers' desk: how far needs came, what is to be looked at, and who is in contact. */
export function MatchingPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const funnel = useFunnel(true)
  const stranger = funnel.error && [403, 404, 409].includes(funnel.error.status)
  return (
    <>
      <PageHead
        title={t('matching.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('needs.nav'), to: at('needs') },
        ]}
      >
        <Link to={at('needs/events')}>{t('event.title')}</Link>
        <a href="/public/supply">{t('window.title')}</a>
      </PageHead>
      {stranger ? (
        <section className="panel" aria-label={t('matching.title')}>
          <Blank title={t('matching.notOfficer')}>{t('matching.notOfficerHelp')}</Blank>
        </section>
      ) : (
        <div className="stack" style={{ gap: 12 }}>
          <section className="panel" aria-label={t('matching.funnel')}>
            <header>
              <h2>{t('matching.funnel')}</h2>
            </header>
            <Answer query={funnel}>{(f) => <Counts funnel={f} />}</Answer>
          </section>
          {funnel.data && <Registers />}
          {funnel.data && <AllNeeds />}
          {funnel.data && <AllContacts />}
        </div>
      )}
    </>
  )
}

function Counts({ funnel: f }: { funnel: Funnel }) {
  const { t, n, lang } = useI18n()
  const kinds = useKinds()
  const sought = f.needs.filter((x) => x.state === 'open' || x.state === 'in-contact').reduce((a, x) => a + x.count, 0)
  const rows = [
    [t('matching.supplies'), f.supplies],
    [t('matching.needsSought'), sought],
    [t('matching.matched'), f.matched],
    [t('needs.contacts'), f.contacts.reduce((a, x) => a + x.count, 0)],
    [t('matching.contracts'), f.contracts],
    [t('matching.done'), f.done],
  ] as const
  const most = Math.max(1, ...rows.map(([, v]) => v))
  return (
    <div className="body">
      <dl className="funnelbar">
        {rows.map(([word, value]) => (
          <Fragment key={word}>
            <dt>{word}</dt>
            <dd className="track" aria-hidden="true">
              <i style={{ width: `${(value * 100) / most}%` }} />
            </dd>
            <dd className="num">{value}</dd>
          </Fragment>
        ))}
      </dl>
      <p>
        {t('matching.amount')}: <strong>{money(lang, f.amount)}</strong>
      </p>
      {f.kinds.length > 0 && (
        <DataTable
          label={t('matching.byKind')}
          columns={['needs.kind', { num: 'matching.count' }, { num: 'matching.contracts' }]}
          height={260}
        >
          <tbody>
            {f.kinds.map((k) => (
              <tr key={k.kind}>
                <th scope="row">{n(kinds.data?.kinds.find((x) => x.id === k.kind)?.name) || k.kind}</th>
                <td className="num">{k.needs}</td>
                <td className="num">{k.contracted}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </div>
  )
}

const registers = [
  ['providers', 'applied'],
  ['solutions', 'submitted'],
  ['capabilities', 'submitted'],
  ['products', 'submitted'],
  ['apps', 'submitted'],
  ['cases', 'submitted'],
  ['consultancies', 'submitted'],
] as const

function Registers() {
  const { org, at } = useHere()
  const { t } = useI18n()
  const counts = useQueries({
    queries: registers.map(([id]) => ({
      queryKey: ['entries', id, 'counts', 'matching', org.id],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<components['schemas']['EntryCounts']>(withQuery(`/registers/${id}/counts`, [['org', org.id]]), {}, signal),
    })),
  })
  return (
    <section className="panel" aria-label={t('matching.libraries')}>
      <header>
        <h2>{t('matching.libraries')}</h2>
      </header>
      <DataTable
        label={t('matching.libraries')}
        columns={['supply.register', { num: 'matching.count' }, { num: 'matching.pending' }, 'matching.open']}
      >
        <tbody>
          {registers.map(([id, first], i) => {
            const c = counts[i]?.data
            const pending = c?.counts.find((x) => x.value === first)?.count ?? 0
            return (
              <tr key={id}>
                <th scope="row">{t(`supply.register.${id}`)}</th>
                <td className="num">{c?.total ?? '…'}</td>
                <td className="num">{pending > 0 ? <strong>{pending}</strong> : pending}</td>
                <td>
                  <Link
                    to={at(`registers/${id}${pending > 0 ? `?state=${first}` : ''}`)}
                    aria-label={`${t('matching.open')} ${t(`supply.register.${id}`)}`}
                  >
                    {t('matching.open')}
                  </Link>
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
    </section>
  )
}

function AllNeeds() {
  const { at } = useHere()
  const { t, n } = useI18n()
  const needs = useNeeds({})
  return (
    <section className="panel" aria-label={t('matching.needs')}>
      <header>
        <h2>{t('matching.needs')}</h2>
      </header>
      <Answer query={needs} empty={(p) => p.items?.length === 0 && <Blank title={t('needs.none')} />}>
        {(p) => (
          <DataTable
            label={t('matching.needs')}
            columns={['needs.detail', 'needs.kind', 'matching.firm', 'needs.state', 'needs.filed']}
            height={360}
          >
            <tbody>
              {(p.items ?? []).map((x) => (
                <tr key={x.id}>
                  <th scope="row">
                    <Link to={at(`needs/${x.id}`)}>{x.title}</Link>
                  </th>
                  <td>{n(x.kindName)}</td>
                  <td>{n(x.firm)}</td>
                  <td>{n(x.stateName)}</td>
                  <td>{dateTime(millis(x.filed))}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function AllContacts() {
  const { t, n, lang } = useI18n()
  const contacts = useContacts({ all: true })
  return (
    <section className="panel" aria-label={t('matching.allContacts')}>
      <header>
        <h2>{t('matching.allContacts')}</h2>
      </header>
      <Answer query={contacts} empty={(list) => list.length === 0 && <Blank title={t('needs.noContacts')} />}>
        {(list) => (
          <DataTable
            label={t('matching.allContacts')}
            columns={[
              'matching.firm',
              'matching.provider',
              'contact.need',
              'contact.supply',
              'matching.reached',
              { num: 'contact.amount' },
            ]}
            height={360}
          >
            <tbody>
              {list.map((c) => (
                <tr key={c.id}>
                  <th scope="row">{n(c.content.firmName)}</th>
                  <td>{n(c.content.providerName)}</td>
                  <td>{c.content.needTitle}</td>
                  <td>{c.content.supplyTitle}</td>
                  <td>{n(c.stateName)}</td>
                  <td className="num">{c.content.contract ? money(lang, c.content.contract.amount) : ''}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}
