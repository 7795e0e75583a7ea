import { App, AutoComplete, Button, Checkbox, Form, Input } from 'antd'

import { put } from '../api/client'
import { useHere } from '../app/org'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { figureKeys, useEveryTarget, useKeeper, useKeeperVersions, type Keeper } from './queries'

interface Fields {
  scope?: string
  adopted: string[]
  reason: string
}

/** KeeperSettings says which region an organisation counts, and whose targets: everything is worked out again after a change. */
export function KeeperSettings() {
  const { org } = useHere()
  const { t } = useI18n()
  const keeper = useKeeper(org.id)
  return (
    <div className="columns twocol">
      <section className="panel" aria-label={t('figures.tab.settings')}>
        <header>
          <h2>{t('figures.tab.settings')}</h2>
          <span className="muted">
            {keeper.data?.version ? t('figures.version', { n: keeper.data.version }) : t('figures.never')}
          </span>
        </header>
        <Answer query={keeper} rows={6}>
          {(k) => <KeeperForm key={k.version} of={k} />}
        </Answer>
      </section>
      <Versions />
    </div>
  )
}

function KeeperForm({ of: k }: { of: Keeper }) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  // eslint-disable-next-line react-hooks/purity -- the policies of the day on which it is said
  const targets = useEveryTarget(date(Date.now()))
  const [form] = Form.useForm<Fields>()
  const saving = useSubmit()
  const policies = [...new Map(targets.data.map((x) => [x.policy, x])).values()]
  const regions = [...new Map(targets.data.map((x) => [x.region.code, n(x.region.name)]))]
  const save = async (f: Fields) => {
    const ok = await saving.run(async () => {
      await put(`/figure-keepers/${org.id}`, {
        basis: k.version,
        scope: f.scope?.trim() ?? '',
        adopted: f.adopted,
        reason: f.reason,
      })
      await refreshed(figureKeys.all())
    }, form)
    if (ok) void message.success(t('figures.saved'))
  }
  const own = may('configure')
  return (
    <Form<Fields>
      className="body"
      form={form}
      layout="vertical"
      disabled={!own}
      initialValues={{ scope: k.scope, adopted: k.adopted }}
      onFinish={(f) => void save(f)}
    >
      {saving.problem && <Fault problem={saving.problem} except={['scope', 'reason']} />}
      <Form.Item name="scope" label={t('figures.scope')} extra={t('figures.scopeHelp')}>
        <AutoComplete
          allowClear
          style={{ maxWidth: 320 }}
          placeholder={t('figures.scopeAll')}
          options={regions.map(([value, name]) => ({ value, label: `${value} ${name}` }))}
        />
      </Form.Item>
      <Form.Item name="adopted" label={t('figures.adopted')} extra={t('figures.adoptedHelp')}>
        <Checkbox.Group className="policies">
          {policies.map((p) => (
            <Checkbox key={p.policy} value={p.policy}>
              {n(p.policyName)} <span className="muted small">{n(p.region.name)}</span>
            </Checkbox>
          ))}
        </Checkbox.Group>
      </Form.Item>
      {own && (
        <>
          <Form.Item
            name="reason"
            label={t('figures.why')}
            extra={t('figures.settingsHelp')}
            rules={[{ required: true, message: t('field.missing', { name: t('figures.why') }) }]}
          >
            <Input maxLength={2000} />
          </Form.Item>
          <Button type="primary" htmlType="submit" loading={saving.busy}>
            {t('save')}
          </Button>
        </>
      )}
    </Form>
  )
}

function Versions() {
  const { org } = useHere()
  const { t } = useI18n()
  const versions = useKeeperVersions(org.id)
  return (
    <section className="panel" aria-label={t('figures.versions')}>
      <header>
        <h2>{t('figures.versions')}</h2>
      </header>
      <Answer
        query={versions}
        rows={3}
        empty={(list) => list.length === 0 && <p className="body muted">{t('figures.never')}</p>}
      >
        {(list) => (
          <ol className="body stack history">
            {list.map((k) => (
              <li key={k.version}>
                <b>{t('figures.version', { n: k.version })}</b> · {k.scope || t('figures.scopeAll')}
                <div className="muted">{k.adopted.join(' · ') || t('figures.adoptedNone')}</div>
                <div className="small">
                  {k.by?.name} · {dateTime(millis(k.at))} · {k.reason}
                </div>
              </li>
            ))}
          </ol>
        )}
      </Answer>
    </section>
  )
}
