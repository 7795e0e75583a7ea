import { App, Button } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { EndDialog } from '../agreements/enddialog'
import { HistoryPanel } from '../agreements/history'
import { Accepted, AgreementState, Leaves, PartyName, SpanOf } from '../agreements/marks'
import { useNames } from '../agreements/names'
import { ProposalDialog } from '../agreements/proposal'
import { agreementKeys, useAgreement, type Agreement, type Side, type Version } from '../agreements/queries'
import { QuestionsPanel } from '../agreements/questions'
import { StreamPanel } from '../agreements/stream'
import { changedParts, mySide, sideKey, waitsFor } from '../agreements/words'
import { post } from '../api/client'
import { useHere } from '../app/org'
import { nameParts, populationWords } from '../figures/population'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../targets/targets.css'
import '../agreements/agreements.css'

/** AgreementPage is one agreement: what leaves the house under it, how it stands, what was asked, and how it came about. */
export function AgreementPage() {
  const { id = '' } = useParams()
  const { org, may, at } = useHere()
  const { t, n } = useI18n()
  const agreement = useAgreement(id)
  const [open, setOpen] = useState<'revise' | 'end'>()
  const a = agreement.data
  const side = a && mySide(a, org.id)
  const stands = a && a.state !== 'ended' && a.state !== 'expired'
  const own = may('configure')
  const close = () => setOpen(undefined)
  return (
    <>
      <PageHead
        title={
          a && side
            ? t('agreements.one', { name: n(side === 'giver' ? a.taker.name : a.giver.name) })
            : t('agreements.title')
        }
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('agreements.title'), to: at('agreements') },
        ]}
        after={a && <AgreementState of={a} />}
      >
        {a && side && stands && own && (
          <>
            <Accept of={a} side={side} />
            <Button onClick={() => setOpen('revise')}>{t('agreements.revise')}</Button>
            <Button danger onClick={() => setOpen('end')}>
              {t('agreements.end')}
            </Button>
          </>
        )}
      </PageHead>
      <Answer query={agreement} rows={10}>
        {(x) => <Whole of={x} side={mySide(x, org.id)} own={own} />}
      </Answer>
      {open === 'revise' && a && side && <ProposalDialog side={side} revise={a} close={close} />}
      {open === 'end' && a && side && <EndDialog of={a} side={side} close={close} />}
    </>
  )
}

function Accept({ of: a, side }: { of: Agreement; side: Side }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const version = waitsFor(a, side)
  if (version === undefined) return null
  return (
    <Button
      type="primary"
      onClick={() =>
        confirm({
          title: t('agreements.acceptTitle', { n: version }),
          text: t('agreements.acceptText'),
          ok: t('agreements.accept'),
          work: async () => {
            await post(`/agreements/${a.id}/accept`, { side, version })
            await refreshed(agreementKeys.all())
            void message.success(t('agreements.acceptDone'))
          },
        })
      }
    >
      {t('agreements.accept')}
    </Button>
  )
}

function Whole({ of: a, side, own }: { of: Agreement; side: Side; own: boolean }) {
  const { t, n } = useI18n()
  return (
    <div className="stack">
      {a.state === 'ended' && a.ended && (
        <p className="banner warning" style={{ margin: 0 }}>
          {t('agreements.endedBy', {
            name: a.endedBy ?? '',
            side: a.endedOn ? t(sideKey[a.endedOn]) : '',
            at: dateTime(millis(a.ended)),
            reason: a.reason ?? '',
          })}
        </p>
      )}
      {a.proposed && <Proposed of={a} proposed={a.proposed} />}
      <div className="columns twocol">
        <div className="stack">
          <section className="panel" aria-label={t('agreements.leaves')}>
            <header>
              <h2>{t('agreements.leaves')}</h2>
              <span className={side === 'giver' ? 'tag warning' : 'tag info'}>
                {t(side === 'giver' ? 'agreements.gives' : 'agreements.takes')}
              </span>
            </header>
            <div className="body">
              <Leaves of={a} taker={n(a.taker.name)} />
            </div>
          </section>
          <Figures of={a} />
          <QuestionsPanel of={a} side={side} />
        </div>
        <div className="stack">
          <TermsPanel of={a} />
          <StreamPanel of={a} renew={own && side === 'giver'} />
          <HistoryPanel of={a} />
        </div>
      </div>
    </div>
  )
}

/** Proposed is a version that one side has accepted, with what it would change. */
function Proposed({ of: a, proposed: v }: { of: Agreement; proposed: Version }) {
  const { t, n, lang } = useI18n()
  const changes = changedParts(v, a).map((p) => t(`agreements.part.${p}`))
  return (
    <section className="panel proposed" aria-label={t('agreements.proposed', { n: v.version })}>
      <header>
        <h2>{t('agreements.proposed', { n: v.version })}</h2>
        <span className="muted">{t('agreements.proposedHelp')}</span>
      </header>
      <div className="body stack">
        <p>{t('agreements.changes', { list: changes.join(lang === 'zh' ? '、' : ', ') })}</p>
        <Leaves of={v} taker={n(a.taker.name)} />
        <dl className="facts">
          <dt>{t('agreements.giver')}</dt>
          <dd>
            <Accepted of={v.giverAccepted} />
          </dd>
          <dt>{t('agreements.taker')}</dt>
          <dd>
            <Accepted of={v.takerAccepted} />
          </dd>
        </dl>
      </div>
    </section>
  )
}

function Figures({ of: a }: { of: Agreement }) {
  const { at } = useHere()
  const i18n = useI18n()
  const { t } = i18n
  const names = useNames()
  return (
    <section className="panel" aria-label={t('agreements.figures')}>
      <header>
        <h2>{t('agreements.figures')}</h2>
        <span className="muted">{a.figures.length}</span>
      </header>
      <DataTable
        label={t('agreements.figures')}
        columns={['agreements.indicator', 'agreements.population']}
        height={a.figures.length > 12 ? 380 : undefined}
      >
        <tbody>
          {a.figures.map((w) => {
            const { indicator, filter } = nameParts(w)
            return (
              <tr key={w}>
                <th scope="row">
                  <Link to={at(`indicators/${indicator}`)}>{names.get(indicator) ?? indicator}</Link>
                </th>
                <td>{populationWords(filter, i18n)}</td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
    </section>
  )
}

function TermsPanel({ of: a }: { of: Agreement }) {
  const { t } = useI18n()
  return (
    <section className="panel" aria-label={t('agreements.terms')}>
      <header>
        <h2>{t('agreements.terms')}</h2>
        <span className="muted">{t('agreements.version', { n: a.version })}</span>
      </header>
      <div className="body">
        <dl className="facts">
          <dt>{t('agreements.giver')}</dt>
          <dd>
            <PartyName of={a.giver} hosted={a.hosted} />
            <div className="small">
              <Accepted of={a.giverAccepted} />
            </div>
          </dd>
          <dt>{t('agreements.taker')}</dt>
          <dd>
            <PartyName of={a.taker} hosted={a.hosted} />
            <div className="small">
              <Accepted of={a.takerAccepted} />
            </div>
          </dd>
          <dt>{t('agreements.kind')}</dt>
          <dd>{t(`agreements.kind.${a.kind}`)}</dd>
          <dt>{t('agreements.until')}</dt>
          <dd>
            <SpanOf of={a} />
          </dd>
          <dt>{t('agreements.purpose')}</dt>
          <dd>
            {t(`agreements.purpose.${a.purpose as 'credit'}`)}
            <div className="muted">{a.words}</div>
          </dd>
          {a.basis && (
            <>
              <dt>{t('agreements.basis')}</dt>
              <dd>{a.basis}</dd>
            </>
          )}
          <dt>{t('agreements.hash')}</dt>
          <dd>
            <code title={a.hash}>{a.hash.slice(0, 16)}</code>
          </dd>
          {(a.giver.key ?? a.taker.key) && (
            <>
              <dt>{t('agreements.key')}</dt>
              <dd>
                <code className="small">{a.giver.key ?? a.taker.key}</code>
              </dd>
            </>
          )}
        </dl>
      </div>
    </section>
  )
}
