import { Form, Input, Modal, Select } from 'antd'

import { post } from '../api/client'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { fromForm, toForm, type Content } from '../fields/field'
import { useSaving } from '../fields/faults'
import { FieldInputs } from '../fields/inputs'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { registerKeys, type Entry, type Register } from './queries'

interface Fields {
  content?: Content
  state?: string
  class: string
  since?: string
  until?: string
  reason?: string
}

/** EntryDialog enters something into a register, or changes an entry by a further revision. */
export function EntryDialog({
  register: r,
  entry,
  close,
  done,
}: {
  register: Register
  entry?: Entry
  close: () => void
  done: (id: string) => void
}) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<Fields>()
  const saving = useSaving(form)
  const save = (f: Fields) =>
    saving.run(async () => {
      const content = fromForm(r.fields, f.content ?? {}, entry?.content)
      const saved = entry
        ? await post<components['schemas']['EntryView']>(`/register-entries/${entry.id}/revisions`, {
            basis: entry.revision,
            content,
            class: f.class,
            since: f.since ?? '',
            until: f.until ?? '',
            reason: f.reason?.trim() ?? '',
          })
        : await post<components['schemas']['EntryView']>(`/registers/${r.id}/entries`, {
            org: org.id,
            content,
            state: f.state,
            class: f.class,
            since: f.since || undefined,
            until: f.until || undefined,
          })
      await refreshed(registerKeys.entries(r.id), registerKeys.entry(saved.id))
      done(saved.id)
    })
  const classes = (['public', 'internal', 'restricted'] as const).filter((c) => c !== 'public' || r.publicStates)
  return (
    <Modal
      open
      width={820}
      title={entry ? t('registers.changeTitle', { name: entry.key }) : t('registers.addTitle', { name: n(r.entry) })}
      onCancel={close}
      mask={{ closable: false }}
      okText={entry ? t('registers.saveRevision') : t('registers.add')}
      cancelText={t('cancel')}
      confirmLoading={saving.busy}
      onOk={form.submit}
    >
      <Form<Fields>
        form={form}
        className="recordform"
        layout="vertical"
        scrollToFirstError
        initialValues={{
          content: toForm(r.fields, entry?.content ?? {}),
          state: r.initial,
          class: entry?.class ?? classes[0],
          since: entry?.since,
          until: entry?.until,
        }}
        onFinish={(f) => void save(f)}
      >
        <FieldInputs fields={r.fields} fixed={entry ? [r.key] : []} />
        <fieldset className="fieldset">
          <legend>{t('registers.holds')}</legend>
          <div className="formgrid">
            <Form.Item name="since" label={t('registers.since')} extra={t('registers.sinceHelp')}>
              <Input type="date" />
            </Form.Item>
            <Form.Item name="until" label={t('registers.until')} extra={t('registers.untilHelp')}>
              <Input type="date" />
            </Form.Item>
            <Form.Item name="class" label={t('registers.class')}>
              <Select options={classes.map((c) => ({ value: c, label: t(`registers.class.${c}`) }))} />
            </Form.Item>
            {!entry && (
              <Form.Item name="state" label={t('state')}>
                <Select options={r.states.map((s) => ({ value: s.id, label: n(s.name) }))} />
              </Form.Item>
            )}
          </div>
        </fieldset>
        {entry && (
          <Form.Item
            name="reason"
            label={t('reason')}
            extra={t('registers.reasonHelp')}
            rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('reason') }) }]}
          >
            <Input maxLength={2000} />
          </Form.Item>
        )}
      </Form>
      {saving.marked > 0 && !saving.problem && (
        <p className="fault" role="alert">
          {t('fields.marked', { n: saving.marked })}
        </p>
      )}
      {saving.problem && <Fault problem={saving.problem} />}
    </Modal>
  )
}
