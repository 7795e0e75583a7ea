import { App, Button, Checkbox, Form, Input, Select } from 'antd'

import { put } from '../api/client'
import type { components } from '../api/schema'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { inboxKeys, usePreference } from './queries'

type Preference = components['schemas']['InboxPreference']

const clock = (m: number) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`
const minutes = (s: string) => {
  const [h, m] = s.split(':').map(Number)
  return (h ?? 0) * 60 + (m ?? 0)
}

interface Fields {
  quiet: boolean
  quietFrom: string
  quietTo: string
  digest: Preference['digest']
  digestAt: string
  desk: boolean
}

/** HowTold is how a person wants to be told: quiet hours, bundles, and what the desk gets. */
export function HowTold() {
  const { t } = useI18n()
  const preference = usePreference()
  return (
    <section className="panel" aria-label={t('inbox.how')}>
      <header>
        <h2>{t('inbox.how')}</h2>
      </header>
      <div className="body">
        <Answer query={preference} rows={4}>
          {(p) => <HowForm preference={p} />}
        </Answer>
      </div>
    </section>
  )
}

function HowForm({ preference: p }: { preference: Preference }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const digest = (Form.useWatch('digest', form) as Fields['digest'] | undefined) ?? p.digest
  const quiet = (Form.useWatch('quiet', form) as boolean | undefined) ?? p.quiet
  const save = async (f: Fields) => {
    const done = await saving.run(async () => {
      await put('/inbox/preference', {
        quiet: f.quiet,
        quietFrom: minutes(f.quietFrom),
        quietTo: minutes(f.quietTo),
        digest: f.digest,
        digestAt: minutes(f.digestAt),
        desk: f.desk,
      })
      await refreshed(inboxKeys.all())
    }, form)
    if (done) void message.success(t('inbox.saved'))
  }
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      initialValues={{
        ...p,
        quietFrom: clock(p.quietFrom),
        quietTo: clock(p.quietTo),
        digestAt: clock(p.digestAt),
      }}
      onFinish={(f) => void save(f)}
    >
      {saving.problem && <Fault problem={saving.problem} />}
      <Form.Item name="quiet" valuePropName="checked" style={{ marginBottom: 8 }}>
        <Checkbox>{t('inbox.quiet')}</Checkbox>
      </Form.Item>
      <div className="row wrap">
        <Form.Item name="quietFrom" label={t('inbox.quietFrom')}>
          <Input type="time" disabled={!quiet} />
        </Form.Item>
        <Form.Item name="quietTo" label={t('inbox.quietTo')}>
          <Input type="time" disabled={!quiet} />
        </Form.Item>
      </div>
      <div className="row wrap">
        <Form.Item name="digest" label={t('inbox.digest')}>
          <Select
            style={{ minWidth: 160 }}
            options={(['off', 'hourly', 'daily'] as const).map((d) => ({ value: d, label: t(`inbox.digest.${d}`) }))}
          />
        </Form.Item>
        <Form.Item name="digestAt" label={t('inbox.digestAt')}>
          <Input type="time" disabled={digest !== 'daily'} />
        </Form.Item>
      </div>
      <Form.Item name="desk" valuePropName="checked">
        <Checkbox>{t('inbox.deskToo')}</Checkbox>
      </Form.Item>
      <Button htmlType="submit" type="primary" loading={saving.busy}>
        {t('save')}
      </Button>
    </Form>
  )
}
