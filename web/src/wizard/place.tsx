import { CheckCircleFilled, CloseCircleFilled, LoadingOutlined, MinusCircleOutlined } from '@ant-design/icons'
import { Button, Form, Input, Select } from 'antd'

import type { PlantNode, Text } from '../api/types'
import { useI18n, type Key } from '../i18n'
import { pathTo } from '../plant/tree'
import { Fault } from '../ui/states'
import type { Submit } from '../ui/submit'
import type { Draft, SetDraft } from './draft'
import type { Step, StepName } from './save'

const stepKey: Record<StepName, Key> = {
  site: 'wizard.step.site',
  area: 'wizard.step.area',
  line: 'wizard.step.line',
  machine: 'wizard.step.machine',
  points: 'wizard.step.points',
  link: 'wizard.step.link',
  connection: 'wizard.step.connection',
}

interface Fields {
  zh?: string
  en?: string
  parent?: string
  site?: string
  area?: string
  line?: string
}

/** Place is the last part: what the machine is called and where it stands; its Save makes all of it. */
export function Place({
  draft,
  set,
  nodes,
  parent,
  anew,
  name,
  steps,
  doing,
  submit,
  ready,
  save,
}: {
  draft: Draft
  set: SetDraft
  nodes: PlantNode[]
  /** Where it stands as things are, or whether a place for it is made. */
  parent: string | undefined
  anew: boolean
  /** The name as it is, or as the template offers it. */
  name: Text
  steps: Step[]
  doing: StepName | undefined
  submit: Submit
  /** There is a gateway to read it with. */
  ready: boolean
  save: () => void
}) {
  const { t, n, lang } = useI18n()
  const [form] = Form.useForm<Fields>()
  const places = nodes
    .filter((x) => x.kind !== 'machine')
    .map((x) => ({
      value: x.id,
      label: pathTo(nodes, x.id)
        .map((p) => n(p.name))
        .join(' › '),
    }))
  const { made } = draft
  const begun = made.site !== undefined || made.machine !== undefined
  const change = (changed: Partial<Fields>, f: Fields) =>
    set({
      // Untouched it is the template's, in both languages; else what was written, and one language is enough.
      ...('zh' in changed || 'en' in changed ? { name: { zh: f.zh ?? '', en: f.en ?? '' } } : {}),
      parent: f.parent,
      places: { site: f.site, area: f.area, line: f.line },
    })
  const either = ({ getFieldValue }: { getFieldValue: (name: string) => unknown }) => ({
    validator: () =>
      [getFieldValue('zh'), getFieldValue('en')].some((v) => typeof v === 'string' && v.trim() !== '')
        ? Promise.resolve()
        : Promise.reject(new Error(t('plant.nameMissing'))),
  })
  return (
    <Form<Fields>
      form={form}
      name="place"
      layout="vertical"
      requiredMark={false}
      initialValues={{
        ...(draft.name ?? { [lang]: name[lang] }),
        parent: anew && places.length > 0 ? 'new' : parent,
        site: t('wizard.firstSite'),
        ...draft.places,
      }}
      onValuesChange={change}
      onFinish={(f) => {
        change({}, f)
        save()
      }}
    >
      <div className="formgrid">
        <Form.Item name="zh" label={t('plant.nameZh')} dependencies={['en']} rules={[either]}>
          <Input lang="zh-CN" maxLength={120} disabled={made.machine !== undefined} />
        </Form.Item>
        <Form.Item name="en" label={t('plant.nameEn')}>
          <Input lang="en" maxLength={120} disabled={made.machine !== undefined} />
        </Form.Item>
      </div>
      {places.length > 0 && !(begun && anew) && (
        <Form.Item
          name="parent"
          label={t('wizard.place')}
          style={{ maxWidth: 460 }}
          rules={[{ required: true, message: t('field.missing', { name: t('wizard.place') }) }]}
        >
          <Select
            disabled={begun}
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('wizard.pickPlace')}
            options={[...places, { value: 'new', label: t('wizard.newPlace') }]}
          />
        </Form.Item>
      )}
      {anew && (
        <>
          {places.length === 0 && <p className="muted">{t('wizard.emptyPlant')}</p>}
          <div className="formgrid">
            <Form.Item
              name="site"
              label={t('kind.site')}
              rules={[{ required: true, whitespace: true, message: t('field.missing', { name: t('kind.site') }) }]}
            >
              <Input maxLength={120} disabled={made.site !== undefined} />
            </Form.Item>
            <Form.Item name="area" label={t('wizard.optional', { name: t('kind.area') })}>
              <Input maxLength={120} disabled={begun} />
            </Form.Item>
            <Form.Item name="line" label={t('wizard.optional', { name: t('kind.line') })}>
              <Input maxLength={120} disabled={begun} />
            </Form.Item>
          </div>
        </>
      )}
      {(doing ?? submit.problem) && (
        <ol className="steps" aria-label={t('wizard.progress')} aria-live="polite" style={{ marginBottom: 10 }}>
          {steps.map((s) => (
            <li key={s.name}>
              {s.done(made) ? (
                <CheckCircleFilled className="is-good" aria-hidden />
              ) : s.name === doing && submit.busy ? (
                <LoadingOutlined aria-hidden />
              ) : s.name === doing && submit.problem ? (
                <CloseCircleFilled className="is-bad" aria-hidden />
              ) : (
                <MinusCircleOutlined className="muted" aria-hidden />
              )}
              {t(stepKey[s.name])}
              <span className="muted">
                {s.done(made)
                  ? t('wizard.step.done')
                  : s.name !== doing
                    ? t('wizard.step.waits')
                    : submit.busy
                      ? t('wizard.step.runs')
                      : t('wizard.step.failed')}
              </span>
            </li>
          ))}
        </ol>
      )}
      {submit.problem && (
        <>
          <Fault problem={submit.problem} />
          <p className="muted" style={{ marginTop: 6 }}>
            {t('wizard.goesOn')}
          </p>
        </>
      )}
      <div className="foot-actions">
        <Button type="primary" htmlType="submit" loading={submit.busy} disabled={!ready}>
          {submit.problem ? t('wizard.saveOn') : t('wizard.save')}
        </Button>
        {!ready && <span className="is-bad">{t('wizard.noGateway')}</span>}
      </div>
    </Form>
  )
}
