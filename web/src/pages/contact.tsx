import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Rate, Select } from 'antd'
import { Fragment, useState, type ReactNode } from 'react'
import { Link, useParams } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { amountOf, amountRule } from '../needs/amount'
import { needKeys, useContact, useSteps, type Contact, type ContactStep } from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../needs/needs.css'

/** ContactPage is one contact of a firm and a provider: what was said and done, and what can be done next. */
export function ContactPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const contact = useContact(id, org.id)
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('needs.contacts'), to: at('needs/contacts') },
  ]
  const c = contact.data
  if (!c) {
    return (
      <>
        <PageHead title={t('contact.title')} crumbs={crumbs} />
        <section className="panel" aria-label={t('contact.title')}>
          <Answer query={contact}>{() => null}</Answer>
        </section>
      </>
    )
  }
  const other = c.side === 'firm' ? n(c.content.providerName) : n(c.content.firmName)
  return (
    <>
      <PageHead
        title={other ? t('contact.with', { name: other }) : t('contact.title')}
        crumbs={crumbs}
        after={<span className="tag info">{n(c.stateName)}</span>}
      />
      <div className="stack" style={{ gap: 12 }}>
        <About contact={c} />
        <Talk contact={c} />
        <Next key={c.revision} contact={c} />
        {c.side === 'firm' && ['contracted', 'delivered', 'done'].includes(c.state) && <RateIt contact={c} />}
      </div>
    </>
  )
}

function About({ contact: c }: { contact: Contact }) {
  const { at } = useHere()
  const { t, n, lang } = useI18n()
  const k = c.content.contract
  const r = c.content.result
  const rows: [string, ReactNode][] = [
    [
      t('contact.need'),
      <Link key="n" to={at(`needs/${c.need}`)}>
        {c.content.needTitle}
      </Link>,
    ],
    [t('contact.supply'), c.content.supplyTitle],
    [t('matching.firm'), n(c.content.firmName) || t('contact.hidden')],
    [t('matching.provider'), n(c.content.providerName)],
    [t('contact.amount'), c.content.quoted !== undefined && !k && money(lang, c.content.quoted)],
    [t('contact.contract'), k && `${k.number} · ${money(lang, k.amount)} · ${k.signed}`],
    [t('contact.due'), k?.due],
    [t('contact.result'), r && `${r.words} · ${r.delivered}`],
    [t('contact.saving'), r?.saving !== undefined && money(lang, r.saving)],
  ]
  return (
    <section className="panel" aria-label={t('contact.title')}>
      <div className="body">
        <dl className="facts">
          {rows.map(
            ([word, value]) =>
              value && (
                <Fragment key={word}>
                  <dt>{word}</dt>
                  <dd>{value}</dd>
                </Fragment>
              ),
          )}
        </dl>
      </div>
    </section>
  )
}

function Talk({ contact: c }: { contact: Contact }) {
  const { org, may } = useHere()
  const { t } = useI18n()
  const steps = useSteps(c.id)
  const submit = useSubmit()
  const client = useQueryClient()
  const [form] = Form.useForm<{ words: string }>()
  const over = ['done', 'declined', 'closed'].includes(c.state)
  const say = async ({ words }: { words: string }) => {
    const ok = await submit.run(async () => {
      await post(`/matching/contacts/${c.id}/steps`, { as: org.id, step: 'message', words })
      await client.invalidateQueries({ queryKey: needKeys.all })
    }, form)
    if (ok) form.resetFields()
  }
  return (
    <section className="panel" aria-label={t('contact.steps')}>
      <header>
        <h2>{t('contact.steps')}</h2>
      </header>
      <div className="body">
        <Answer query={steps}>
          {(list) => (
            <ol className="talk">
              {list.map((s) => (
                <Said key={s.id} step={s} mine={s.side === c.side} />
              ))}
            </ol>
          )}
        </Answer>
        {!over && may('operate') && (
          <Form
            name="say"
            form={form}
            onFinish={(d) => void say(d)}
            style={{ marginTop: 12 }}
            layout="vertical"
            requiredMark={false}
          >
            <Form.Item
              name="words"
              label={t('contact.say')}
              rules={[{ required: true, min: 3, message: t('contact.say') }]}
              style={{ marginBottom: 8 }}
            >
              <Input.TextArea autoSize={{ minRows: 1, maxRows: 6 }} maxLength={2000} />
            </Form.Item>
            {submit.problem && <Fault problem={submit.problem} />}
            <Button htmlType="submit" loading={submit.busy}>
              {t('contact.send')}
            </Button>
          </Form>
        )}
      </div>
    </section>
  )
}

function Said({ step: s, mine }: { step: ContactStep; mine: boolean }) {
  const { n, lang } = useI18n()
  const data = s.data as { amount?: number; day?: string; number?: string } | undefined
  return (
    <li className={mine ? 'mine' : undefined}>
      <small>
        {s.by.name} · {n(s.name)} · {dateTime(millis(s.at))}
      </small>
      {s.words}
      {data?.number && ` ${data.number}`}
      {data?.amount !== undefined && ` ${money(lang, data.amount)}`}
      {data?.day && ` ${data.day}`}
    </li>
  )
}

interface StepForm {
  words?: string
  day?: string
  amount?: string
  number?: string
  signed?: string
  due?: string
  subject?: string
  delivered?: string
  saving?: string
}

const subjects = ['integration', 'software', 'cloud', 'equipment', 'consulting', 'other'] as const

function Next({ contact: c }: { contact: Contact }) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const submit = useSubmit()
  const client = useQueryClient()
  const [step, setStep] = useState<string>()
  const [form] = Form.useForm<StepForm>()
  const over = ['done', 'declined', 'closed'].includes(c.state)
  if (!may('operate') || !c.side) return null
  const asks = (...which: string[]) => step !== undefined && which.includes(step)
  const finish = async (d: StepForm) => {
    const body = {
      as: org.id,
      step,
      basis: c.revision,
      words: asks('result') ? undefined : d.words,
      day: d.day,
      amount: asks('quote') ? amountOf(d.amount) : undefined,
      contract: asks('propose')
        ? {
            number: d.number,
            signed: d.signed,
            due: d.due || undefined,
            amount: amountOf(d.amount),
            subject: d.subject,
          }
        : undefined,
      result: asks('result') ? { words: d.words, delivered: d.delivered, saving: amountOf(d.saving) } : undefined,
    }
    await submit.run(async () => {
      await post(`/matching/contacts/${c.id}/steps`, body)
      await client.invalidateQueries({ queryKey: needKeys.all })
    }, form)
  }
  const need = (message: string) => [{ required: true, message }]
  return (
    <section className="panel" aria-label={t('contact.next')}>
      <header>
        <h2>{t('contact.next')}</h2>
      </header>
      <div className="body">
        {c.steps.length === 0 && <p className="muted">{over ? t('contact.ended') : t('contact.wait')}</p>}
        <div className="row wrap" role="group" aria-label={t('contact.next')}>
          {c.steps.map((s) => (
            <Button
              key={s.id}
              type={s.id === step ? 'primary' : 'default'}
              danger={s.id === 'decline' || s.id === 'close'}
              aria-pressed={s.id === step}
              onClick={() => {
                setStep(s.id)
                submit.clear()
              }}
            >
              {n(s.name)}
            </Button>
          ))}
        </div>
        {step && (
          <Form
            name="step"
            form={form}
            layout="vertical"
            className="needform"
            style={{ marginTop: 12 }}
            onFinish={(d) => void finish(d)}
            requiredMark={false}
            initialValues={{ subject: 'integration' }}
          >
            {asks('meet') && (
              <Form.Item name="day" label={t('contact.day')} rules={need(t('contact.day'))}>
                <Input type="date" />
              </Form.Item>
            )}
            {asks('propose') && (
              <div className="pair">
                <Form.Item name="number" label={t('contact.number')} rules={need(t('contact.number'))}>
                  <Input maxLength={100} />
                </Form.Item>
                <Form.Item name="subject" label={t('contact.subject')}>
                  <Select options={subjects.map((s) => ({ value: s, label: t(`contact.subject.${s}`) }))} />
                </Form.Item>
                <Form.Item name="signed" label={t('contact.signed')} rules={need(t('contact.signed'))}>
                  <Input type="date" />
                </Form.Item>
                <Form.Item name="due" label={t('contact.due')}>
                  <Input type="date" />
                </Form.Item>
              </div>
            )}
            {asks('quote', 'propose') && (
              <Form.Item
                name="amount"
                label={t('contact.amount')}
                rules={[...need(t('contact.amount')), amountRule(t('needs.amountForm'))]}
              >
                <Input inputMode="decimal" />
              </Form.Item>
            )}
            {asks('result') && (
              <div className="pair">
                <Form.Item name="delivered" label={t('contact.delivered')} rules={need(t('contact.delivered'))}>
                  <Input type="date" />
                </Form.Item>
                <Form.Item name="saving" label={t('contact.saving')} rules={[amountRule(t('needs.amountForm'))]}>
                  <Input inputMode="decimal" />
                </Form.Item>
              </div>
            )}
            <Form.Item
              name="words"
              label={asks('result') ? t('contact.result') : t('contact.words')}
              rules={
                asks('result', 'decline', 'close') ? [{ required: true, min: 3, message: t('contact.words') }] : []
              }
            >
              <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={2000} />
            </Form.Item>
            {submit.problem && <Fault problem={submit.problem} />}
            <Button type="primary" htmlType="submit" loading={submit.busy}>
              {n(c.steps.find((s) => s.id === step)?.name)}
            </Button>
          </Form>
        )}
      </div>
    </section>
  )
}

const aspects = ['quality', 'delivery', 'service', 'price'] as const

function RateIt({ contact: c }: { contact: Contact }) {
  const { may } = useHere()
  const { t } = useI18n()
  const submit = useSubmit()
  const client = useQueryClient()
  if (c.rated) {
    return (
      <section className="panel" aria-label={t('contact.rate')}>
        <div className="body muted">{t('contact.rated')}</div>
      </section>
    )
  }
  if (!may('operate')) return null
  return (
    <section className="panel" aria-label={t('contact.rate')}>
      <header>
        <h2>{t('contact.rate')}</h2>
      </header>
      <div className="body">
        <Form
          name="rate"
          layout="vertical"
          requiredMark={false}
          onFinish={({ words, ...given }: { words?: string } & Record<string, number | undefined>) =>
            void submit.run(async () => {
              await post(`/matching/contacts/${c.id}/rating`, { aspects: given, words })
              await client.invalidateQueries({ queryKey: needKeys.all })
            })
          }
        >
          <div className="row wrap" style={{ gap: 24 }}>
            {aspects.map((a) => (
              <Form.Item key={a} name={a} label={t(`contact.${a}`)} initialValue={5}>
                <Rate />
              </Form.Item>
            ))}
          </div>
          <Form.Item name="words" label={t('contact.words')}>
            <Input maxLength={500} />
          </Form.Item>
          {submit.problem && <Fault problem={submit.problem} />}
          <Button type="primary" htmlType="submit" loading={submit.busy}>
            {t('contact.rate')}
          </Button>
        </Form>
      </div>
    </section>
  )
}
