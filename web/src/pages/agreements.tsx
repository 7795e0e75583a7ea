import { Button, Checkbox, Segmented } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { AgreementState, SpanOf } from '../agreements/marks'
import { useNames } from '../agreements/names'
import { ProposalDialog } from '../agreements/proposal'
import { useAgreements, type Agreement, type Side } from '../agreements/queries'
import { mySide, someFigures, waitsFor } from '../agreements/words'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../agreements/agreements.css'

/** AgreementsPage is which figures this organisation gives to others, and which it takes. */
export function AgreementsPage() {
  const { org, may, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const side = params.get('side') ?? ''
  const standing = params.get('all') !== '1'
  const [proposal, setProposal] = useState<Side>()
  const agreements = useAgreements(org.id, (side || undefined) as Side | undefined, standing)
  const set = (key: string, value: string) =>
    setParams(
      (p) => {
        if (value) p.set(key, value)
        else p.delete(key)
        return p
      },
      { replace: true },
    )
  const configure = may('configure')
  const waiting = (agreements.data ?? []).filter((a) => waitsFor(a, mySide(a, org.id)) !== undefined).length
  const actions = configure && (
    <>
      <Button onClick={() => setProposal('giver')}>{t('agreements.offer')}</Button>
      <Button type="primary" onClick={() => setProposal('taker')}>
        {t('agreements.request')}
      </Button>
    </>
  )
  return (
    <>
      <PageHead title={t('agreements.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {actions}
      </PageHead>
      {configure && waiting > 0 && (
        <p className="banner" role="status">
          {t('agreements.waiting', { n: waiting })}
        </p>
      )}
      <section className="panel" aria-label={t('agreements.title')}>
        <div className="filterbar">
          <Segmented
            aria-label={t('agreements.side')}
            value={side}
            onChange={(v) => set('side', v)}
            options={[
              { value: '', label: t('agreements.both') },
              { value: 'giver', label: t('agreements.gives') },
              { value: 'taker', label: t('agreements.takes') },
            ]}
          />
          <Checkbox checked={standing} onChange={(e) => set('all', e.target.checked ? '' : '1')}>
            {t('agreements.onlyStanding')}
          </Checkbox>
        </div>
        <Answer
          query={agreements}
          rows={5}
          empty={(list) =>
            list.length === 0 &&
            (side || !standing ? (
              <Blank title={t('agreements.noneFit')} />
            ) : (
              <Blank title={t('agreements.none')}>
                {t('agreements.noneHelp')}
                <br />
                {configure && t('agreements.noneFirst')}
              </Blank>
            ))
          }
        >
          {(list) => (
            <DataTable
              label={t('agreements.title')}
              className="cards roomy agreements"
              columns={[
                'agreements.other',
                'agreements.side',
                'agreements.figures',
                'agreements.depth',
                'agreements.until',
                'agreements.state',
              ]}
            >
              <tbody>
                {list.map((a) => (
                  <Row key={a.id} of={a} />
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      </section>
      {proposal && <ProposalDialog side={proposal} close={() => setProposal(undefined)} />}
    </>
  )
}

function Row({ of: a }: { of: Agreement }) {
  const { org, at } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const names = useNames()
  const side = mySide(a, org.id)
  const other = side === 'giver' ? a.taker : a.giver
  return (
    <tr>
      <th scope="row">
        <div className="other">
          <Link to={at(`agreements/${a.id}`)}>{n(other.name) || other.creditCode}</Link>
          <PartyCode of={a} side={side} />
        </div>
      </th>
      <td data-label={t('agreements.side')}>
        <span className={side === 'giver' ? 'tag warning' : 'tag info'}>
          {t(side === 'giver' ? 'agreements.gives' : 'agreements.takes')}
        </span>
      </td>
      <td data-label={t('agreements.figures')} className="figurenames">
        {someFigures(a.figures, names, i18n)}
      </td>
      <td data-label={t('agreements.depth')}>
        <div>
          {t(`agreements.detail.${a.detail}`)}
          <div className="muted small">
            {t('agreements.drill')} {t(`agreements.level.${a.drill}`)} · {t('agreements.onward')}{' '}
            {t(`agreements.level.${a.onward}`)}
          </div>
        </div>
      </td>
      <td data-label={t('agreements.until')}>
        <SpanOf of={a} />
      </td>
      <td data-label={t('agreements.state')}>
        <div className="row wrap">
          <AgreementState of={a} />
          {a.proposed && <span className="tag info">{t('agreements.proposedTag')}</span>}
          {waitsFor(a, side) !== undefined && <span className="tag warning">{t('agreements.waits')}</span>}
        </div>
      </td>
    </tr>
  )
}

function PartyCode({ of: a, side }: { of: Agreement; side: Side }) {
  const { t } = useI18n()
  const p = side === 'giver' ? a.taker : a.giver
  return (
    <div className="muted small">
      {p.creditCode && <code>{p.creditCode}</code>}{' '}
      {a.hosted ? t('agreements.here') : t('agreements.node', { node: p.node.slice(0, 8) })}
    </div>
  )
}
