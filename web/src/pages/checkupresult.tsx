import { CheckOutlined, CloseOutlined, PrinterOutlined } from '@ant-design/icons'
import { App, Button, Input, Modal, Switch } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'

import { post, put } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Measured } from '../checkup/measured'
import {
  checkupKeys,
  points,
  useConsent,
  useExperts,
  useOutcome,
  usePeers,
  type Checkup,
  type ExpertCheck,
  type Outcome,
  type Standing,
} from '../checkup/queries'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'
import { DataTable } from '../ui/table'

import '../checkup/checkup.css'

/** CheckupResultPage tells the level, why it is that, and what was measured. */
export function CheckupResultPage() {
  const { id = '' } = useParams()
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const outcome = useOutcome(id)
  const o = outcome.data
  const again = async (c: Checkup) => {
    try {
      const made = await post<Checkup>('/checkups', { org: org.id, instrument: c.instrument, copy: c.id })
      await refreshed(checkupKeys.list(org.id))
      void navigate(at(`checkup/${made.id}`))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead
        title={o ? t('checkup.resultOf', { name: n(o.checkup.name) }) : t('checkup.result')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
        ]}
      >
        {o && (
          <>
            <Button type="primary" onClick={() => void navigate(at(`checkup/${id}/prescription`))}>
              {t('checkup.prescription')}
            </Button>
            <Button onClick={() => void navigate(at(`checkup/${id}/compare`))}>{t('checkup.compare')}</Button>
            {may('operate') && o.checkup.state === 'submitted' && (
              <Button onClick={() => void again(o.checkup)}>{t('checkup.again')}</Button>
            )}
            <Button icon={<PrinterOutlined aria-hidden />} onClick={() => window.print()}>
              {t('checkup.print')}
            </Button>
          </>
        )}
      </PageHead>
      <Answer query={outcome} rows={8}>
        {(x) => (
          <div className="stack">
            <Shown outcome={x} />
          </div>
        )}
      </Answer>
    </>
  )
}

function Shown({ outcome: o }: { outcome: Outcome }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const experts = useExperts(org.id)
  const mine = experts.data?.filter((e) => e.checkup === o.checkup.id) ?? []
  const finished = mine.filter((e) => e.state === 'finished')
  const r = o.result
  const differs = o.filled.filter((f) => f.outcome === 'differs' || f.outcome === 'beyond')
  return (
    <>
      <section className="panel" aria-label={t('checkup.level')}>
        <div className="body">
          <div className="levels2">
            <Level name="declared" standing={r.declared} />
            <Level name="evidenced" standing={r.evidenced} tone="proven" />
            {finished.map((e) => (
              <div className="levelcard checked" key={e.id}>
                {t('checkup.checkedBy', { name: n(e.expertName) })}
                <span className="big">
                  {n(r.declared.levels.find((l) => l.level === e.level)?.name) || t('checkup.below')}
                </span>
                <span className="muted">
                  {t('checkup.pointsOf', { n: points(e.points ?? 0), of: points(total(r.declared).full) })}
                </span>
              </div>
            ))}
          </div>
          {r.notice && (
            <p className="muted" style={{ marginTop: 8 }}>
              <span className="tag warning">{t('checkup.profile')}</span> {n(r.notice)}
            </p>
          )}
          <p style={{ marginTop: 10 }}>{n(r.declared.decided)}</p>
          <p className="muted">
            {t('checkup.frozen', {
              at: o.checkup.endedAt ? dateTime(millis(o.checkup.endedAt)) : '–',
              by: o.checkup.endedBy?.name ?? '–',
            })}
          </p>
          <details>
            <summary>{t('checkup.digest')}</summary>
            <p>
              <code style={{ overflowWrap: 'anywhere' }}>{o.checkup.digest}</code>{' '}
              <span className={o.same ? 'tag good' : 'tag error'}>
                {t(o.same ? 'checkup.same' : 'checkup.notSame')}
              </span>
            </p>
          </details>
        </div>
      </section>
      <Missing standing={r.declared} />
      <section className="panel" aria-label={t('checkup.scores')}>
        <header>
          <h2>{t('checkup.scores')}</h2>
        </header>
        <div className="body">
          <Scores declared={r.declared} evidenced={r.evidenced} />
        </div>
      </section>
      {(o.facts.length > 0 || differs.length > 0) && (
        <section className="panel" aria-label={t('checkup.measuredTitle')}>
          <header>
            <h2>{t('checkup.measuredTitle')}</h2>
          </header>
          <div className="body">
            {differs.map((f) => (
              <p key={`${f.question}/${f.option ?? ''}`}>
                <span className="tag warning">{t('checkup.differs')}</span> {n(f.text)}
              </p>
            ))}
            <Measured facts={o.facts} />
          </div>
        </section>
      )}
      <Peers checkup={o.checkup} />
      <Experts checkup={o.checkup} list={mine} />
      <Trace outcome={o} />
    </>
  )
}

/** total of the scored sections. */
function total(s: Standing): { points: number; full: number } {
  const top = s.scores.filter((x) => !x.parent)
  return { points: top.reduce((sum, x) => sum + x.points, 0), full: top.reduce((sum, x) => sum + x.full, 0) }
}

function Level({
  name,
  standing: s,
  tone = '',
}: {
  name: 'declared' | 'evidenced'
  standing: Standing
  tone?: string
}) {
  const { t, n } = useI18n()
  const sum = total(s)
  return (
    <div className={`levelcard ${tone}`} data-standing={name}>
      {t(`checkup.${name}`)}
      <span className="big">{n(s.name)}</span>
      <span className="muted">{t('checkup.pointsOf', { n: points(sum.points), of: points(sum.full) })}</span>
    </div>
  )
}

/** Missing tells the rules of the next level, and which of them hold. */
function Missing({ standing: s }: { standing: Standing }) {
  const { t, n } = useI18n()
  const next = s.levels.find((l) => l.level === s.level + 1)
  return (
    <section className="panel" aria-label={t('checkup.ladder')}>
      <header>
        <h2>{t('checkup.ladder')}</h2>
      </header>
      <div className="body">
        <p>
          {s.levels.map((l) => (
            <span key={l.level} className={l.level <= s.level ? 'tag good' : 'tag'} style={{ marginRight: 6 }}>
              {n(l.name)}
            </span>
          ))}
        </p>
        {next ? (
          <>
            <p style={{ marginTop: 8 }}>
              <strong>{t('checkup.nextLevel', { name: n(next.name) })}</strong>
            </p>
            <ul className="rules">
              {next.rules.map((r, i) => (
                <li key={i}>
                  {r.holds ? (
                    <CheckOutlined className="ok" aria-label={t('checkup.holds')} />
                  ) : (
                    <CloseOutlined className="not" aria-label={t('checkup.holdsNot')} />
                  )}
                  <span>{n(r.text)}</span>
                </li>
              ))}
            </ul>
          </>
        ) : (
          <p>{t('checkup.top')}</p>
        )}
      </div>
    </section>
  )
}

function Scores({ declared, evidenced }: { declared: Standing; evidenced: Standing }) {
  const { t, n } = useI18n()
  return (
    <>
      <ul className="scorelist">
        {declared.scores.map((s, i) => (
          <li key={s.id} className={s.parent ? 'sub' : ''}>
            <span>{n(s.name)}</span>
            <span className="num">
              {points(s.points)} / {points(s.full)}
            </span>
            <span className="meterbar" aria-hidden="true">
              <i style={{ width: `${s.full > 0 ? (100 * s.points) / s.full : 0}%` }} />
            </span>
            <span className="muted small" style={{ gridColumn: '1 / -1' }}>
              {t('checkup.ofItProven', { n: points(evidenced.scores[i]?.points ?? 0) })}
            </span>
          </li>
        ))}
      </ul>
      {declared.counts.length > 0 && (
        <DataTable
          label={t('checkup.scenes')}
          columns={[
            'checkup.scenes',
            { num: 'checkup.reached' },
            { num: 'checkup.bindingOf' },
            { num: 'checkup.reachedProven' },
          ]}
        >
          <tbody>
            {declared.counts.map((c, i) => (
              <tr key={`${c.section}${String(c.step)}`}>
                <th scope="row">{t('checkup.step', { n: c.step })}</th>
                <td className="num">{c.reached}</td>
                <td className="num">{c.binding}</td>
                <td className="num">{evidenced.counts[i]?.reached ?? 0}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </>
  )
}

function Peers({ checkup: c }: { checkup: Checkup }) {
  const { org, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const consent = useConsent(org.id)
  const on = consent.data?.agreed ?? false
  const peers = usePeers(c.id, on && c.state === 'submitted')
  if (c.state !== 'submitted') return null
  const agree = async (agreed: boolean) => {
    try {
      await put(`/orgs/${org.id}/benchmark-consent`, { agreed })
      await refreshed(checkupKeys.consent(org.id), checkupKeys.peers(c.id))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <section className="panel no-print" aria-label={t('checkup.peers')}>
      <header>
        <h2>{t('checkup.peers')}</h2>
      </header>
      <div className="body">
        <div className="row wrap" style={{ gap: 10 }}>
          <Switch checked={on} disabled={!may('configure')} aria-labelledby="consent" onChange={(v) => void agree(v)} />
          <span id="consent">{t('checkup.consent')}</span>
        </div>
        <p className="muted">{t('checkup.consentHelp')}</p>
        {on &&
          (peers.data?.peers ? (
            <p>
              <strong>{n(peers.data.peers.text)}</strong>
            </p>
          ) : (
            peers.data && <p>{t('checkup.peersFew', { n: peers.data.least })}</p>
          ))}
        {on && peers.error instanceof Problem && <Fault problem={peers.error} />}
      </div>
    </section>
  )
}

function Experts({ checkup: c, list }: { checkup: Checkup; list: ExpertCheck[] }) {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const [asking, setAsking] = useState(false)
  const [code, setCode] = useState('')
  const [due, setDue] = useState('')
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const ask = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      await post(`/checkups/${c.id}/experts`, {
        by: org.id,
        expert: code.trim(),
        due: due || undefined,
        note: note || undefined,
      })
      await refreshed(checkupKeys.experts(org.id))
      setAsking(false)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="panel no-print" aria-label={t('checkup.experts')}>
      <header>
        <h2>{t('checkup.experts')}</h2>
        {may('operate') && c.state === 'submitted' && (
          <div className="actions">
            <Button onClick={() => setAsking(true)}>{t('checkup.askExpert')}</Button>
          </div>
        )}
      </header>
      <div className="body">
        {list.length === 0 && <p className="muted">{t('checkup.expertsHelp')}</p>}
        <ul className="items">
          {list.map((e) => (
            <li key={e.id}>
              <Link to={at(`expert-checks/${e.id}`)}>{n(e.expertName)}</Link>{' '}
              <span className={e.state === 'finished' ? 'tag good' : e.state === 'declined' ? 'tag warning' : 'tag'}>
                {t(`checkup.expert.${e.state}`)}
              </span>{' '}
              {e.due && <span className="muted">{t('checkup.until', { day: e.due })}</span>}
            </li>
          ))}
        </ul>
      </div>
      <Modal
        open={asking}
        title={t('checkup.askExpert')}
        okText={t('checkup.ask')}
        cancelText={t('cancel')}
        confirmLoading={busy}
        okButtonProps={{ disabled: code.trim() === '' }}
        onCancel={() => setAsking(false)}
        onOk={() => void ask()}
      >
        <p className="muted">{t('checkup.askHelp')}</p>
        <label style={{ display: 'block', marginTop: 8 }}>
          {t('checkup.expertCode')}
          <Input value={code} maxLength={30} onChange={(e) => setCode(e.target.value)} />
        </label>
        <label style={{ display: 'block', marginTop: 8 }}>
          {t('checkup.due')}
          <Input type="date" value={due} onChange={(e) => setDue(e.target.value)} />
        </label>
        <label style={{ display: 'block', marginTop: 8 }}>
          {t('checkup.note')}
          <Input.TextArea value={note} maxLength={1000} onChange={(e) => setNote(e.target.value)} />
        </label>
        {problem && <Fault problem={problem} />}
      </Modal>
    </section>
  )
}

function Trace({ outcome: o }: { outcome: Outcome }) {
  const { t, n } = useI18n()
  const proven = new Map(o.result.evidenced.lines.map((l) => [l.question, l]))
  return (
    <section className="panel" aria-label={t('checkup.trace')}>
      <header>
        <h2>{t('checkup.trace')}</h2>
      </header>
      <DataTable
        label={t('checkup.trace')}
        className="cards roomy"
        columns={['checkup.question', { num: 'checkup.points' }, 'checkup.evidence', { num: 'checkup.provenPoints' }]}
      >
        <tbody>
          {o.result.declared.lines.map((l) => {
            const p = proven.get(l.question)
            return (
              <tr key={l.question} data-question={l.question}>
                <th scope="row" style={{ whiteSpace: 'normal' }}>
                  {n(l.text)}
                </th>
                <td className="num" data-label={t('checkup.points')}>
                  {l.step ? t('checkup.step', { n: l.step }) : `${points(l.points)} / ${points(l.full)}`}
                </td>
                <td data-label={t('checkup.evidence')}>
                  {p?.grade ?? l.grade ?? '–'}{' '}
                  {p?.basis === 'measured' && <span className="tag good">{t('checkup.measured')}</span>}
                </td>
                <td className="num" data-label={t('checkup.provenPoints')}>
                  {p?.step ? t('checkup.step', { n: p.step }) : points(p?.points ?? 0)}
                </td>
              </tr>
            )
          })}
        </tbody>
      </DataTable>
    </section>
  )
}
