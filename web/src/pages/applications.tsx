import { Button, Drawer, Form, Input, Radio, Select } from 'antd'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { App } from 'antd'
import { useHere } from '../app/org'
import { useFilters } from '../fields/address'
import '../fields/fields.css'
import { money } from '../fields/field'
import { Pager, usePages } from '../fields/pager'
import { SearchBox } from '../fields/searchbox'
import { fetchFile } from '../fields/transfer'
import { bytes } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import '../join/join.css'
import {
  contentOf,
  reviewSize,
  stateKey,
  toneOf,
  useApplication,
  useIndustries,
  useReviews,
  type Application,
  type Detail,
} from '../join/queries'
import { SizeNote } from '../join/wizard'
import { save } from '../trend/csv'
import { PageHead } from '../ui/page'
import { roleKey } from '../ui/role'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'

const narrowing = ['q', 'state', 'kind'] as const
const states = ['submitted', 'returned', 'approved', 'refused', 'withdrawn'] as const

/** ApplicationsPage is where applications are decided: all of them by the node's own organisation, those that ask to act for an enterprise by its owners. */
export function ApplicationsPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const filters = useFilters(narrowing)
  const filter = {
    org: org.home ? undefined : org.id,
    q: filters.get('q') || undefined,
    state: filters.get('state') || undefined,
    kind: filters.get('kind') || undefined,
  }
  const pages = usePages(JSON.stringify(filter))
  const reviews = useReviews(filter, pages.cursor)
  const [open, setOpen] = useState('')
  return (
    <>
      <PageHead title={t('join.reviews')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('join.reviews')}>
        <div className="filterbar" role="search" aria-label={t('fields.filters')}>
          <SearchBox
            className="search"
            maxLength={200}
            label={t('join.search')}
            value={filters.get('q')}
            ask={(q) => filters.set({ q })}
          />
          <Select
            className="pick half"
            aria-label={t('state')}
            value={filters.get('state')}
            onChange={(state: string) => filters.set({ state })}
            options={[
              { value: '', label: t('join.anyState') },
              ...states.map((s) => ({ value: s, label: t(stateKey[s]) })),
            ]}
          />
          {org.home && (
            <Select
              className="pick half"
              aria-label={t('join.kind')}
              value={filters.get('kind')}
              onChange={(kind: string) => filters.set({ kind })}
              options={[
                { value: '', label: t('join.anyKind') },
                { value: 'join', label: t('join.join') },
                { value: 'act', label: t('join.act') },
              ]}
            />
          )}
        </div>
        <Answer
          query={reviews}
          rows={6}
          empty={(page) =>
            (page.items ?? []).length === 0 &&
            pages.before === 0 && <Blank title={t('join.noReviews')}>{t('join.noReviewsHelp')}</Blank>
          }
        >
          {(page) => (
            <>
              <Rows items={page.items ?? []} open={setOpen} />
              <Pager
                pages={pages}
                size={reviewSize}
                shown={(page.items ?? []).length}
                next={page.next}
                busy={reviews.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
      <Review key={open} id={open} close={() => setOpen('')} />
    </>
  )
}

function Rows({ items, open }: { items: Application[]; open: (id: string) => void }) {
  const { t, n } = useI18n()
  return (
    <DataTable label={t('join.reviews')} className="cards roomy">
      <thead>
        <tr>
          <th scope="col">{t('join.name')}</th>
          <th scope="col">{t('join.creditCode')}</th>
          <th scope="col">{t('join.kind')}</th>
          <th scope="col">{t('join.sizeClass')}</th>
          <th scope="col">{t('join.applicant')}</th>
          <th scope="col">{t('join.submittedAt')}</th>
          <th scope="col">{t('state')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((a) => (
          <tr key={a.id}>
            <th scope="row">
              <Button type="link" onClick={() => open(a.id)} style={{ padding: 0, height: 'auto' }}>
                {contentOf(a).name}
              </Button>
            </th>
            <td data-label={t('join.creditCode')}>
              <code>{contentOf(a).creditCode}</code>
            </td>
            <td data-label={t('join.kind')}>{t(a.kind === 'act' ? 'join.act' : 'join.join')}</td>
            <td data-label={t('join.sizeClass')}>{a.size ? n(a.size.name) : '–'}</td>
            <td data-label={t('join.applicant')}>{a.applicant}</td>
            <td data-label={t('join.submittedAt')} className="nowrap">
              {a.submitted ? dateTime(millis(a.submitted)) : '–'}
            </td>
            <td data-label={t('state')}>
              <span className={toneOf(a.state)}>{t(stateKey[a.state])}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

function Review({ id, close }: { id: string; close: () => void }) {
  const { t } = useI18n()
  const one = useApplication(id)
  return (
    <Drawer
      open={id !== ''}
      onClose={close}
      size={560}
      title={one.data ? contentOf(one.data).name : t('join.reviews')}
      destroyOnHidden
      closable={{ 'aria-label': t('close') }}
    >
      {id && <Answer query={one}>{(d) => <Facts d={d} close={close} />}</Answer>}
    </Drawer>
  )
}

const shownKeys: [string, Key][] = [
  ['creditCode', 'join.creditCode'],
  ['nameEn', 'join.nameEn'],
  ['industry', 'join.industry'],
  ['region', 'join.region'],
  ['employees', 'join.employees'],
  ['revenue', 'join.revenue'],
  ['assets', 'join.assets'],
  ['contact', 'join.contact'],
  ['phone', 'join.telephone'],
  ['until', 'join.until'],
]

function Facts({ d, close }: { d: Detail; close: () => void }) {
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const industries = useIndustries()
  const c = contentOf(d)
  const say = (key: string) => {
    const v = c[key]
    if (v === undefined) return undefined
    if (key === 'revenue' || key === 'assets') return `${money(lang, v)} ${t('join.yuan')}`
    if (key === 'industry') {
      const name = industries.data?.find((i) => i.code === String(v).slice(0, 2) || i.code === v)?.name
      return `${v} ${n(name)}`
    }
    return String(v)
  }
  const fetchLetter = async () => {
    if (!d.letter) return
    try {
      save(await fetchFile(`/join/applications/${d.id}/letter`, lang), d.letter.name)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <div className="joindetail">
      <p>
        <span className={toneOf(d.state)}>{t(stateKey[d.state])}</span>{' '}
        {t(d.kind === 'act' ? 'join.asksToAct' : 'join.asksToJoin', { name: d.applicant, role: t(roleKey[d.role]) })}
      </p>
      <dl className="joinfacts">
        {shownKeys.map(([key, label]) => {
          const v = say(key)
          return v === undefined ? null : (
            <div key={key} style={{ display: 'contents' }}>
              <dt>{t(label)}</dt>
              <dd>{v}</dd>
            </div>
          )
        })}
        {d.letter && (
          <div style={{ display: 'contents' }}>
            <dt>{t('join.letter')}</dt>
            <dd>
              <Button type="link" onClick={() => void fetchLetter()} style={{ padding: 0, height: 'auto' }}>
                {d.letter.name}
              </Button>{' '}
              <span className="muted">{bytes(lang, d.letter.size)}</span>
            </dd>
          </div>
        )}
      </dl>
      {d.size && (
        <div style={{ marginTop: 14 }}>
          <SizeNote size={d.size} />
        </div>
      )}
      {d.state === 'submitted' && <DecisionForm d={d} close={close} />}
      <h3>{t('join.history')}</h3>
      <ol className="joinsteplist">
        {d.steps.map((s) => (
          <li key={s.revision}>
            {t(stateKey[s.to])} · {s.by.name} · <span className="muted nowrap">{dateTime(millis(s.at))}</span>
            {s.reason && <div>{s.reason}</div>}
          </li>
        ))}
      </ol>
    </div>
  )
}

interface Decided {
  decision: 'approve' | 'return' | 'refuse'
  reason: string
  until?: string
}

function DecisionForm({ d, close }: { d: Detail; close: () => void }) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const { message } = App.useApp()
  const [form] = Form.useForm<Decided>()
  const submit = useSubmit()
  const decision = Form.useWatch('decision', form)
  const decide = async (f: Decided) => {
    const ok = await submit.run(
      () =>
        post(`/join/applications/${d.id}/decisions`, {
          basis: d.revision,
          decision: f.decision,
          reason: f.reason,
          until: f.decision === 'approve' ? f.until || undefined : undefined,
        }),
      form,
    )
    await queries.invalidateQueries({ queryKey: ['applications'] })
    await queries.invalidateQueries({ queryKey: ['mandates'] })
    if (ok) {
      void message.success(t('join.decided'))
      close()
    }
  }
  return (
    <Form<Decided> form={form} layout="vertical" requiredMark={false} onFinish={(f) => void decide(f)}>
      <h3>{t('join.decide')}</h3>
      <Form.Item name="decision" rules={[{ required: true, message: t('join.decideMissing') }]}>
        <Radio.Group
          aria-label={t('join.decide')}
          optionType="button"
          options={[
            { value: 'approve', label: t('join.approve') },
            { value: 'return', label: t('join.return') },
            { value: 'refuse', label: t('join.refuse') },
          ]}
        />
      </Form.Item>
      {decision === 'approve' && (
        <>
          <p className="muted">{t(d.kind === 'act' ? 'join.approveAct' : 'join.approveJoin')}</p>
          <Form.Item name="until" label={t('join.until')} initialValue={contentOf(d).until}>
            <Input type="date" max={String(contentOf(d).until ?? '')} />
          </Form.Item>
        </>
      )}
      <Form.Item
        name="reason"
        label={t('join.reason')}
        rules={[{ required: true, whitespace: true, message: t('join.reasonMissing') }]}
        extra={t('join.reasonHelp')}
      >
        <Input.TextArea rows={3} maxLength={1000} />
      </Form.Item>
      {submit.problem && (
        <Form.Item>
          <Fault problem={submit.problem} except={['reason', 'until']} />
        </Form.Item>
      )}
      <Button type="primary" htmlType="submit" loading={submit.busy}>
        {t('join.confirm')}
      </Button>
    </Form>
  )
}
