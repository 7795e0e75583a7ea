import { PaperClipOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, Radio, Select } from 'antd'
import { useMemo, useRef, useState } from 'react'

import { patch, post } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { useSaving } from '../fields/faults'
import { fenOf } from '../fields/field'
import { sendFile } from '../fields/transfer'
import { bytes } from '../format/number'
import { useI18n, type Key } from '../i18n'
import { roleHelpKey, roleKey, roles } from '../ui/role'
import { Fault } from '../ui/states'
import { contentOf, joinKeys, useIndustries, type Application, type Content } from './queries'

const steps: Record<Application['kind'], { title: Key; keys: string[] }[]> = {
  join: [
    { title: 'join.step1', keys: ['creditCode', 'name'] },
    { title: 'join.step2', keys: ['industry', 'region', 'employees', 'revenue', 'assets'] },
    { title: 'join.step3', keys: ['contact', 'phone', 'until'] },
  ],
  act: [
    { title: 'join.step1', keys: ['creditCode', 'name'] },
    { title: 'join.step3', keys: ['contact', 'phone', 'until'] },
  ],
}

const moneyKeys = ['revenue', 'assets']
const tenThousand = 10_000

/** toBoxes writes content as the boxes have it: money in 10,000 yuan. */
function toBoxes(c: Content): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [key, v] of Object.entries(c)) {
    if (v === undefined) continue
    out[key] = moneyKeys.includes(key) ? wan(Number(v)) : String(v)
  }
  return out
}

const wan = (fen: number): string => {
  const hundredths = Math.round(fen / tenThousand)
  return (hundredths / 100).toFixed(2).replace(/\.?0+$/, '')
}

/** fromBox reads one box; null empties the field. What is no number goes to the node as it is, which says so at the field. */
function fromBox(key: string, text: string): string | number | null {
  const s = text.trim()
  if (s === '') return null
  if (moneyKeys.includes(key)) {
    const hundredths = fenOf(s)
    return hundredths === undefined ? s : hundredths * tenThousand
  }
  return key === 'employees' && /^\d+$/.test(s) ? Number(s) : s
}

/** Wizard fills an application in, in short steps. Each box is kept as soon as it is left. */
export function Wizard({ application: first, done }: { application: Application; done: () => void }) {
  const { t } = useI18n()
  const queries = useQueryClient()
  const [a, setA] = useState(first)
  const [at, setAt] = useState(0)
  const [form] = Form.useForm<{ content: Record<string, string> }>()
  const saving = useSaving(form)
  // One call after the other: a box that is left by pressing the button is kept first. The button waits only for what it began.
  const line = useRef<Promise<unknown>>(Promise.resolve())
  const [going, setGoing] = useState(false)
  const run = (work: () => Promise<unknown>, quiet = false) =>
    (line.current = line.current.then(() => saving.run(work, quiet)))
  const [taken, setTaken] = useState(false)
  const [saved, setSaved] = useState(false)
  const list = steps[a.kind]
  const step = list[at] ?? list[0]
  if (!step) return null
  const took = (next: Application) => {
    setA(next)
    setSaved(true)
    queries.setQueryData(joinKeys.one(next.id), (old: object | undefined) => old && { ...old, ...next })
    void queries.invalidateQueries({ queryKey: joinKeys.mine() })
  }
  const fill = async (body: { content?: object; kind?: string; role?: string }) =>
    took(await patch<Application>(`/join/applications/${a.id}`, body))
  const keep = (key: string) => {
    const text = (form.getFieldValue(['content', key]) as string | undefined) ?? ''
    const value = fromBox(key, text)
    if (value === (contentOf(a)[key] ?? null)) return
    setSaved(false)
    void run(async () => {
      await fill({ content: { [key]: value } })
      if (key === 'creditCode' && value !== null) await check(text)
    }, true)
  }
  const check = async (code: string) => {
    const found = await post<{ creditCode: string; region: string; joined: boolean }>('/join/check', {
      creditCode: code,
    })
    form.setFieldValue(['content', 'creditCode'], found.creditCode)
    setTaken(found.joined)
    if (!contentOf(a).region) {
      form.setFieldValue(['content', 'region'], found.region)
      await fill({ content: { region: found.region } })
    }
  }
  const next = async () => {
    setGoing(true)
    await run(async () => {
      const boxes = (form.getFieldsValue(true) as { content?: Record<string, string> }).content ?? {}
      const content = Object.fromEntries(step.keys.map((k) => [k, fromBox(k, boxes[k] ?? '')]))
      await fill({ content })
      if (at === 0) {
        const found = await post<{ joined: boolean }>('/join/check', { creditCode: boxes.creditCode ?? '' })
        setTaken(found.joined)
        if (found.joined && a.kind === 'join') return
      }
      if (at + 1 < list.length) setAt(at + 1)
      else {
        await post(`/join/applications/${a.id}/submission`)
        await queries.invalidateQueries({ queryKey: ['applications'] })
        done()
      }
    })
    setGoing(false)
  }
  const act = (kind: 'join' | 'act') =>
    run(async () => {
      await fill({ kind })
      if (kind === 'act') setAt(1)
    })
  return (
    <section className="panel" aria-label={t(a.kind === 'act' ? 'join.act' : 'join.join')}>
      <ol className="joinsteps">
        {list.map((s, i) => (
          <li key={s.title} aria-current={i === at ? 'step' : undefined} className={i < at ? 'done' : undefined}>
            {i + 1}. {t(s.title)}
          </li>
        ))}
      </ol>
      <Form
        form={form}
        layout="vertical"
        size="large"
        requiredMark={false}
        initialValues={{ content: toBoxes(contentOf(first)) }}
        onFinish={() => void next()}
        scrollToFirstError
      >
        {at === 0 && (
          <>
            <Box name="creditCode" keep={keep} help={t('join.codeHelp')} most={40} />
            <Box name="name" keep={keep} help={t('join.nameHelp')} most={120} />
            {taken && (
              <div className="joinnote" role="status">
                <p>
                  <strong>{t('join.here')}</strong>
                </p>
                <p className="muted">{t('join.hereHelp')}</p>
                {a.kind === 'join' && (
                  <Button block onClick={() => void act('act')}>
                    {t('join.askToAct')}
                  </Button>
                )}
              </div>
            )}
            {!taken && a.kind === 'act' && (
              <div className="joinnote" role="status">
                <p>{t('join.notHere')}</p>
                <Button block onClick={() => void act('join')}>
                  {t('join.join')}
                </Button>
              </div>
            )}
          </>
        )}
        {step.title === 'join.step2' && <Figures a={a} keep={keep} />}
        {step.title === 'join.step3' && (
          <>
            {a.kind === 'act' && <RoleBox a={a} fill={(role) => void run(() => fill({ role }))} />}
            <Box name="contact" keep={keep} most={60} />
            <Box name="phone" keep={keep} type="tel" most={30} />
            <Box name="until" keep={keep} type="date" help={t('join.untilHelp')} />
            <LetterBox a={a} took={took} />
          </>
        )}
        {saving.problem && (
          <Form.Item>
            <Fault problem={saving.problem} />
          </Form.Item>
        )}
        <div className="joinfoot">
          {at > 0 && <Button onClick={() => setAt(at - 1)}>{t('join.back')}</Button>}
          <Button type="primary" htmlType="submit" loading={going}>
            {t(at + 1 < list.length ? 'join.next' : 'join.submit')}
          </Button>
        </div>
        <p className="muted" role="status" style={{ marginTop: 8, minHeight: 22 }}>
          {saved && t('join.saved')}
        </p>
      </Form>
    </section>
  )
}

const labels: Record<string, Key> = {
  creditCode: 'join.creditCode',
  name: 'join.name',
  industry: 'join.industry',
  region: 'join.region',
  employees: 'join.employees',
  revenue: 'join.revenue',
  assets: 'join.assets',
  contact: 'join.contact',
  phone: 'join.telephone',
  until: 'join.until',
}

function Box({
  name,
  keep,
  help,
  type,
  most,
}: {
  name: string
  keep: (key: string) => void
  help?: string
  type?: string
  most?: number
}) {
  const { t } = useI18n()
  return (
    <Form.Item name={['content', name]} label={t(labels[name] ?? 'join.name')} extra={help}>
      <Input
        type={type}
        maxLength={most}
        autoCapitalize={name === 'creditCode' ? 'characters' : 'off'}
        inputMode={name === 'employees' ? 'numeric' : moneyKeys.includes(name) ? 'decimal' : undefined}
        onBlur={() => keep(name)}
      />
    </Form.Item>
  )
}

function Figures({ a, keep }: { a: Application; keep: (key: string) => void }) {
  const { t, n } = useI18n()
  const industries = useIndustries()
  const options = useMemo(() => {
    const list = industries.data ?? []
    return list
      .filter((i) => !i.section)
      .map((s) => ({
        label: `${s.code} ${n(s.name)}`,
        options: list
          .filter((d) => d.section === s.code)
          .map((d) => ({ value: d.code, label: `${s.code}${d.code} ${n(d.name)}` })),
      }))
  }, [industries.data, n])
  return (
    <>
      <Form.Item name={['content', 'industry']} label={t('join.industry')}>
        <Select showSearch={{ optionFilterProp: 'label' }} options={options} onChange={() => keep('industry')} />
      </Form.Item>
      <Box name="region" keep={keep} help={t('join.regionHelp')} most={6} />
      <Box name="employees" keep={keep} />
      <Box name="revenue" keep={keep} help={t('join.wan')} />
      <Box name="assets" keep={keep} help={t('join.wanOptional')} />
      {a.size && <SizeNote size={a.size} />}
    </>
  )
}

const figureKey: Record<string, Key> = {
  industry: 'join.industry',
  employees: 'join.employees',
  revenue: 'join.revenue',
  assets: 'join.assets',
}

/** SizeNote tells the size class by the national rule, with its reasons. */
export function SizeNote({ size }: { size: components['schemas']['Size'] }) {
  const { t, n } = useI18n()
  return (
    <div className="joinnote" role="status">
      <p>
        <strong>{t('join.size', { size: n(size.name) })}</strong>
      </p>
      {size.reasons.length > 0 && (
        <ul style={{ margin: 0, paddingLeft: 18 }} className="muted">
          {size.reasons.map((r, i) => (
            <li key={i}>{n(r)}</li>
          ))}
        </ul>
      )}
      {size.missing.length > 0 && (
        <p className="muted">
          {t('join.sizeMissing', {
            what: size.missing.map((m) => t(figureKey[m] ?? 'join.industry')).join(t('join.comma')),
          })}
        </p>
      )}
    </div>
  )
}

function RoleBox({ a, fill }: { a: Application; fill: (role: string) => void }) {
  const { t } = useI18n()
  const [role, setRole] = useState<string>(a.role) // shown at once, kept a moment later
  return (
    <Form.Item label={t('join.role')}>
      <Radio.Group
        value={role}
        onChange={(e) => {
          setRole(e.target.value as string)
          fill(e.target.value as string)
        }}
        style={{ display: 'grid', gap: 8 }}
        options={roles.map((r) => ({ value: r, label: `${t(roleKey[r])} · ${t(roleHelpKey[r])}` }))}
      />
    </Form.Item>
  )
}

function LetterBox({ a, took }: { a: Application; took: (a: Application) => void }) {
  const { t, lang } = useI18n()
  const chooser = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const take = async (file: File) => {
    setBusy(true)
    setProblem(undefined)
    try {
      took(await sendFile<Application>('/join/letters', { application: a.id, name: file.name }, file, lang))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Form.Item label={t('join.letter')} extra={t('join.letterHelp')}>
      <input
        ref={chooser}
        type="file"
        style={{ display: 'none' }}
        accept=".pdf,.ofd,.png,.jpg,.jpeg"
        aria-label={t('join.letter')}
        onChange={(e) => {
          const file = e.target.files?.[0]
          e.target.value = ''
          if (file) void take(file)
        }}
      />
      <Button block icon={<PaperClipOutlined aria-hidden />} loading={busy} onClick={() => chooser.current?.click()}>
        {t(a.letter ? 'join.letterOther' : 'join.letterChoose')}
      </Button>
      {a.letter && (
        <p style={{ margin: '6px 0 0' }}>
          {a.letter.name} <span className="muted">{bytes(lang, a.letter.size)}</span>
        </p>
      )}
      {problem && <Fault problem={problem} />}
    </Form.Item>
  )
}
