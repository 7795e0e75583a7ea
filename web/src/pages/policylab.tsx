import { App, Button, Input, InputNumber, Modal, Progress, Select, Tag } from 'antd'
import { useState } from 'react'

import { get, post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { download } from '../files/transfer'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { useDo, useMeasureName } from '../support/filed'
import { supportKeys, useDrafts, useLabs, usePolicies, type Finding, type Lab } from '../support/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import '../support/support.css'

/** PolicyLabPage runs the measures in force against drafts, over the firms of the register. */
export function PolicyLabPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const drafts = useDrafts(org.id)
  const labs = useLabs(org.id)
  const [drafting, setDrafting] = useState(false)
  const mine = may('configure')
  return (
    <>
      <PageHead title={t('support.lab')} crumbs={[{ label: n(org.name), to: at() }]}>
        {mine && <Button onClick={() => setDrafting(true)}>{t('support.addDraft')}</Button>}
      </PageHead>
      {mine && (drafts.data?.length ?? 0) > 0 && <Start drafts={drafts.data ?? []} />}
      <Answer
        query={labs}
        empty={(l) => l.length === 0 && <Blank title={t('support.noLabs')}>{t('support.noLabsHelp')}</Blank>}
      >
        {(list) => (
          <>
            {list.map((l) => (
              <Run key={l.id} l={l} />
            ))}
          </>
        )}
      </Answer>
      {drafting && <DraftDialog close={() => setDrafting(false)} />}
    </>
  )
}

function DraftDialog({ close }: { close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const policies = usePolicies()
  const refreshed = useRefreshed()
  const [yaml, setYaml] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const copy = async (id: string) => setYaml((await get<{ yaml: string }>(`/support/measures/${id}/source`)).yaml)
  const send = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      await post('/support/drafts', { org: org.id, yaml })
      await refreshed(supportKeys.all())
      close()
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      open
      width={820}
      title={t('support.addDraft')}
      onCancel={close}
      okText={t('support.check')}
      cancelText={t('support.cancel')}
      confirmLoading={busy}
      okButtonProps={{ disabled: !yaml.trim() }}
      onOk={() => void send()}
    >
      <p className="muted">{t('support.draftHelp')}</p>
      <Select
        showSearch={{ optionFilterProp: 'label' }}
        style={{ width: '100%', marginBottom: 8 }}
        aria-label={t('support.copyOf')}
        placeholder={t('support.copyOf')}
        onChange={(id: string) => void copy(id)}
        options={(policies.data ?? []).flatMap((d) =>
          d.measures.map((m) => ({ value: m.id, label: `${m.code} ${n(m.name)}` })),
        )}
      />
      <div className="mono">
        <Input.TextArea aria-label="YAML" rows={16} value={yaml} onChange={(e) => setYaml(e.target.value)} />
      </div>
      {problem && <Fault problem={problem} />}
    </Modal>
  )
}

function Start({ drafts }: { drafts: { id: string; measure: string; name: string; at: string }[] }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { busy, work } = useDo()
  const [chosen, setChosen] = useState<string[]>([])
  const [by, setBy] = useState('size')
  const [region, setRegion] = useState('')
  const [day, setDay] = useState('')
  const [generated, setGenerated] = useState(0)
  return (
    <section className="panel" aria-label={t('support.newRun')}>
      <header>
        <h2>{t('support.newRun')}</h2>
      </header>
      <div className="formrow">
        <label style={{ flex: '1 1 260px' }}>
          {t('support.drafts')}
          <Select
            mode="multiple"
            aria-label={t('support.drafts')}
            value={chosen}
            onChange={setChosen}
            options={drafts.map((d) => ({ value: d.id, label: `${d.measure} ${d.name} ${d.at.slice(0, 10)}` }))}
          />
        </label>
        <label>
          {t('support.region')}
          <Select
            aria-label={t('support.region')}
            value={region}
            onChange={setRegion}
            options={['', '430000', '440000', '440100', '330000'].map((v) => ({
              value: v,
              label: t(`support.region.${v || 'all'}` as Key),
            }))}
          />
        </label>
        <label>
          {t('support.filedOn')}
          <Input type="date" value={day} onChange={(e) => setDay(e.target.value)} />
        </label>
        <label>
          {t('support.by')}
          <Select
            aria-label={t('support.by')}
            value={by}
            onChange={setBy}
            options={['size', 'industry', 'region'].map((v) => ({ value: v, label: t(`support.by.${v}` as Key) }))}
          />
        </label>
        <label>
          {t('support.generated')}
          <InputNumber
            aria-label={t('support.generated')}
            min={0}
            max={100_000}
            value={generated}
            onChange={(v) => setGenerated(v ?? 0)}
          />
        </label>
        <Button
          type="primary"
          loading={busy}
          disabled={chosen.length === 0}
          onClick={() =>
            void work('/support/labs', { org: org.id, drafts: chosen, by, region, day, generated, seed: 1 })
          }
        >
          {t('support.run')}
        </Button>
      </div>
    </section>
  )
}

function Run({ l }: { l: Lab }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const give = async () => {
    try {
      void message.success(
        t('files.saved', { name: await download(`/support/labs/${l.id}/export?format=xlsx`, {}, lang) }),
      )
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <section className="panel" aria-label={t('support.runOf', { day: l.at.slice(0, 10) })}>
      <div className="row wrap" style={{ padding: '10px 16px' }}>
        <b className="grow">{t('support.runOf', { day: l.at.slice(0, 16).replace('T', ' ') })}</b>
        {l.finding && <Button onClick={() => void give()}>{t('ledger.export')}</Button>}
      </div>
      {l.finding ? (
        <Found f={l.finding} />
      ) : l.status === 'failed' || l.status === 'cancelled' ? (
        <p style={{ padding: '0 16px' }}>
          <Tag color="error">{t('support.failed')}</Tag>
        </p>
      ) : (
        <div style={{ padding: '0 16px 12px' }}>
          <Progress
            percent={l.total > 0 ? Math.round((100 * l.done) / l.total) : 0}
            aria-label={t('support.running')}
          />
        </div>
      )}
    </section>
  )
}

const difference = (a: string, b: string) => String(BigInt(b) - BigInt(a))

function Found({ f }: { f: Finding }) {
  const { t, lang } = useI18n()
  const named = useMeasureName()
  const yuan = (fen: string) => `${money(lang, fen)} ${t('support.yuan')}`
  const amount = (side: Finding['a'], id: string) => side.measures.find((m) => m.measure === id)?.amount ?? '0'
  const changed = [...new Set([...f.a.measures, ...f.b.measures].map((m) => m.measure))].filter(
    (id) => amount(f.a, id) !== amount(f.b, id),
  )
  const className = (c: string) =>
    c === '<5'
      ? t('support.fewer')
      : c.startsWith('generated · ')
        ? `${t('support.generatedTag')} · ${sizeName(c.slice(12))}`
        : sizeName(c)
  const sizeName = (c: string) =>
    ['large', 'medium', 'small', 'micro'].includes(c) ? t(`support.size.${c}` as Key) : c
  return (
    <>
      <div className="support-sum">
        {(
          [
            ['support.sideA', yuan(f.a.total)],
            ['support.sideB', yuan(f.b.total)],
            ['support.differ', yuan(difference(f.a.total, f.b.total))],
            ['support.winners', String(f.winners)],
            ['support.losers', String(f.losers)],
          ] as [Key, string][]
        ).map(([k, v]) => (
          <div key={k}>
            <div className="muted">{t(k)}</div>
            <div className="big">{v}</div>
          </div>
        ))}
        <div className="muted" style={{ flexBasis: '100%' }}>
          {t('support.population', { registered: f.registered, generated: f.generated, day: f.day })}
        </div>
      </div>
      <DataTable label={t('support.classes')} className="cards">
        <thead>
          <tr>
            <th scope="col">{t(`support.by.${f.by || 'size'}` as Key)}</th>
            {(['support.subjects', 'support.sideA', 'support.sideB', 'support.winners', 'support.losers'] as Key[]).map(
              (k) => (
                <th key={k} scope="col" className="num">
                  {t(k)}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {f.classes.map((c) => (
            <tr key={c.class}>
              <th scope="row">{className(c.class)}</th>
              <td className="num" data-label={t('support.subjects')}>
                {c.subjects}
              </td>
              <td className="num" data-label={t('support.sideA')}>
                {money(lang, c.a)}
              </td>
              <td className="num" data-label={t('support.sideB')}>
                {money(lang, c.b)}
              </td>
              <td className="num" data-label={t('support.winners')}>
                {c.winners}
              </td>
              <td className="num" data-label={t('support.losers')}>
                {c.losers}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      {changed.length > 0 && (
        <DataTable label={t('support.changed')} className="cards">
          <thead>
            <tr>
              <th scope="col">{t('support.changed')}</th>
              <th scope="col" className="num">
                {t('support.sideA')}
              </th>
              <th scope="col" className="num">
                {t('support.sideB')}
              </th>
            </tr>
          </thead>
          <tbody>
            {changed.map((id) => (
              <tr key={id}>
                <th scope="row">{named(id)}</th>
                <td className="num" data-label={t('support.sideA')}>
                  {money(lang, amount(f.a, id))}
                </td>
                <td className="num" data-label={t('support.sideB')}>
                  {money(lang, amount(f.b, id))}
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </>
  )
}
