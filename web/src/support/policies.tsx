import { Button, Input, Modal, Select, Tag } from 'antd'
import { useState } from 'react'

import { put } from '../api/client'
import { Problem } from '../api/problem'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { Answer, Blank, Fault } from '../ui/states'
import { supportKeys, usePolicies, type Measure, type PolicyDocument } from './queries'
import './support.css'

/** Policies are the texts of policy and their measures, searched; whoever runs the node dates those that do not date themselves. */
export function Policies({ operator }: { operator?: boolean }) {
  const { t, n } = useI18n()
  const policies = usePolicies()
  const [words, setWords] = useState('')
  const [kind, setKind] = useState('')
  const [dating, setDating] = useState<PolicyDocument>()
  const fits = (m: Measure) => {
    const w = words.trim().toLowerCase()
    if (kind === 'calculable' && !m.calculable) return false
    if (kind === 'in-force' && m.validity !== 'in-force') return false
    if (kind === 'tax' && m.instrument !== 'tax') return false
    return (
      !w || [m.name.zh, m.name.en, m.code, ...m.clauses.map((c) => c.quote)].some((x) => x?.toLowerCase().includes(w))
    )
  }
  return (
    <>
      <div className="filterbar" role="search" aria-label={t('support.library')}>
        <Input
          className="search"
          allowClear
          aria-label={t('support.searchPolicies')}
          placeholder={t('support.searchPolicies')}
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
        <Select
          className="pick"
          aria-label={t('support.which')}
          value={kind}
          onChange={setKind}
          options={['', 'in-force', 'calculable', 'tax'].map((v) => ({
            value: v,
            label: t(`support.only.${v || 'all'}` as Key),
          }))}
        />
      </div>
      <Answer query={policies} empty={(l) => l.length === 0 && <Blank title={t('support.noPolicies')} />}>
        {(list) => (
          <>
            {list.map((d) => {
              const measures = d.measures.filter(fits)
              if (measures.length === 0) return null
              return (
                <section key={d.file} className="panel" aria-label={d.title}>
                  <h2 style={{ overflowWrap: 'anywhere' }}>{d.title}</h2>
                  <p style={{ padding: '0 16px' }} className="muted">
                    {t('support.measureCount', { n: measures.length })}
                    {d.verified && ` · ${t('support.verified')}`}
                    {d.undated &&
                      ` · ${d.published ? t('support.publishedOn', { day: d.published, source: d.source ?? '' }) : t('support.undated')}`}{' '}
                    {operator && d.undated && (
                      <Button size="small" onClick={() => setDating(d)}>
                        {t('support.dateIt')}
                      </Button>
                    )}
                  </p>
                  <div className="outcomes">
                    {measures.map((m) => (
                      <details key={m.id}>
                        <summary>
                          <span className="grow">{n(m.name)}</span>
                          <Tag color={m.validity === 'in-force' ? 'success' : undefined}>
                            {t(`support.validity.${m.validity}` as Key)}
                          </Tag>
                        </summary>
                        <p className="muted">
                          {m.code} · {n(m.region)} · {t(`support.instrument.${m.instrument}` as Key)} · {n(m.span)}
                        </p>
                        <p>
                          {t('support.for')}：{n(m.beneficiary)}
                          {m.lead && ` · ${m.lead}`}
                        </p>
                        <p>
                          {m.calculable
                            ? t('support.calculable')
                            : `${t('support.notCalculable')}：${n(m.notCalculable)}`}
                        </p>
                        {m.clauses.map((c) => (
                          <blockquote key={c.id} className="clause">
                            “{c.quote}”
                            <cite>
                              {c.title} · {c.section}
                            </cite>
                          </blockquote>
                        ))}
                        {m.readings && m.readings.length > 0 && (
                          <p className="muted">
                            {t('support.readings')}：{m.readings.map((r) => n(r)).join('；')}
                          </p>
                        )}
                      </details>
                    ))}
                  </div>
                </section>
              )
            })}
          </>
        )}
      </Answer>
      {dating && <Dating d={dating} close={() => setDating(undefined)} />}
    </>
  )
}

function Dating({ d, close }: { d: PolicyDocument; close: () => void }) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const [day, setDay] = useState(d.published ?? '')
  const [source, setSource] = useState(d.source ?? '')
  const [problem, setProblem] = useState<Problem>()
  const send = async () => {
    try {
      await put(`/support/documents/${d.file}/publication`, { day, source })
      await refreshed(supportKeys.all())
      close()
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    }
  }
  return (
    <Modal
      open
      title={t('support.dateIt')}
      onCancel={close}
      onOk={() => void send()}
      okText={t('support.ok')}
      cancelText={t('support.cancel')}
      okButtonProps={{ disabled: !day || source.trim().length < 3 }}
    >
      <p>{d.title}</p>
      <label>
        {t('support.publishedDay')}
        <Input type="date" value={day} onChange={(e) => setDay(e.target.value)} />
      </label>
      <label>
        {t('support.publishedWhere')}
        <Input value={source} maxLength={500} onChange={(e) => setSource(e.target.value)} />
      </label>
      {problem && <Fault problem={problem} />}
    </Modal>
  )
}
