import { App, Form, Input, Modal, Radio, Select, Segmented } from 'antd'
import { useMemo, useState } from 'react'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { filterText, nameWord, populationWords } from '../figures/population'
import { useEveryTarget, useIndicators } from '../figures/queries'
import { date } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { Leaves } from './marks'
import { agreementKeys, usePeers, type Agreement, type Side, type Terms } from './queries'
import { endOfDay, lastDay, passable } from './words'

const kinds: Terms['kind'][] = ['parent', 'chain-leader', 'peer', 'regulator', 'bank']
const drills: Terms['drill'][] = ['none', 'inputs', 'facts', 'readings']
const purposes = [
  'statistics',
  'supervision',
  'programme',
  'chain',
  'credit',
  'insurance',
  'service',
  'research',
  'other',
]

interface Fields {
  place: 'here' | 'linked'
  node?: string
  other?: string
  kind: Terms['kind']
  figures: string[]
  detail: Terms['detail']
  drill: Terms['drill']
  onward: Terms['onward']
  since?: string
  until: string
  purpose: string
  words: string
  basis?: string
}

/**
 * ProposalDialog writes terms: a request (this side takes), an offer (this side gives), or other terms for an agreement that there is.
 */
export function ProposalDialog({ side, revise, close }: { side: Side; revise?: Agreement; close: () => void }) {
  const here = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const now = revise?.proposed ?? revise
  // Before the form stands there is nothing in it.
  const said = Form.useWatch((f) => f, form) as Partial<Fields> | undefined
  const detail = said?.detail ?? now?.detail ?? 'aggregate'
  const drill = said?.drill ?? now?.drill ?? 'inputs'
  const levels = passable(detail, drill)
  const save = async (f: Fields) => {
    const terms = {
      kind: f.kind,
      figures: f.figures,
      detail: f.detail,
      drill: f.drill,
      onward: f.onward,
      since: f.since || undefined,
      until: endOfDay(f.until),
      purpose: f.purpose,
      words: f.words,
      basis: f.basis || undefined,
    }
    const known = here.orgs.find((o) => o.id === f.other)
    const done = await saving.run(async () => {
      if (revise) await post(`/agreements/${revise.id}/revise`, { ...terms, side })
      else
        await post(`/agreements/${side === 'taker' ? 'request' : 'offer'}`, {
          ...terms,
          org: here.org.id,
          other: {
            ...(f.place === 'linked' && { node: f.node }),
            ...(f.place === 'here' && known ? { org: known.id } : { creditCode: f.other?.trim() }),
          },
        })
      await refreshed(agreementKeys.all())
    }, form)
    if (!done) return
    void message.success(t(revise ? 'agreements.revised' : 'agreements.sent'))
    close()
  }
  const needed = (label: string) => [{ required: true, message: t('field.missing', { name: label }) }]
  const taker = revise ? n(revise.taker.name) : side === 'taker' ? n(here.org.name) : otherName(said, here.orgs, n)
  return (
    <Modal
      open
      width={720}
      title={t(
        revise ? 'agreements.reviseTitle' : side === 'taker' ? 'agreements.requestTitle' : 'agreements.offerTitle',
      )}
      okText={t('agreements.send')}
      cancelText={t('cancel')}
      onCancel={close}
      onOk={form.submit}
      confirmLoading={saving.busy}
      mask={{ closable: false }}
    >
      <Form<Fields>
        form={form}
        layout="vertical"
        initialValues={first(now)}
        onValuesChange={(changed: Partial<Fields>) => {
          if (!changed.detail && !changed.drill) return
          const f = form.getFieldsValue()
          if (!passable(f.detail, f.drill).includes(f.onward)) form.setFieldsValue({ onward: 'none' })
        }}
        onFinish={(f) => void save(f)}
      >
        {saving.problem && <Fault problem={saving.problem} except={Object.keys(form.getFieldsValue())} />}
        {!revise && <Other side={side} place={said?.place ?? 'here'} />}
        <div className="formgrid">
          <Form.Item name="kind" label={t('agreements.kind')}>
            <Select options={kinds.map((value) => ({ value, label: t(`agreements.kind.${value}`) }))} />
          </Form.Item>
          <Form.Item name="purpose" label={t('agreements.purpose')}>
            <Select
              options={purposes.map((value) => ({ value, label: t(`agreements.purpose.${value as 'credit'}`) }))}
            />
          </Form.Item>
        </div>
        <Form.Item
          name="figures"
          label={t('agreements.figures')}
          rules={needed(t('agreements.figures'))}
          extra={t('agreements.figuresHelp')}
        >
          <FigurePicker />
        </Form.Item>
        <div className="formgrid">
          <Form.Item name="detail" label={t('agreements.detail')} extra={t(`agreements.detail.${detail}Help`)}>
            <Radio.Group
              optionType="button"
              options={(['aggregate', 'enterprise'] as const).map((value) => ({
                value,
                label: t(`agreements.detail.${value}`),
              }))}
            />
          </Form.Item>
          <Form.Item name="drill" label={t('agreements.drill')}>
            <Select options={drills.map((value) => ({ value, label: t(`agreements.level.${value}`) }))} />
          </Form.Item>
          <Form.Item name="onward" label={t('agreements.onward')}>
            <Select options={levels.map((value) => ({ value, label: t(`agreements.level.${value}`) }))} />
          </Form.Item>
        </div>
        <div className="formgrid">
          <Form.Item
            name="until"
            label={t('agreements.lastDay')}
            rules={needed(t('agreements.lastDay'))}
            extra={t('agreements.lastDayHelp')}
          >
            <Input type="date" />
          </Form.Item>
          <Form.Item name="since" label={t('agreements.since')} extra={t('agreements.sinceHelp')}>
            <Input type="date" />
          </Form.Item>
        </div>
        <Form.Item name="words" label={t('agreements.words')} rules={needed(t('agreements.words'))}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2 }} />
        </Form.Item>
        <Form.Item name="basis" label={t('agreements.basis')}>
          <Input maxLength={300} />
        </Form.Item>
        {said?.figures && said.figures.length > 0 && (
          <section className="banner" aria-label={t('agreements.leaves')}>
            <b>{t('agreements.leaves')}</b>
            <Leaves
              of={{
                kind: 'parent',
                figures: said.figures,
                detail,
                drill,
                onward: said.onward ?? 'none',
                since: said.since,
                until: said.until ? endOfDay(said.until) : '',
                purpose: '',
                words: '',
              }}
              taker={taker || t('agreements.taker')}
            />
          </section>
        )}
      </Form>
    </Modal>
  )
}

const first = (now: Terms | undefined): Partial<Fields> =>
  now
    ? { ...now, place: 'here', until: lastDay(now.until) }
    : {
        place: 'here',
        kind: 'parent',
        purpose: 'statistics',
        figures: [],
        detail: 'aggregate',
        drill: 'inputs',
        onward: 'aggregate',
        until: date(Date.now() + 365 * 86_400_000),
      }

const otherName = (
  f: Partial<Fields> | undefined,
  orgs: ReturnType<typeof useHere>['orgs'],
  n: ReturnType<typeof useI18n>['n'],
) => n(orgs.find((o) => o.id === f?.other)?.name)

/** Other names the other side: an organisation of this node, or one of a linked node by its credit code. */
function Other({ side, place }: { side: Side; place: Fields['place'] }) {
  const { org, orgs } = useHere()
  const { t, n } = useI18n()
  // Givers dial: who takes asks a node below, who gives offers to one above.
  const peers = usePeers(place === 'linked')
  const nodes = (peers.data ?? []).filter((p) => p.way === (side === 'taker' ? 'down' : 'up'))
  return (
    <>
      <Form.Item name="place" label={t('agreements.place')}>
        <Segmented
          options={[
            { value: 'here', label: t('agreements.place.here') },
            { value: 'linked', label: t('agreements.place.linked') },
          ]}
        />
      </Form.Item>
      {place === 'linked' && peers.error && <Fault problem={peers.error} />}
      {place === 'linked' && (
        <Form.Item
          name="node"
          label={t('agreements.whichNode')}
          rules={[{ required: true, message: t('field.missing', { name: t('agreements.whichNode') }) }]}
          extra={peers.data && nodes.length === 0 ? t('agreements.noNodes') : undefined}
        >
          <Select
            loading={peers.isFetching}
            options={nodes.map((p) => ({ value: p.node, label: [n(p.org?.name), p.name].filter(Boolean).join(' · ') }))}
          />
        </Form.Item>
      )}
      <Form.Item
        name="other"
        label={place === 'here' ? t('agreements.otherOrg') : t('agreements.creditCode')}
        extra={place === 'here' ? t('agreements.otherOrgHelp') : undefined}
        rules={[{ required: true, message: t('field.missing', { name: t('agreements.otherOrg') }) }]}
      >
        {place === 'here' ? <OrgPicker own={org.id} list={orgs} /> : <Input autoComplete="off" />}
      </Form.Item>
    </>
  )
}

/** OrgPicker is a list of the organisations that one may see, which takes a credit code as well. */
function OrgPicker({
  own,
  list,
  value,
  onChange,
}: {
  own: string
  list: ReturnType<typeof useHere>['orgs']
  value?: string
  onChange?: (v: string | undefined) => void
}) {
  const { t, n } = useI18n()
  const [typed, setTyped] = useState('')
  const code = typed.trim().toUpperCase()
  const options = list
    .filter((o) => o.id !== own)
    .map((o) => ({ value: o.id, label: n(o.name), words: `${n(o.name)} ${o.creditCode ?? ''}` }))
  for (const c of [code, value ?? '']) {
    if (codeForm.test(c) && !options.some((o) => o.words.includes(c))) options.push({ value: c, label: c, words: c })
  }
  return (
    <Select
      aria-label={t('agreements.otherOrg')}
      value={value}
      onChange={onChange}
      options={options}
      showSearch={{
        onSearch: setTyped,
        filterOption: (input, o) => (o?.words ?? '').toLowerCase().includes(input.trim().toLowerCase()),
      }}
    />
  )
}

/** A unified social credit code: GB 32100 leaves out I, O, S, V and Z. */
const codeForm = /^[0-9A-HJ-NP-RTUW-Y]{18}$/

/** FigurePicker chooses indicators, each of all enterprises or of a population that a target names; or all of a policy at once. */
function FigurePicker({ value = [], onChange }: { value?: string[]; onChange?: (v: string[]) => void }) {
  const i18n = useI18n()
  const { t, n } = i18n
  const indicators = useIndicators()
  // eslint-disable-next-line react-hooks/purity -- the policies of the day on which it is written
  const targets = useEveryTarget(date(Date.now()))
  const words = useMemo(
    () =>
      targets.data.map((x) => ({
        word: nameWord(x.indicator.id, filterText(x.filter)),
        policy: x.policy,
        name: x.policyName,
      })),
    [targets.data],
  )
  const options = (indicators.data ?? []).map((d) => {
    const filters = [
      'all',
      ...new Set(words.filter((w) => w.word.startsWith(`${d.id}@`)).map((w) => w.word.slice(d.id.length + 1))),
    ]
    return {
      label: n(d.name),
      options: filters.map((f) => ({
        value: nameWord(d.id, f),
        label: `${n(d.name)} · ${populationWords(f, i18n)}`,
      })),
    }
  })
  const policies = [...new Map(words.map((w) => [w.policy, w.name])).entries()]
  return (
    <div className="stack" style={{ gap: 6 }}>
      <Select
        mode="multiple"
        allowClear
        aria-label={t('agreements.figures')}
        loading={indicators.isPending}
        value={value}
        onChange={onChange}
        options={options}
        maxTagCount={6}
        showSearch={{ optionFilterProp: 'label' }}
      />
      <Select
        aria-label={t('agreements.allOfPolicy')}
        placeholder={t('agreements.allOfPolicy')}
        value={null}
        onChange={(policy: string | null) =>
          onChange?.([...new Set([...value, ...words.filter((w) => w.policy === policy).map((w) => w.word)])])
        }
        options={policies.map(([id, name]) => ({ value: id, label: n(name) }))}
      />
    </div>
  )
}
