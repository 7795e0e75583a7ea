import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'

import { all, post } from '../api/client'
import { Problem } from '../api/problem'
import type { Person } from '../api/types'
import { useHere } from '../app/org'
import { DeadlineText } from '../cases/deadline'
import { caseKeys, useActions, useCase, useSteps, type Action, type Case, type Step } from '../cases/queries'
import { CaseState } from '../cases/state'
import { contentOf, fieldsOf } from '../fields/field'
import { Fields } from '../fields/shown'
import { fetchFile } from '../fields/transfer'
import { beginDraft, DraftForm } from '../form/draftform'
import { draftKeys } from '../form/usedraft'
import { bytes } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { save } from '../trend/csv'
import { allowed } from '../ui/role'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { useQuery } from '@tanstack/react-query'
import '../fields/fields.css'
import '../cases/cases.css'

/** CasePage is one case: what it says, until when what is to be done, by whom, and what was done. */
export function CasePage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const c = useCase(id)
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('cases.every'), to: at('cases') },
  ]
  if (!c.data) {
    return (
      <>
        <PageHead title={t('cases.case')} crumbs={crumbs} />
        <section className="panel" aria-label={t('cases.case')}>
          {c.error?.status === 404 ? (
            <Blank title={t('cases.noCase')} actions={<Link to={at('cases')}>{t('cases.every')}</Link>}>
              {t('cases.noCaseHelp')}
            </Blank>
          ) : (
            <Answer query={c}>{() => null}</Answer>
          )}
        </section>
      </>
    )
  }
  return <Shown key={id} c={c.data} crumbs={crumbs} />
}

function Shown({ c, crumbs }: { c: Case; crumbs: { label: string; to: string }[] }) {
  const { me, orgs } = useHere()
  const { t, n } = useI18n()
  const fields = fieldsOf(c.declared?.fields)
  const keeper = allowed(me, orgs, c.org, 'configure')
  const facts = [
    ['cases.flow', n(c.flowName)],
    ['cases.about', n(c.subjectName)],
    ['cases.keeper', n(c.orgName)],
    ['cases.opened', dateTime(millis(c.opened)).slice(0, 16)],
  ] as const
  return (
    <>
      <PageHead title={c.title || n(c.flowName)} crumbs={crumbs} after={<CaseState of={c} />} />
      <Next c={c} keeper={keeper} />
      <div className="columns entrypage">
        <section className="panel" aria-label={t('cases.content')}>
          <header>
            <h2>{t('cases.content')}</h2>
          </header>
          <div className="body">
            <dl className="facts record">
              {facts.map(
                ([word, value]) =>
                  value && (
                    <div key={word} style={{ display: 'contents' }}>
                      <dt>{t(word)}</dt>
                      <dd>{value}</dd>
                    </div>
                  ),
              )}
            </dl>
            <hr className="rule" />
            <Fields fields={fields} content={c.content} />
            <h3>{t('cases.documents')}</h3>
            <Documents c={c} />
          </div>
        </section>
        <History c={c} />
      </div>
    </>
  )
}

/** Next is what is to be done: by whom, until when, and what the reader can do. */
function Next({ c, keeper }: { c: Case; keeper: boolean }) {
  const { t, n, lang } = useI18n()
  const actions = useActions(c.id, c.revision)
  const [naming, setNaming] = useState('')
  const state = c.declared?.states.find((s) => s.id === c.state)
  const waits = (state?.awaits ?? []).map((r) => n(c.declared?.roles.find((x) => x.id === r)?.name) || r)
  const join = lang === 'en' ? ', ' : '、'
  return (
    <section className="panel casenext" aria-label={t('cases.next')}>
      <header>
        <h2>{t('cases.next')}</h2>
      </header>
      <div className="body">
        <p>
          {c.ended
            ? t('cases.ended', { when: dateTime(millis(c.ended)).slice(0, 16) })
            : waits.length > 0
              ? t('cases.waitsFor', { who: waits.join(join) })
              : t('cases.waitsTime')}
        </p>
        {c.deadlines.map((d) => (
          <DeadlineText key={d.id} deadline={d} full />
        ))}
        {!c.ended && (
          <Answer query={actions} rows={1}>
            {(list) => (
              <div className="caseactions">
                {list.map((a, i) => (
                  <Do key={a.action} c={c} action={a} first={i === 0} />
                ))}
                {keeper &&
                  (c.declared?.roles ?? [])
                    .filter((r) => r.of === 'assigned')
                    .map((r) => (
                      <Button key={r.id} onClick={() => setNaming(r.id)}>
                        {t('cases.name', { role: n(r.name) })}
                        {c.parties.some((p) => p.role === r.id) ? ' ✓' : ''}
                      </Button>
                    ))}
                {list.length === 0 && !keeper && <span className="muted">{t('cases.nothingToDo')}</span>}
              </div>
            )}
          </Answer>
        )}
      </div>
      {naming && <Naming c={c} role={naming} close={() => setNaming('')} />}
    </section>
  )
}

const phone = () => window.matchMedia('(max-width: 760px)').matches

/** Do begins an action: at a desk in a window over the case, in the hand on a page of its own. */
function Do({ c, action: a, first }: { c: Case; action: Action; first: boolean }) {
  const { me, orgs, org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const { message } = App.useApp()
  const [draft, setDraft] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  // For which organisation: that of the role.
  const role = c.declared?.roles.find((r) => r.id === a.role)
  const side =
    role?.of === 'subject' ? c.subject : role?.of === 'owner' ? c.org : c.parties.find((p) => p.role === a.role)?.org
  const acting = side && allowed(me, orgs, side, 'operate') ? side : org.id
  const begin = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      const d = await beginDraft(acting, { kind: 'step', id: c.flow, action: a.action, case: c.id })
      if (phone()) void navigate(at(`drafts/${d.id}`))
      else setDraft(d.id)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
      await refreshed(caseKeys.one(c.id))
    } finally {
      setBusy(false)
    }
  }
  const close = () => {
    setDraft('')
    void refreshed(caseKeys.one(c.id), draftKeys.all())
  }
  return (
    <>
      <Button
        type={first ? 'primary' : 'default'}
        loading={busy}
        disabled={Boolean(a.refused)}
        title={a.refused ? t('cases.refusedNow', { why: a.refused }) : undefined}
        onClick={() => void begin()}
      >
        {n(a.name)}
      </Button>
      {problem && <Fault problem={problem} />}
      {draft && (
        <Modal
          open
          className="stepmodal"
          width={720}
          title={`${n(a.name)} · ${c.title}`}
          footer={null}
          onCancel={close}
        >
          <DraftForm
            id={draft}
            submitWord={n(a.name)}
            gone={close}
            done={() => {
              setDraft('')
              void message.success(t('cases.done', { action: n(a.name) }))
              void refreshed(caseKeys.one(c.id), caseKeys.cases(), caseKeys.due(), draftKeys.all())
            }}
          />
        </Modal>
      )}
    </>
  )
}

interface NamingFields {
  org?: string
  person?: string
  reason?: string
}

/** Naming names who plays a role: a person of an organisation, or all of it. */
function Naming({ c, role, close }: { c: Case; role: string; close: () => void }) {
  const { orgs } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<NamingFields>()
  const submit = useSubmit()
  const now = c.parties.find((p) => p.role === role)
  const org = Form.useWatch('org', form) ?? now?.org
  const people = useQuery({
    queryKey: ['people', org, 'naming'],
    enabled: Boolean(org),
    retry: false,
    queryFn: ({ signal }) => all<Person>('/people', { org }, signal),
  })
  const word = n(c.declared?.roles.find((r) => r.id === role)?.name) || role
  const done = (f: NamingFields) =>
    submit.run(async () => {
      await post(`/cases/${c.id}/parties`, {
        role,
        basis: c.revision,
        parties: f.org ? [{ org: f.org, person: f.person || undefined }] : [],
        reason: f.reason?.trim() || undefined,
      })
      await refreshed(caseKeys.one(c.id), caseKeys.due())
      close()
    }, form)
  return (
    <Modal
      open
      title={t('cases.name', { role: word })}
      onCancel={close}
      okText={t('cases.nameOk')}
      cancelText={t('cancel')}
      confirmLoading={submit.busy}
      onOk={() => form.submit()}
    >
      <Form<NamingFields>
        form={form}
        layout="vertical"
        initialValues={{ org: now?.org, person: now?.person }}
        onFinish={(f) => void done(f)}
      >
        <Form.Item name="org" label={t('cases.nameOrg')}>
          <Select
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            options={orgs.map((o) => ({ value: o.id, label: n(o.name) }))}
            onChange={() => form.setFieldValue('person', undefined)}
          />
        </Form.Item>
        <Form.Item
          name="person"
          label={t('cases.namePerson')}
          extra={people.error ? t('cases.namePeopleHidden') : undefined}
        >
          <Select
            allowClear
            placeholder={t('cases.nameAnybody')}
            loading={people.isLoading}
            options={(people.data ?? []).map((p) => ({ value: p.id, label: p.name || p.login }))}
          />
        </Form.Item>
        <Form.Item name="reason" label={t('form.remark')}>
          <Input.TextArea autoSize={{ minRows: 1, maxRows: 4 }} maxLength={2000} />
        </Form.Item>
      </Form>
      {submit.problem && <Fault problem={submit.problem} />}
    </Modal>
  )
}

function Documents({ c }: { c: Case }) {
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const list = c.documents
  const take = async (d: Case['documents'][number]) => {
    try {
      save(await fetchFile(`/cases/${c.id}/documents/${encodeURIComponent(d.id)}`, lang), d.name)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  if (list.length === 0) return <p className="muted">{t('cases.noDocuments')}</p>
  return (
    <ul className="items documents">
      {list.map((d) => (
        <li key={`${d.id} ${d.revision}`}>
          <span className="muted">{n(c.declared?.documents.find((k) => k.id === d.kind)?.name) || d.kind}：</span>
          <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={() => void take(d)}>
            {d.name}
          </Button>{' '}
          <span className="muted nowrap">{bytes(lang, d.size)}</span>
        </li>
      ))}
    </ul>
  )
}

function History({ c }: { c: Case }) {
  const { t } = useI18n()
  const steps = useSteps(c.id)
  return (
    <section className="panel" aria-label={t('cases.history')}>
      <header>
        <h2>{t('cases.history')}</h2>
      </header>
      <div className="body">
        <Answer query={steps} rows={3}>
          {(list) => (
            <ol className="steps">
              {[...list].reverse().map((s) => (
                <OneStep key={s.revision} c={c} s={s} />
              ))}
            </ol>
          )}
        </Answer>
      </div>
    </section>
  )
}

function OneStep({ c, s }: { c: Case; s: Step }) {
  const { orgs } = useHere()
  const { t, n, lang } = useI18n()
  const content = contentOf(s.content)
  const fields = fieldsOf(c.declared?.fields).filter((f) => f.key in content)
  const who = [n(s.roleName), s.by.name, n(s.orgName)].filter(Boolean).join(' · ')
  return (
    <li>
      <p>
        <strong>{n(s.name)}</strong>
        {s.from !== s.to && <span className="tag"> → {n(s.toName)}</span>}
      </p>
      <p className="muted">
        {dateTime(millis(s.at)).slice(0, 16)}
        {who ? ` · ${who}` : ` · ${t(s.deadline ? 'cases.byDeadline' : 'cases.hidden')}`}
      </p>
      {s.reason && <p>{t('cases.why', { reason: s.reason })}</p>}
      {(s.named ?? []).map((p, i) => (
        <p key={i} className="muted">
          {n(c.declared?.roles.find((r) => r.id === p.role)?.name)}：
          {n(orgs.find((o) => o.id === p.org)?.name) || p.org}
          {p.person ? ` · ${p.person.slice(0, 8)}` : ''}
        </p>
      ))}
      {s.documents.length > 0 && (
        <p className="muted">{s.documents.map((d) => d.name).join(lang === 'en' ? ', ' : '、')}</p>
      )}
      {fields.length > 0 && <Fields fields={fields} content={content} />}
    </li>
  )
}
