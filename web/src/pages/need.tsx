import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal } from 'antd'
import { Fragment, useState } from 'react'
import { Link, useParams } from 'react-router'

import { post, put } from '../api/client'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { AskDialog } from '../needs/ask'
import { draftOf, NeedForm } from '../needs/needform'
import { needKeys, useContacts, useMatches, useNeed, type Match, type Need } from '../needs/queries'
import { Fit, SupplyFacts, Why } from '../needs/why'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../needs/needs.css'

/** NeedPage is one need: what it says, what fits it and why, and who is in contact. */
export function NeedPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const need = useNeed(id)
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('needs.title'), to: at('needs') },
  ]
  if (!need.data) {
    return (
      <>
        <PageHead title={t('needs.detail')} crumbs={crumbs} />
        <section className="panel" aria-label={t('needs.detail')}>
          <Answer query={need}>{() => null}</Answer>
        </section>
      </>
    )
  }
  return <Shown key={need.data.revision} need={need.data} crumbs={crumbs} />
}

function Shown({ need: x, crumbs }: { need: Need; crumbs: { label: string; to: string }[] }) {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const client = useQueryClient()
  const [editing, setEditing] = useState(false)
  const [leaving, setLeaving] = useState(false)
  const own = x.org === org.id
  const seeks = x.state === 'open' || x.state === 'in-contact'
  const mine = own && may('operate') && seeks
  const matches = useMatches(x.id, seeks && x.sees === 'all')
  const contacts = useContacts({ org: org.id, need: x.id })
  const b = x.brief
  const facts = [
    [t('needs.state'), n(x.stateName)],
    [t('needs.kind'), n(x.kindName)],
    [t('matching.firm'), x.firm && n(x.firm)],
    [t('needs.words'), b?.words],
    [t('needs.budget'), b?.budgetTo !== undefined && money(lang, b.budgetTo)],
    [t('needs.protocols'), b?.protocols?.join('、')],
    [t('needs.deadline'), x.deadline],
    [t('needs.visibility'), b?.visibility && t(`needs.visibility.${b.visibility}`)],
    [t('needs.reason'), x.reason],
    [t('needs.filed'), dateTime(millis(x.filed))],
  ].filter(([, value]) => value)
  return (
    <>
      <PageHead title={x.title} crumbs={crumbs}>
        {mine && b && (
          <>
            <Button onClick={() => setLeaving(true)}>{t('needs.withdraw')}</Button>
            <Button onClick={() => setEditing(true)}>{t('needs.edit')}</Button>
          </>
        )}
      </PageHead>
      <div className="stack" style={{ gap: 12 }}>
        <section className="panel" aria-label={t('needs.detail')}>
          <header>
            <h2>{t('needs.detail')}</h2>
            {b?.origin?.startsWith('checkup:') && <span className="tag info">{t('needs.origin')}</span>}
          </header>
          <div className="body">
            <dl className="facts">
              {facts.map(([word, value]) => (
                <Fragment key={String(word)}>
                  <dt>{word}</dt>
                  <dd style={{ whiteSpace: 'pre-wrap' }}>{value}</dd>
                </Fragment>
              ))}
            </dl>
          </div>
        </section>
        {(contacts.data?.length ?? 0) > 0 && (
          <section className="panel" aria-label={t('needs.contacts')}>
            <header>
              <h2>{t('needs.contacts')}</h2>
            </header>
            <ul className="needcards">
              {contacts.data?.map((c) => (
                <li key={c.id} className="needcard row wrap" style={{ justifyContent: 'space-between' }}>
                  <Link to={at(`needs/contacts/${c.id}`)}>
                    {n(c.content.providerName)} · {c.content.supplyTitle}
                  </Link>
                  <span className="tag info">{n(c.stateName)}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {seeks && x.sees === 'all' && (
          <section className="panel" aria-label={t('needs.matches')}>
            <header>
              <h2>{t('needs.matches')}</h2>
            </header>
            <Answer
              query={matches}
              empty={(list) =>
                list.length === 0 && <Blank title={t('needs.noMatches')}>{t('needs.noMatchesHelp')}</Blank>
              }
            >
              {(list) => (
                <ul className="needcards">
                  {list.map((m) => (
                    <MatchCard
                      key={m.supply.id}
                      need={x.id}
                      match={m}
                      mine={mine}
                      contact={contacts.data?.find(
                        (c) => c.supply === m.supply.id && c.state !== 'closed' && c.state !== 'declined',
                      )}
                    />
                  ))}
                </ul>
              )}
            </Answer>
          </section>
        )}
      </div>
      {editing && b && (
        <Modal open title={t('needs.edit')} footer={null} onCancel={() => setEditing(false)} destroyOnHidden>
          <NeedForm
            start={draftOf(b)}
            ok={t('needs.save')}
            send={async (brief) => {
              await put(`/matching/needs/${x.id}`, { ...b, ...brief, basis: x.revision })
              await client.invalidateQueries({ queryKey: needKeys.all })
            }}
          />
        </Modal>
      )}
      {leaving && <Leave need={x} close={() => setLeaving(false)} />}
    </>
  )
}

function MatchCard({
  need,
  match: m,
  mine,
  contact,
}: {
  need: string
  match: Match
  mine: boolean
  contact?: { id: string }
}) {
  const { at } = useHere()
  const { t } = useI18n()
  const [asking, setAsking] = useState(false)
  return (
    <li className="needcard">
      <div className="row wrap" style={{ justifyContent: 'space-between' }}>
        <h3>{m.supply.title}</h3>
        <Fit score={m.score} />
      </div>
      <SupplyFacts supply={m.supply} />
      <Why reasons={m.reasons} />
      <div className="actions row" style={{ marginTop: 8 }}>
        {contact ? (
          <Link to={at(`needs/contacts/${contact.id}`)}>{t('needs.inContact')}</Link>
        ) : m.supply.provider === undefined ? (
          <span className="muted">{t('needs.offline')}</span>
        ) : (
          mine && (
            <Button type="primary" onClick={() => setAsking(true)}>
              {t('needs.contact')}
            </Button>
          )
        )}
      </div>
      {asking && (
        <AskDialog
          need={need}
          supply={m.supply.id}
          name={m.supply.providerName}
          help={t('needs.contactHelp')}
          close={() => setAsking(false)}
        />
      )}
    </li>
  )
}

function Leave({ need: x, close }: { need: Need; close: () => void }) {
  const { t } = useI18n()
  const submit = useSubmit()
  const client = useQueryClient()
  return (
    <Modal open title={t('needs.withdrawTitle')} footer={null} onCancel={close} destroyOnHidden>
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={({ reason }: { reason: string }) =>
          void submit
            .run(() => post(`/matching/needs/${x.id}/withdrawal`, { basis: x.revision, reason }))
            .then((ok) => (ok ? client.invalidateQueries({ queryKey: needKeys.all }) : undefined))
        }
      >
        <Form.Item
          name="reason"
          label={t('needs.reason')}
          rules={[{ required: true, min: 3, message: t('needs.reason') }]}
        >
          <Input maxLength={200} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
        <Button danger type="primary" htmlType="submit" loading={submit.busy}>
          {t('needs.withdraw')}
        </Button>
      </Form>
    </Modal>
  )
}
