import { Form, Input, Modal, Select } from 'antd'
import { useState, type ReactNode } from 'react'

import { post } from '../api/client'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { fromForm, toForm, type Content } from '../fields/field'
import { useSaving, type Saving } from '../fields/faults'
import { FieldInputs } from '../fields/inputs'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { Documents } from './documents'
import { evidenceOf, GradeInputs, type GradeFields } from './evidence'
import { factKeys, grades, type Fact, type Kind } from './queries'

type View = components['schemas']['FactView']

/** That a grade lacks its evidence stands at the grade. */
const nearGrade = { evidence: ['grade'] }

/** What is wrong and stands at no field. */
function Wrong({ saving }: { saving: Saving }) {
  const { t } = useI18n()
  if (saving.problem) return <Fault problem={saving.problem} />
  if (saving.marked === 0) return null
  return (
    <p className="fault" role="alert">
      {t('fields.marked', { n: saving.marked })}
    </p>
  )
}

interface RecordFields extends GradeFields {
  content?: Content
  source: string
  externalId: string
}

/** RecordDialog writes a fact down. */
export function RecordDialog({
  kinds,
  first,
  close,
  done,
}: {
  kinds: Kind[]
  first: string | undefined
  close: () => void
  done: (id: string) => void
}) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<RecordFields>()
  const saving = useSaving(form, nearGrade)
  const [kindId, setKind] = useState(kinds.some((k) => k.id === first) ? first : kinds[0]?.id)
  const kind = kinds.find((k) => k.id === kindId)
  const save = (f: RecordFields) =>
    saving.run(async () => {
      if (!kind) return
      const saved = await post<View>('/facts', {
        org: org.id,
        kind: kind.id,
        source: f.source.trim(),
        externalId: f.externalId.trim(),
        content: fromForm(kind.fields, f.content ?? {}),
        documents: f.documents.map((d) => d.id),
        grade: f.grade,
        evidence: evidenceOf(f),
      })
      await refreshed(factKeys.list(), factKeys.one(saved.id))
      done(saved.id)
    })
  return (
    <Modal
      open
      width={820}
      title={t('facts.record')}
      onCancel={close}
      mask={{ closable: false }}
      okText={t('facts.recordDo')}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <Form<RecordFields>
        form={form}
        className="recordform"
        layout="vertical"
        scrollToFirstError
        initialValues={{ source: 'console', grade: 'E0', documents: [] }}
        onFinish={(f) => void save(f)}
      >
        <div className="formgrid">
          <Form.Item label={t('facts.kind')} htmlFor="fact-kind" extra={kind?.note && n(kind.note)}>
            <Select
              id="fact-kind"
              value={kindId}
              onChange={(id: string) => {
                form.setFieldValue('content', {})
                setKind(id)
              }}
              options={kinds.map((k) => ({ value: k.id, label: n(k.name) }))}
            />
          </Form.Item>
          <Needed name="externalId" label={t('facts.external')} extra={t('facts.externalHelp')}>
            <Input maxLength={400} spellCheck={false} autoComplete="off" />
          </Needed>
          <Needed name="source" label={t('facts.source')} extra={t('facts.sourceHelp')}>
            <Input maxLength={100} spellCheck={false} autoCapitalize="off" />
          </Needed>
        </div>
        <fieldset className="fieldset">
          <legend>{n(kind?.name)}</legend>
          {kind && <FieldInputs key={kind.id} fields={kind.fields} />}
        </fieldset>
        <fieldset className="fieldset">
          <legend>{t('facts.evidence')}</legend>
          <Form.Item name="documents" label={t('facts.documents')}>
            <Documents />
          </Form.Item>
          {/* Operators write down what is declared; the rest is for engineers and owners. */}
          <GradeInputs upTo={may('configure') ? 'E3' : 'E0'} />
        </fieldset>
      </Form>
      <Wrong saving={saving} />
    </Modal>
  )
}

function Needed({
  name,
  label,
  extra,
  children,
}: {
  name: string
  label: string
  extra?: ReactNode
  children: ReactNode
}) {
  const { t } = useI18n()
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      rules={[{ required: true, whitespace: true, message: t('field.missing', { name: label }) }]}
    >
      {children}
    </Form.Item>
  )
}

function useRevise(fact: Fact, saving: Saving, close: () => void) {
  const refreshed = useRefreshed()
  return (path: string, body: Record<string, unknown>) =>
    saving.run(async () => {
      await post<View>(`/facts/${fact.id}/${path}`, { basis: fact.revision, ...body })
      await refreshed(factKeys.list(), factKeys.one(fact.id))
      close()
    })
}

interface ReviseFields extends GradeFields {
  content?: Content
  reason: string
}

/** CorrectDialog corrects a fact by a further revision. Content that changes wants the evidence of its grade anew. */
export function CorrectDialog({ fact, kind, close }: { fact: Fact; kind: Kind; close: () => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<ReviseFields>()
  const saving = useSaving(form, nearGrade)
  const revise = useRevise(fact, saving, close)
  return (
    <Modal
      open
      width={820}
      title={t('facts.correct')}
      onCancel={close}
      mask={{ closable: false }}
      okText={t('facts.correctDo')}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <Form<ReviseFields>
        form={form}
        className="recordform"
        layout="vertical"
        scrollToFirstError
        initialValues={{
          content: toForm(kind.fields, fact.content),
          documents: fact.documents,
          grade: fact.grade,
          evidence: fact.evidence,
        }}
        onFinish={(f) =>
          void revise('revisions', {
            content: fromForm(kind.fields, f.content ?? {}, fact.content),
            documents: f.documents.map((d) => d.id),
            grade: f.grade,
            evidence: evidenceOf(f),
            reason: f.reason.trim(),
          })
        }
      >
        <FieldInputs fields={kind.fields} />
        <fieldset className="fieldset">
          <legend>{t('facts.evidence')}</legend>
          {fact.grade !== 'E0' && <p className="field-mend">{t('facts.evidenceAnew', { grade: fact.grade })}</p>}
          <Form.Item name="documents" label={t('facts.documents')}>
            <Documents />
          </Form.Item>
          <GradeInputs upTo="E3" />
        </fieldset>
        <Needed name="reason" label={t('reason')} extra={t('registers.reasonHelp')}>
          <Input maxLength={2000} />
        </Needed>
      </Form>
      <Wrong saving={saving} />
    </Modal>
  )
}

/** RaiseDialog raises the grade of a fact, and names on what. */
export function RaiseDialog({ fact, close }: { fact: Fact; close: () => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<ReviseFields>()
  const saving = useSaving(form, nearGrade)
  const revise = useRevise(fact, saving, close)
  const next = grades[grades.indexOf(fact.grade) + 1] ?? 'E3'
  return (
    <Modal
      open
      width={620}
      title={t('facts.raise')}
      onCancel={close}
      okText={t('facts.raiseDo')}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <Form<ReviseFields>
        form={form}
        className="recordform"
        layout="vertical"
        scrollToFirstError
        initialValues={{ documents: fact.documents, grade: next }}
        onFinish={(f) =>
          void revise('revisions', {
            documents: f.documents.map((d) => d.id),
            grade: f.grade,
            evidence: evidenceOf(f),
            reason: f.reason.trim(),
          })
        }
      >
        <Form.Item name="documents" label={t('facts.documents')}>
          <Documents />
        </Form.Item>
        <GradeInputs upTo="E3" above={fact.grade} />
        <Needed name="reason" label={t('reason')} extra={t('registers.reasonHelp')}>
          <Input maxLength={2000} />
        </Needed>
      </Form>
      <Wrong saving={saving} />
    </Modal>
  )
}

/** WithdrawDialog says that a fact does not hold. */
export function WithdrawDialog({ fact, title, close }: { fact: Fact; title: string; close: () => void }) {
  const { t } = useI18n()
  const [form] = Form.useForm<{ reason: string }>()
  const saving = useSaving(form)
  const revise = useRevise(fact, saving, close)
  return (
    <Modal
      open
      title={t('facts.withdrawTitle', { name: title })}
      onCancel={close}
      okText={t('facts.withdraw')}
      okButtonProps={{ danger: true }}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <p style={{ marginBottom: 10 }}>{t('facts.withdrawText')}</p>
      <Form<{ reason: string }>
        form={form}
        layout="vertical"
        onFinish={(f) => void revise('withdrawal', { reason: f.reason.trim() })}
      >
        <Needed name="reason" label={t('reason')} extra={t('registers.reasonHelp')}>
          <Input autoFocus maxLength={2000} />
        </Needed>
      </Form>
      <Wrong saving={saving} />
    </Modal>
  )
}
