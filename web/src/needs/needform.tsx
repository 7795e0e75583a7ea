import { Button, Form, Input, Radio, Select } from 'antd'
import { useEffect, useState } from 'react'

import { yuanOf } from '../fields/field'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { amountOf, amountRule } from './amount'
import { useKinds, type Brief } from './queries'

/** What the form holds: the brief, with money in yuan as it is typed. */
export interface Draft {
  kind?: string
  title?: string
  words?: string
  budgetFrom?: string
  budgetTo?: string
  protocols?: string[]
  ways?: string[]
  deadline?: string
  visibility?: 'public' | 'matched' | 'private'
}

export const draftOf = (b: Brief): Draft => ({
  kind: b.kind,
  title: b.title,
  words: b.words,
  protocols: b.protocols ?? undefined,
  ways: b.ways ?? undefined,
  deadline: b.deadline,
  visibility: b.visibility || 'matched',
  budgetFrom: b.budgetFrom === undefined ? undefined : yuanOf(b.budgetFrom),
  budgetTo: b.budgetTo === undefined ? undefined : yuanOf(b.budgetTo),
})

const ways = ['purchase', 'equity', 'joint-research', 'transfer', 'joint-product', 'new-entity'] as const
const visibilities = ['matched', 'public', 'private'] as const

/** NeedForm is a need being written. With keep, what was typed stays in this browser until it is sent. */
export function NeedForm({
  start,
  keep,
  ok,
  send,
}: {
  start: Draft
  keep?: string
  ok: string
  send: (brief: Record<string, unknown>) => Promise<unknown>
}) {
  const { t, n } = useI18n()
  const kinds = useKinds()
  const [form] = Form.useForm<Draft>()
  const submit = useSubmit()
  const [kept, setKept] = useState(false)
  useEffect(() => {
    const draft = keep ? read(keep) : undefined
    // What the address asks for comes before what was typed earlier about another kind.
    form.setFieldsValue(draft && (!start.kind || draft.kind === start.kind) ? { ...start, ...draft } : start)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when the form opens
  }, [])
  const finish = async (d: Draft) => {
    const brief = {
      ...d,
      budgetFrom: amountOf(d.budgetFrom),
      budgetTo: amountOf(d.budgetTo),
      deadline: d.deadline || undefined,
    }
    if ((await submit.run(() => send(brief), form)) && keep) forget(keep)
  }
  const options = (kinds.data?.scenes ?? []).map((s) => ({
    label: n(s.name),
    options: (kinds.data?.kinds ?? [])
      .filter((k) => k.scene === s.id)
      .map((k) => ({
        value: k.id,
        label: n(k.name),
        words: [...k.synonyms, k.name.zh, k.name.en].join(' ').toLowerCase(),
      })),
  }))
  return (
    <Form
      form={form}
      layout="vertical"
      className="needform"
      onFinish={(d) => void finish(d)}
      onValuesChange={(_, all) => {
        if (keep) setKept(write(keep, all))
      }}
      requiredMark={false}
    >
      <Form.Item
        name="kind"
        label={t('needs.kind')}
        extra={t('needs.kindHelp')}
        rules={[{ required: true, message: t('needs.kindHelp') }]}
      >
        <Select
          size="large"
          showSearch={{
            filterOption: (input, option) =>
              option !== undefined && 'words' in option && String(option.words).includes(input.trim().toLowerCase()),
          }}
          options={options}
          loading={kinds.isLoading}
        />
      </Form.Item>
      <Form.Item
        name="title"
        label={t('needs.name')}
        extra={t('needs.nameHelp')}
        rules={[{ required: true, message: t('needs.nameHelp') }]}
      >
        <Input size="large" maxLength={120} />
      </Form.Item>
      <Form.Item name="words" label={t('needs.words')} extra={t('needs.wordsHelp')}>
        <Input.TextArea autoSize={{ minRows: 3, maxRows: 10 }} maxLength={3000} />
      </Form.Item>
      <div className="pair">
        <Form.Item name="budgetFrom" label={t('needs.budgetFrom')} rules={[amountRule(t('needs.amountForm'))]}>
          <Input inputMode="decimal" size="large" />
        </Form.Item>
        <Form.Item name="budgetTo" label={t('needs.budget')} rules={[amountRule(t('needs.amountForm'))]}>
          <Input inputMode="decimal" size="large" />
        </Form.Item>
        <Form.Item name="protocols" label={t('needs.protocols')} extra={t('needs.protocolsHelp')}>
          <Select mode="tags" size="large" tokenSeparators={[',', '，', '、', ';']} open={false} suffix="" />
        </Form.Item>
        <Form.Item name="deadline" label={t('needs.deadline')}>
          <Input type="date" size="large" />
        </Form.Item>
      </div>
      <Form.Item name="ways" label={t('needs.ways')}>
        <Select
          mode="multiple"
          size="large"
          placeholder={t('needs.way.purchase')}
          options={ways.map((w) => ({ value: w, label: t(`needs.way.${w}`) }))}
        />
      </Form.Item>
      <Form.Item name="visibility" label={t('needs.visibility')} initialValue="matched">
        <Radio.Group>
          {visibilities.map((v) => (
            <div key={v} style={{ padding: '4px 0' }}>
              <Radio value={v}>{t(`needs.visibility.${v}`)}</Radio>
            </div>
          ))}
        </Radio.Group>
      </Form.Item>
      {submit.problem && <Fault problem={submit.problem} />}
      <div className="row wrap">
        <Button type="primary" size="large" htmlType="submit" loading={submit.busy}>
          {ok}
        </Button>
        <span className="muted" role="status">
          {kept && t('needs.kept')}
        </span>
      </div>
    </Form>
  )
}

function read(key: string): Draft | undefined {
  try {
    const text = localStorage.getItem(key)
    return text ? (JSON.parse(text) as Draft) : undefined
  } catch {
    return undefined
  }
}

function write(key: string, draft: Draft): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(draft))
    return true
  } catch {
    return false // the page says nothing then: the draft lives as long as the page
  }
}

function forget(key: string): void {
  try {
    localStorage.removeItem(key)
  } catch {
    // It is overwritten by the next one.
  }
}
