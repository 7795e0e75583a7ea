import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { InviteDialog, JoinDialog, Remove } from '../agreements/neighbours'
import { usePeers, type Peer } from '../agreements/queries'
import { useHere } from '../app/org'
import { runsNode } from '../backups/run'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Shape } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../agreements/agreements.css'

/** The clock of another node may be this far away before it is a condition, in ms. */
const clockMost = 2000

/** NeighboursPage is the nodes that this one is linked with: to give to, and to take from. */
export function NeighboursPage() {
  const { org, me, orgs, at } = useHere()
  const { t, n } = useI18n()
  const peers = usePeers()
  const [open, setOpen] = useState<'invite' | 'join'>()
  const runs = runsNode(me, orgs)
  const actions = runs && (
    <>
      <Button onClick={() => setOpen('join')}>{t('neighbours.join')}</Button>
      <Button type="primary" onClick={() => setOpen('invite')}>
        {t('neighbours.invite')}
      </Button>
    </>
  )
  return (
    <>
      <PageHead title={t('neighbours.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {actions}
      </PageHead>
      <section className="panel" aria-label={t('neighbours.title')}>
        <p className="note">
          {t('neighbours.help')} {!runs && t('neighbours.onlyOwners')}
        </p>
        <Answer
          query={peers}
          rows={4}
          empty={(list) => list.length === 0 && <Blank title={t('neighbours.none')}>{t('neighbours.noneFirst')}</Blank>}
        >
          {(list) => (
            <DataTable
              label={t('neighbours.title')}
              className="cards roomy neighbours"
              columns={[
                'neighbours.node',
                'neighbours.way',
                'neighbours.link',
                'neighbours.clock',
                { num: 'neighbours.streams' },
                { num: 'neighbours.backlog' },
                'neighbours.until',
                { hidden: 'neighbours.actions' },
              ]}
            >
              <tbody>
                {list.map((p) => (
                  <Row key={p.node + p.way} of={p} runs={runs} />
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
      {open === 'invite' && <InviteDialog close={() => setOpen(undefined)} />}
      {open === 'join' && <JoinDialog close={() => setOpen(undefined)} />}
    </>
  )
}

function Row({ of: p, runs }: { of: Peer; runs: boolean }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return (
    <tr>
      <th scope="row">
        <div className="nodename">
          <div>{n(p.org?.name) || p.name}</div>
          <div className="muted small" title={p.node}>
            {[p.org && p.name, p.org?.creditCode, p.address, p.software].filter(Boolean).join(' · ')}
          </div>
        </div>
      </th>
      <td data-label={t('neighbours.way')}>
        <span className={p.way === 'up' ? 'tag warning' : 'tag info'}>{t(`neighbours.way.${p.way}`)}</span>
      </td>
      <td data-label={t('neighbours.link')}>
        <div>
          <span className={`state is-${p.linked ? 'online' : 'offline'}`}>
            <Shape of={p.linked ? 'full' : 'cross'} />
            <span className="word">{t(p.linked ? 'agreements.linked' : 'agreements.notLinked')}</span>
          </span>
          <div className="muted small">
            {p.since ? t('neighbours.since', { at: dateTime(millis(p.since)) }) : t('neighbours.never')}
          </div>
          {p.failure && <div className="small">{p.failure}</div>}
        </div>
      </td>
      <td data-label={t('neighbours.clock')}>
        {p.clockOffsetMs === undefined ? (
          '–'
        ) : (
          <div>
            <span
              className={Math.abs(p.clockOffsetMs) > clockMost ? 'tag warning nowrap' : 'nowrap'}
              title={Math.abs(p.clockOffsetMs) > clockMost ? t('neighbours.clockBad') : undefined}
            >
              {Math.round(p.clockOffsetMs)} ms
            </span>
            {p.roundTripMs !== undefined && (
              <div className="muted small nowrap">{t('neighbours.trip', { ms: Math.round(p.roundTripMs) })}</div>
            )}
          </div>
        )}
      </td>
      <td data-label={t('neighbours.streams')} className="num">
        {p.streams}
      </td>
      <td data-label={t('neighbours.backlog')} className="num">
        {p.backlog}
      </td>
      <td data-label={t('neighbours.until')}>{p.certificateUntil ? date(millis(p.certificateUntil)) : '–'}</td>
      <td data-label={t('neighbours.actions')}>
        <div className="row wrap">
          <Link to={at('agreements')}>{t('neighbours.toAgreements')}</Link>
          {runs && <Remove of={p} />}
        </div>
      </td>
    </tr>
  )
}
