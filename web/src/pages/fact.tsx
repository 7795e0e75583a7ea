import { EditOutlined } from '@ant-design/icons'
import { Button, Input } from 'antd'
import { Fragment, useState, type ReactNode } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'

import { base } from '../api/client'
import { useHere } from '../app/org'
import { CorrectDialog, RaiseDialog, WithdrawDialog } from '../facts/dialogs'
import { DocumentList } from '../facts/documents'
import { GradeTag, When } from '../facts/marks'
import { titleOf, useFact, useKinds, useProof, useRevisions, type Fact, type Kind } from '../facts/queries'
import { Differences, Fields } from '../fields/shown'
import { useWords } from '../fields/words'
import { whole } from '../format/number'
import { dateTime, dateTimeMillis, fromLocalInput, millis, toLocalInput } from '../format/time'
import { useI18n } from '../i18n'
import { allowed } from '../ui/role'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'

/** FactPage is one fact: as it is said now, or as the node knew it at a time; its evidence, and all its revisions. */
export function FactPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const asOf = params.get('asOf') ?? undefined
  const kinds = useKinds()
  const fact = useFact(id, asOf)
  const words = useWords()
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('facts.title'), to: at('facts') },
  ]
  const look = (time: string | undefined) => setParams(time ? { asOf: time } : {}, { replace: true })
  if (!fact.data || !kinds.data) {
    return (
      <>
        <PageHead title={t('facts.one')} crumbs={crumbs} />
        <section className="panel" aria-label={t('facts.one')}>
          {fact.error?.status === 404 ? (
            <Blank
              title={t(asOf ? 'facts.notYet' : 'facts.gone')}
              actions={
                asOf ? (
                  <Button onClick={() => look(undefined)}>{t('facts.now')}</Button>
                ) : (
                  <Link to={at('facts')}>{t('facts.title')}</Link>
                )
              }
            >
              {t(asOf ? 'facts.notYetHelp' : 'facts.goneHelp')}
            </Blank>
          ) : (
            <Answer query={fact}>{() => <Answer query={kinds}>{() => null}</Answer>}</Answer>
          )}
        </section>
      </>
    )
  }
  const kind = kinds.data.find((k) => k.id === fact.data.kind)
  return (
    <Shown
      fact={fact.data}
      kind={kind}
      title={titleOf(kind, fact.data, words)}
      crumbs={crumbs}
      asOf={asOf}
      look={look}
    />
  )
}

function Shown({
  fact: f,
  kind,
  title,
  crumbs,
  asOf,
  look,
}: {
  fact: Fact
  kind: Kind | undefined
  title: string
  crumbs: { label: string; to: string }[]
  asOf: string | undefined
  look: (time: string | undefined) => void
}) {
  const { me, orgs } = useHere()
  const { t, n } = useI18n()
  const [dialog, setDialog] = useState<'correct' | 'raise' | 'withdraw'>()
  const mine = allowed(me, orgs, f.org, 'configure') && !asOf && !f.withdrawn
  const close = () => setDialog(undefined)
  const evidence: [string, ReactNode][] = [
    [t('facts.grade'), <GradeTag key="g" grade={f.grade} />],
    ...(f.evidence.document
      ? [
          [
            t('facts.evidenceDocument'),
            f.documents.find((d) => d.id === f.evidence.document)?.name ?? f.evidence.document,
          ] as [string, ReactNode],
        ]
      : []),
    ...(f.evidence.reference ? [[t('facts.evidenceReference'), f.evidence.reference] as [string, ReactNode]] : []),
    ...(f.evidence.by ? [[t('facts.evidenceBy'), f.evidence.by] as [string, ReactNode]] : []),
    [t('facts.documents'), <DocumentList key="d" fact={f.id} documents={f.documents} />],
    [t('facts.source'), `${f.source} · ${f.externalId}`],
    [t('facts.when'), <When key="w" fact={f} />],
    [t('registers.revision'), t('registers.revisionOf', { n: f.revision, version: f.kindVersion })],
    [t('facts.recorded'), `${dateTime(millis(f.at))} · ${f.by.name}`],
  ]
  return (
    <>
      <PageHead
        title={title}
        crumbs={crumbs}
        after={
          <>
            <span className="muted">{n(kind?.name) || f.kind}</span>
            <GradeTag grade={f.grade} />
            {f.withdrawn && <span className="tag warning">{t('facts.withdrawn')}</span>}
          </>
        }
      >
        {mine && kind && (
          <>
            <Button type="primary" icon={<EditOutlined aria-hidden />} onClick={() => setDialog('correct')}>
              {t('facts.correct')}
            </Button>
            {f.grade !== 'E3' && <Button onClick={() => setDialog('raise')}>{t('facts.raise')}</Button>}
            <Button danger onClick={() => setDialog('withdraw')}>
              {t('facts.withdraw')}
            </Button>
          </>
        )}
      </PageHead>
      {f.withdrawn && <p className="banner warning">{t('facts.withdrawnBecause', { reason: f.reason ?? '–' })}</p>}
      {asOf && (
        <p className="banner">
          {t('facts.asKnown', { time: dateTimeMillis(millis(asOf)) })}{' '}
          <Button size="small" onClick={() => look(undefined)}>
            {t('facts.now')}
          </Button>
        </p>
      )}
      <div className="columns entrypage">
        <div className="stack">
          <section className="panel" aria-label={t('registers.content')}>
            <header>
              <h2>{t('registers.content')}</h2>
            </header>
            <div className="body">{kind && <Fields fields={kind.fields} content={f.content} />}</div>
          </section>
          <section className="panel" aria-label={t('facts.evidence')}>
            <header>
              <h2>{t('facts.evidence')}</h2>
            </header>
            <div className="body">
              <dl className="facts record">
                {evidence.map(([word, value]) => (
                  <Fragment key={word}>
                    <dt>{word}</dt>
                    <dd>{value}</dd>
                  </Fragment>
                ))}
              </dl>
              {allowed(me, orgs, f.org, 'audit') && <Leaf key={f.revisionId} record={f.revisionId} />}
            </div>
          </section>
        </div>
        <Revisions id={f.id} kind={kind} asOf={asOf} look={look} />
      </div>
      {dialog === 'correct' && kind && <CorrectDialog fact={f} kind={kind} close={close} />}
      {dialog === 'raise' && <RaiseDialog fact={f} close={close} />}
      {dialog === 'withdraw' && <WithdrawDialog fact={f} title={title} close={close} />}
    </>
  )
}

/** Leaf is where a revision stands in the evidence log. */
function Leaf({ record }: { record: string }) {
  const { t, lang } = useI18n()
  const proof = useProof(record, true)
  const path = `${base}/evidence/records/${record}`
  const waiting = proof.error?.status === 404 || proof.error?.status === 409
  return (
    <>
      <hr className="rule" />
      <div className="row wrap" role="status">
        {proof.data ? (
          <>
            <span className="tag good">{t('facts.sealed', { n: whole(lang, proof.data.proof.index) })}</span>
            <a href={path} target="_blank" rel="noreferrer">
              {t('facts.proof')}
            </a>
            <a href={`${path}/payload`} download>
              {t('facts.payload')}
            </a>
          </>
        ) : waiting ? (
          <>
            <span className="muted">{t('facts.notSealed')}</span>
            <Button size="small" loading={proof.isFetching} onClick={() => void proof.refetch()}>
              {t('facts.lookAgain')}
            </Button>
          </>
        ) : proof.error ? (
          <Fault problem={proof.error} retry={() => void proof.refetch()} />
        ) : null}
      </div>
    </>
  )
}

function Revisions({
  id,
  kind,
  asOf,
  look,
}: {
  id: string
  kind: Kind | undefined
  asOf: string | undefined
  look: (time: string | undefined) => void
}) {
  const { t } = useI18n()
  const revisions = useRevisions(id)
  return (
    <section className="panel" aria-label={t('facts.revisions')}>
      <header>
        <h2>{t('facts.revisions')}</h2>
        <label className="actions">
          <span className="muted">{t('facts.asOf')}</span>
          <Input
            type="datetime-local"
            step="1"
            size="small"
            style={{ width: 'auto' }}
            value={asOf ? toLocalInput(millis(asOf)) : ''}
            onChange={(e) => {
              const time = fromLocalInput(e.target.value)
              look(Number.isFinite(time) ? new Date(time).toISOString() : undefined)
            }}
          />
        </label>
      </header>
      <Answer query={revisions} rows={3}>
        {(list) => (
          <DataTable
            label={t('facts.revisions')}
            className="cards roomy"
            columns={['registers.revision', 'registers.when', 'registers.what', 'reason']}
          >
            <tbody>
              {list.map((f, i) => (
                <tr key={f.revision}>
                  <th scope="row" className="nowrap">
                    <button type="button" className="plain linked" onClick={() => look(i === 0 ? undefined : f.at)}>
                      {t('facts.revisionN', { n: f.revision })}
                    </button>
                  </th>
                  <td data-label={t('registers.when')}>
                    <div>
                      <span className="nowrap">{dateTime(millis(f.at))}</span>
                      <div className="muted">{f.by.name}</div>
                    </div>
                  </td>
                  <td data-label={t('registers.what')} style={{ overflowWrap: 'anywhere' }}>
                    <div>
                      <What kind={kind} before={list[i + 1]} after={f} />
                    </div>
                  </td>
                  <td data-label={t('reason')} style={{ overflowWrap: 'anywhere' }}>
                    {f.reason ?? '–'}
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

function What({ kind, before, after }: { kind: Kind | undefined; before: Fact | undefined; after: Fact }) {
  const { t } = useI18n()
  if (!before) {
    return (
      <>
        {t('facts.first')} <GradeTag grade={after.grade} />
      </>
    )
  }
  if (after.withdrawn) return <span className="tag warning">{t('facts.withdrawn')}</span>
  const names = (f: Fact) => f.documents.map((d) => d.name)
  const [gone, come] = [
    names(before).filter((x) => !names(after).includes(x)),
    names(after).filter((x) => !names(before).includes(x)),
  ]
  const proofs = (f: Fact) => [f.evidence.reference, f.evidence.by].filter(Boolean).join(' · ')
  return (
    <>
      {before.grade !== after.grade && (
        <div>
          <GradeTag grade={before.grade} /> → <GradeTag grade={after.grade} />
        </div>
      )}
      {gone.length + come.length > 0 && (
        <div>
          <span className="muted">{t('facts.documents')}: </span>
          {gone.length > 0 && <del>{gone.join(' ')}</del>} {come.length > 0 && <ins>{come.join(' ')}</ins>}
        </div>
      )}
      {proofs(before) !== proofs(after) && (
        <div>
          <span className="muted">{t('facts.evidence')}: </span>
          {proofs(before) && <del>{proofs(before)}</del>} {proofs(after) && <ins>{proofs(after)}</ins>}
        </div>
      )}
      {kind && <Differences fields={kind.fields} before={before.content} after={after.content} />}
    </>
  )
}
