import { PlusOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'

import { post, put } from '../api/client'
import { useHere } from '../app/org'
import { yuanOf } from '../fields/field'
import { useI18n } from '../i18n'
import { amountOf, amountRule } from '../needs/amount'
import { AskDialog } from '../needs/ask'
import {
  needKeys,
  useFitting,
  useKinds,
  useListings,
  useRated,
  useRatings,
  type Fitting,
  type Listing,
} from '../needs/queries'
import { Fit, Why } from '../needs/why'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import '../needs/needs.css'

/** SupplyPage is a provider's: needs that fit, what it has filed, and how it is rated. */
export function SupplyPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const listings = useListings(org.id)
  const fitting = useFitting(org.id)
  const [dialog, setDialog] = useState<Listing | 'new' | 'join'>()
  const mine = may('operate')
  const pooled = listings.data?.some((x) => x.register === 'providers')
  const join = mine && listings.data && !pooled && <Button onClick={() => setDialog('join')}>{t('supply.join')}</Button>
  const add = mine && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setDialog('new')}>
      {t('supply.new')}
    </Button>
  )
  return (
    <>
      <PageHead
        title={t('supply.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('needs.nav'), to: at('needs') },
        ]}
      >
        {join}
        {add}
      </PageHead>
      <div className="stack" style={{ gap: 12 }}>
        <section className="panel" aria-label={t('supply.fitting')}>
          <header>
            <h2>{t('supply.fitting')}</h2>
          </header>
          <Answer
            query={fitting}
            empty={(list) =>
              list.length === 0 && <Blank title={t('supply.noFitting')}>{t('supply.noFittingHelp')}</Blank>
            }
          >
            {(list) => (
              <ul className="needcards">
                {list.map((f) => (
                  <FittingCard key={f.need.id + f.supply} fitting={f} />
                ))}
              </ul>
            )}
          </Answer>
        </section>
        <section className="panel" aria-label={t('supply.mine')}>
          <header>
            <h2>{t('supply.mine')}</h2>
          </header>
          <Answer
            query={listings}
            empty={(list) => list.length === 0 && <Blank title={t('supply.none')}>{t('supply.noneHelp')}</Blank>}
          >
            {(list) => (
              <ul className="needcards">
                {list.map((x) => (
                  <li key={x.id} className="needcard">
                    <div className="row wrap" style={{ justifyContent: 'space-between' }}>
                      <h3>
                        {n(x.name)} · {x.title}
                      </h3>
                      <span className={`tag ${x.public ? 'info' : ''}`}>
                        {n(x.stateName)} · {t(x.public ? 'supply.public' : 'supply.notPublic')}
                      </span>
                    </div>
                    <p className="muted">
                      {x.code}
                      {x.reason && ` · ${x.reason}`}
                    </p>
                    {mine && x.register !== 'providers' && (
                      <Button size="small" onClick={() => setDialog(x)}>
                        {t('needs.edit')}
                      </Button>
                    )}
                  </li>
                ))}
              </ul>
            )}
          </Answer>
        </section>
        <MyRating org={org.id} />
      </div>
      {dialog === 'join' && <Join close={() => setDialog(undefined)} />}
      {dialog && dialog !== 'join' && (
        <ListingDialog listing={dialog === 'new' ? undefined : dialog} close={() => setDialog(undefined)} />
      )}
    </>
  )
}

function FittingCard({ fitting: f }: { fitting: Fitting }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const [asking, setAsking] = useState(false)
  return (
    <li className="needcard">
      <div className="row wrap" style={{ justifyContent: 'space-between' }}>
        <h3>{f.need.title}</h3>
        <Fit score={f.score} />
      </div>
      <p className="muted">
        {n(f.need.kindName)} · {f.title}
      </p>
      {f.need.brief?.words && <p style={{ whiteSpace: 'pre-wrap' }}>{f.need.brief.words}</p>}
      <Why reasons={f.reasons} />
      {may('operate') && (
        <div className="actions row" style={{ marginTop: 8 }}>
          <Button type="primary" onClick={() => setAsking(true)}>
            {t('supply.ask')}
          </Button>
        </div>
      )}
      {asking && <AskDialog need={f.need.id} supply={f.supply} name={f.need.title} close={() => setAsking(false)} />}
    </li>
  )
}

function MyRating({ org }: { org: string }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const rated = useRated(org)
  const ratings = useRatings(org)
  const [appeal, setAppeal] = useState<string>()
  const submit = useSubmit()
  const client = useQueryClient()
  const r = rated.data
  return (
    <section className="panel" aria-label={t('supply.rating')}>
      <header>
        <h2>{t('supply.rating')}</h2>
        {r && (
          <span className="tag info">
            {r.known ? t('needs.rating', { n: r.score, name: n(r.name) }) : t('needs.ratingNone')}
          </span>
        )}
      </header>
      {ratings.data && ratings.data.length > 0 && (
        <ul className="needcards">
          {ratings.data.map((x) => (
            <li key={x.id} className="needcard row wrap" style={{ justifyContent: 'space-between' }}>
              <span>
                {t('needs.points', { n: x.score })} {x.content.words}
                {x.content.decision && ` · ${x.content.decision}`}
              </span>
              {x.state === 'counts' && may('operate') && (
                <Button size="small" onClick={() => setAppeal(x.id)}>
                  {t('supply.appeal')}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {appeal && (
        <Modal open title={t('supply.appeal')} footer={null} onCancel={() => setAppeal(undefined)} destroyOnHidden>
          <Form
            layout="vertical"
            requiredMark={false}
            onFinish={({ words }: { words: string }) =>
              void submit
                .run(async () => {
                  await post(`/matching/ratings/${appeal}/appeal`, { words })
                  await client.invalidateQueries({ queryKey: needKeys.all })
                })
                .then((ok) => ok && setAppeal(undefined))
            }
          >
            <Form.Item
              name="words"
              label={t('needs.reason')}
              rules={[{ required: true, min: 3, message: t('needs.reason') }]}
            >
              <Input.TextArea autoSize={{ minRows: 2 }} maxLength={2000} />
            </Form.Item>
            {submit.problem && <Fault problem={submit.problem} />}
            <Button type="primary" htmlType="submit" loading={submit.busy}>
              {t('supply.appeal')}
            </Button>
          </Form>
        </Modal>
      )}
    </section>
  )
}

const providerKinds = [
  'software',
  'integrator',
  'platform',
  'equipment',
  'security',
  'consultancy',
  'finance',
  'training',
  'other',
] as const

function Join({ close }: { close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const submit = useSubmit()
  const client = useQueryClient()
  return (
    <Modal open title={t('supply.join')} footer={null} onCancel={close} destroyOnHidden>
      <Form
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: 'software' }}
        onFinish={(content: object) =>
          void submit
            .run(async () => {
              await post('/matching/supplies', { org: org.id, register: 'providers', content })
              await client.invalidateQueries({ queryKey: needKeys.all })
            })
            .then((ok) => {
              if (ok) close()
            })
        }
      >
        <Form.Item name="kind" label={t('supply.providerKind')}>
          <Select options={providerKinds.map((k) => ({ value: k, label: t(`supply.kind.${k}`) }))} />
        </Form.Item>
        <Form.Item name="summary" label={t('supply.summary')}>
          <Input.TextArea autoSize={{ minRows: 3 }} maxLength={2000} />
        </Form.Item>
        {submit.problem && <Fault problem={submit.problem} />}
        <Button type="primary" htmlType="submit" size="large" loading={submit.busy}>
          {t('supply.join')}
        </Button>
      </Form>
    </Modal>
  )
}

const registers = ['solutions', 'capabilities', 'products', 'apps', 'consultancies', 'cases'] as const

interface ListingForm {
  register: (typeof registers)[number]
  title: string
  summary: string
  covers: string[]
  trades?: string[]
  protocols?: string[]
  price?: string
  industry?: string
  year?: string
}

function ListingDialog({ listing, close }: { listing?: Listing; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const kinds = useKinds()
  const submit = useSubmit()
  const client = useQueryClient()
  const [form] = Form.useForm<ListingForm>()
  const type =
    (Form.useWatch('register', form) as ListingForm['register'] | undefined) ?? listing?.register ?? 'solutions'
  const old = (listing?.content ?? {}) as Record<string, unknown>
  const list = (key: string, inner: string) =>
    ((old[key] as Record<string, string>[] | undefined) ?? []).map((x) => x[inner] ?? '')
  const send = async (d: ListingForm) => {
    const wrap = (key: string, values?: string[]) =>
      values?.length ? values.map((v) => ({ [key]: v.trim() })) : undefined
    const content: Record<string, unknown> = {
      ...old,
      title: d.title,
      summary: d.summary,
      covers: wrap('kind', d.covers),
      ...(type === 'cases'
        ? { industry: d.industry?.trim() || undefined, year: d.year ? Number(d.year) : undefined }
        : {
            trades: wrap('industry', d.trades),
            priceFrom: amountOf(d.price),
            protocols: type === 'consultancies' ? undefined : wrap('protocol', d.protocols),
          }),
    }
    const ok = await submit.run(async () => {
      await (listing
        ? put(`/matching/supplies/${listing.id}`, { basis: listing.revision, content })
        : post('/matching/supplies', { org: org.id, register: d.register, content }))
      await client.invalidateQueries({ queryKey: needKeys.all })
    }, form)
    if (ok) close()
  }
  const need = (message: string) => [{ required: true, message }]
  return (
    <Modal open title={t('supply.new')} footer={null} onCancel={close} destroyOnHidden>
      <Form
        form={form}
        layout="vertical"
        className="needform"
        requiredMark={false}
        onFinish={(d) => void send(d)}
        initialValues={{
          register: listing?.register ?? 'solutions',
          title: old.title,
          summary: old.summary,
          covers: list('covers', 'kind'),
          trades: list('trades', 'industry'),
          protocols: list('protocols', 'protocol'),
          price: typeof old.priceFrom === 'number' ? yuanOf(old.priceFrom) : undefined,
          industry: old.industry,
          year: old.year,
        }}
      >
        {!listing && (
          <Form.Item name="register" label={t('supply.register')}>
            <Select options={registers.map((r) => ({ value: r, label: t(`supply.register.${r}`) }))} />
          </Form.Item>
        )}
        <Form.Item name="title" label={t('supply.name')} rules={need(t('supply.name'))}>
          <Input maxLength={120} />
        </Form.Item>
        <Form.Item name="summary" label={t('supply.summary')} rules={need(t('supply.summary'))}>
          <Input.TextArea autoSize={{ minRows: 3, maxRows: 10 }} maxLength={3000} />
        </Form.Item>
        <Form.Item name="covers" label={t('supply.covers')} rules={need(t('supply.covers'))}>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: 'label' }}
            options={(kinds.data?.kinds ?? []).map((k) => ({ value: k.id, label: n(k.name) }))}
          />
        </Form.Item>
        {type === 'cases' ? (
          <div className="pair">
            <Form.Item name="industry" label={t('supply.case.industry')}>
              <Input maxLength={5} />
            </Form.Item>
            <Form.Item name="year" label={t('supply.case.year')}>
              <Input inputMode="numeric" maxLength={4} />
            </Form.Item>
          </div>
        ) : (
          <>
            <Form.Item name="trades" label={t('supply.trades')} extra={t('supply.tradesHelp')}>
              <Select mode="tags" open={false} suffix="" tokenSeparators={[',', '，', '、', ';']} />
            </Form.Item>
            <div className="pair">
              <Form.Item name="price" label={t('supply.price')} rules={[amountRule(t('needs.amountForm'))]}>
                <Input inputMode="decimal" />
              </Form.Item>
              {type !== 'consultancies' && (
                <Form.Item name="protocols" label={t('needs.protocols')}>
                  <Select mode="tags" open={false} suffix="" tokenSeparators={[',', '，', '、', ';']} />
                </Form.Item>
              )}
            </div>
          </>
        )}
        {submit.problem && <Fault problem={submit.problem} />}
        <Button type="primary" htmlType="submit" size="large" loading={submit.busy}>
          {t('needs.save')}
        </Button>
      </Form>
    </Modal>
  )
}
