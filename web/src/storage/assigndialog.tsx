import { Form, Segmented, Select, TreeSelect } from 'antd'
import { useMemo } from 'react'

import { post, put } from '../api/client'
import { useTemplates } from '../api/queries'
import type { Assignment, PlantNode, Retention } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { useSubmit } from '../ui/submit'
import { targetKey } from './assignments'
import { Consequence } from './consequence'
import { storageKeys, useThings } from './queries'
import { ReasonField } from './reason'
import { coming, cutoff, grace, reach, stateOf } from './terms'
import { useKept } from './words'

type Target = Assignment['target']

interface Fields {
  target: Target
  of?: string
  class?: string
  reason: string
}

const targets: Target[] = ['org', 'node', 'template', 'series']
const forever = 'forever'

/** AssignDialog says that a class counts for the organisation, a part of the plant, a template or one series. */
export function AssignDialog({ rules, close }: { rules: Retention; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const { kept } = useKept()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const target = (Form.useWatch('target', form) as Target | undefined) ?? 'org'
  const chosen = Form.useWatch('of', form)
  const of = target === 'org' ? org.id : chosen
  const classId = Form.useWatch('class', form)
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await put('/retention/assignments', {
        org: org.id,
        target: f.target,
        of,
        class: f.class === forever ? undefined : f.class,
        reason: f.reason.trim(),
      })
      await refreshed(storageKeys.rules(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('storage.assign')}
      ok={classId === forever ? t('storage.assignNow') : t('storage.assignDo')}
      danger={classId !== undefined && classId !== forever}
      form={form}
      submit={submit}
      initial={{ target: 'org' }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item name="target" label={t('storage.target')}>
        <Segmented
          block
          aria-label={t('storage.target')}
          onChange={() => form.setFieldValue('of', undefined)}
          options={targets.map((value) => ({ value, label: t(targetKey[value]) }))}
        />
      </Form.Item>
      {target !== 'org' && <OfField target={target} />}
      <Form.Item
        name="class"
        label={t('storage.class')}
        rules={[{ required: true, message: t('field.missing', { name: t('storage.class') }) }]}
      >
        <Select
          placeholder={t('storage.classPick')}
          options={[
            ...rules.classes.map((c) => ({ value: c.id, label: `${n(c.name)} · ${kept(c.days)}` })),
            { value: forever, label: t('storage.forever') },
          ]}
        />
      </Form.Item>
      <ReasonField hint={t('storage.reasonHint')} />
      {of !== undefined && classId !== undefined && <Outcome rules={rules} target={target} of={of} classId={classId} />}
    </Ask>
  )
}

function OfField({ target }: { target: Target }) {
  const { t, n } = useI18n()
  const things = useThings()
  const templates = useTemplates()
  const tree = useMemo(() => treeOf(things.nodes, n), [things.nodes, n])
  const label = t(targetKey[target])
  return (
    <Form.Item name="of" label={label} rules={[{ required: true, message: t('field.missing', { name: label }) }]}>
      {target === 'node' ? (
        <TreeSelect
          showSearch={{ treeNodeFilterProp: 'title' }}
          treeDefaultExpandAll={things.nodes.length < 60}
          treeLine
          treeData={tree}
          placeholder={t('storage.nodePick')}
          listHeight={320}
        />
      ) : target === 'template' ? (
        <Select
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={t('storage.templatePick')}
          options={(templates.data ?? []).map((x) => ({ value: x.id, label: n(x.name) }))}
        />
      ) : (
        <Select
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={t('storage.seriesPick')}
          options={things.seriesOptions}
        />
      )}
    </Form.Item>
  )
}

interface Branch {
  value: string
  title: string
  children: Branch[]
}

function treeOf(nodes: readonly PlantNode[], n: (name: PlantNode['name']) => string): Branch[] {
  const branches = new Map(nodes.map((x) => [x.id, { value: x.id, title: n(x.name), children: [] as Branch[] }]))
  const roots: Branch[] = []
  for (const x of nodes) {
    const mine = branches.get(x.id)
    if (mine) (branches.get(x.parent ?? '')?.children ?? roots).push(mine)
  }
  return roots
}

function Outcome({ rules, target, of, classId }: { rules: Retention; target: Target; of: string; classId: string }) {
  const { t, lang } = useI18n()
  const { kept, minute } = useKept()
  const things = useThings()
  if (classId === forever) return <Consequence>{t('storage.assignForever')}</Consequence>
  const now = nodeNow()
  const there = rules.assignments.find((a) => a.target === target && a.of === of && stateOf(a, now) !== 'coming')
  if (there?.class === classId) return <Consequence>{t('storage.assignSame')}</Consequence>
  const c = rules.classes.find((x) => x.id === classId)
  const from = now + grace
  const days = (c && coming(c, now)?.days) ?? c?.days ?? 0
  const cut = cutoff(days, from)
  if (cut === undefined) return <Consequence>{t('storage.assignForeverClass', { time: minute(from) })}</Consequence>
  return (
    <Consequence takes>
      {t('storage.assignTakes', {
        n: whole(lang, reach(target, of, things.series, things.nodes)),
        kept: kept(days),
        time: minute(from),
        before: minute(cut),
      })}
    </Consequence>
  )
}

/** EndDialog takes an assignment back that is to come, or ends one that holds. */
export function EndDialog({ of: a, close }: { of: Assignment; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { minute } = useKept()
  const { nameOf } = useThings()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<{ reason: string }>()
  const back = stateOf(a, nodeNow()) === 'coming'
  const name = nameOf(a.target, a.of)
  const save = async (f: { reason: string }) => {
    const ok = await submit.run(async () => {
      await post(`/retention/assignments/${a.id}/end`, { reason: f.reason.trim() })
      await refreshed(storageKeys.rules(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t(back ? 'storage.takeBackOf' : 'storage.endOf', { name })}
      ok={t(back ? 'storage.takeBack' : 'storage.endDo')}
      danger={!back}
      form={form}
      submit={submit}
      close={close}
      finish={(f) => void save(f)}
    >
      <ReasonField hint={t('storage.reasonHint')} />
      <Consequence takes={!back}>
        {back ? t('storage.takeBackText') : t('storage.endText', { time: minute(nodeNow() + grace) })}
      </Consequence>
    </Ask>
  )
}
