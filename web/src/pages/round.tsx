import { App, Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { money } from '../fields/field'
import { download } from '../files/transfer'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import {
  keys,
  useRanking,
  useRound,
  useRoundPart,
  type Draw,
  type Payment,
  type Ranking,
  type RoundDetail,
  type RoundFile,
} from '../programmes/queries'
import { useConfirm } from '../ui/confirm'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import '../programmes/programmes.css'

/** RoundPage is the desk of one round: funnel, formal check, draw, ranking, publicity, award and payments. */
export function RoundPage() {
  const { id = '' } = useParams()
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const round = useRound(id)
  const files = useRoundPart<RoundFile>(id, 'applications')
  const r = round.data
  const act = (word: Key, text: Key, path: string) =>
    confirm({
      title: t(word),
      text: t(text),
      ok: t(word),
      work: async () => {
        await post(`/programme-rounds/${id}/${path}`, { basis: r?.revision })
        await refreshed(keys.round(id))
      },
    })
  const button = (word: Key, text: Key, path: string) => (
    <Button type="primary" onClick={() => act(word, text, path)}>
      {t(word)}
    </Button>
  )
  return (
    <>
      <PageHead
        title={r ? `${n(r.callName)} · ${n(r.name)}` : t('programme.desk')}
        after={r && <span className="tag info">{n(r.stateName)}</span>}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('programme.desk'), to: at('rounds') },
        ]}
      >
        {r && may('configure') && (
          <>
            {r.takes && <EndFiling round={r} />}
            {r.state === 'open' && !r.takes && button('programme.draw', 'programme.drawText', 'draw')}
            {r.state === 'drawn' && button('programme.freeze', 'programme.freezeText', 'ranking')}
            {r.state === 'ranked' && button('programme.publish', 'programme.publishText', 'publicity')}
          </>
        )}
        {r?.state === 'published' && <Link to={`/public/programmes/${id}`}>{t('programme.publicPage')}</Link>}
      </PageHead>
      <Answer query={round}>
        {(x) => (
          <div className="programmepage">
            <Funnel files={files.data ?? []} round={x} />
            <Files round={x} query={files} />
            {x.state !== 'open' && <Rank round={x} files={files.data ?? []} />}
            {x.state !== 'open' && <Draws round={x} />}
            {x.state === 'published' && <Payments round={x} />}
          </div>
        )}
      </Answer>
    </>
  )
}

function EndFiling({ round: r }: { round: RoundDetail }) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const send = async () => {
    if (!(await submit.run(() => post(`/programme-rounds/${r.id}/closing`, { basis: r.revision, reason })))) return
    setOpen(false)
    await refreshed(keys.round(r.id))
  }
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('programme.endFiling')}</Button>
      <Modal
        className="programmeform"
        open={open}
        title={t('programme.endFiling')}
        okText={t('programme.endFiling')}
        cancelText={t('cancel')}
        confirmLoading={submit.busy}
        onOk={() => void send()}
        onCancel={() => setOpen(false)}
      >
        <p>{t('programme.endFilingText')}</p>
        <label htmlFor="end-reason">{t('programme.reason')}</label>
        <Input.TextArea id="end-reason" rows={3} value={reason} onChange={(e) => setReason(e.target.value)} />
        {submit.problem && <Fault problem={submit.problem} />}
      </Modal>
    </>
  )
}

const passed = ['reviewing', 'publicity', 'objected', 'building', 'accepting', 'accepted', 'failed', 'withdrawn']
const won = ['publicity', 'objected', 'building', 'accepting', 'accepted', 'failed', 'withdrawn']

function Funnel({ files, round: r }: { files: RoundFile[]; round: RoundDetail }) {
  const { t, lang } = useI18n()
  const count = (states: string[]) => files.filter((f) => states.includes(f.state)).length
  return (
    <section className="panel" aria-label={t('programme.state')}>
      <dl className="funnel">
        <Figure word="programme.filed">{files.length}</Figure>
        <Figure word="programme.checked">
          {files.filter((f) => passed.includes(f.state) || f.reviews.length > 0).length}
        </Figure>
        <Figure word="programme.chosen">{count(won)}</Figure>
        <Figure word="programme.accepted">{count(['accepted'])}</Figure>
        {r.budget > 0 && <Figure word="programme.budgetYuan">{money(lang, r.budget)}</Figure>}
        <Figure word="programme.closes">{r.closes}</Figure>
      </dl>
    </section>
  )
}

function useDownload() {
  const { lang } = useI18n()
  const { message } = App.useApp()
  return async (path: string) => {
    try {
      await download(path, { format: 'xlsx' }, lang)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
}

function Files({ round: r, query }: { round: RoundDetail; query: ReturnType<typeof useRoundPart<RoundFile>> }) {
  const { at } = useHere()
  const { t, n, lang } = useI18n()
  const save = useDownload()
  const holds = { true: 'good', false: 'error', unknown: 'warning' } as const
  return (
    <section className="panel" aria-label={t('programme.files')}>
      <header>
        <h2>{t('programme.files')}</h2>
        <Button className="noprint" onClick={() => void save(`/programme-rounds/${r.id}/summary`)}>
          {t('programme.export')}
        </Button>
      </header>
      <Answer query={query} empty={(l) => l.length === 0 && <p className="body muted">{t('programme.noFiles')}</p>}>
        {(list) => (
          <DataTable label={t('programme.files')} className="cards">
            <thead>
              <tr>
                <th scope="col">{t('programme.applicant')}</th>
                <th scope="col">{t('programme.projectName')}</th>
                <th scope="col">{t('programme.state')}</th>
                <th scope="col">{t('programme.eligible')}</th>
                {r.detail.checks.map((c) => (
                  <th scope="col" key={c.id} title={n(c.text)}>
                    {n(c.text).slice(0, 12)}
                  </th>
                ))}
                <th scope="col">{t('programme.reviewsDone')}</th>
                <th scope="col" className="num">
                  {t('programme.award')}
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((f) => (
                <tr key={f.case}>
                  <th scope="row">
                    {n(f.name)}
                    <div className="muted small">{f.creditCode}</div>
                  </th>
                  <td data-label={t('programme.projectName')}>
                    <Link to={at(`projects/${f.case}`)}>{f.title}</Link>
                    <div className="small">
                      <Link to={at(`cases/${f.case}`)}>{t('programme.toCase')}</Link>
                    </div>
                  </td>
                  <td data-label={t('programme.state')}>{n(f.stateName)}</td>
                  <td data-label={t('programme.eligible')}>
                    <span className={`tag ${holds[f.may]}`}>{t(`programme.holds.${f.may}`)}</span>
                  </td>
                  {r.detail.checks.map((c) => {
                    const v = (f.content as Record<string, unknown>)[c.field]
                    return (
                      <td key={c.id} data-label={n(c.text)}>
                        {v === true ? t('yes') : v === false ? <span className="tag error">{t('no')}</span> : '–'}
                      </td>
                    )
                  })}
                  <td data-label={t('programme.reviewsDone')}>
                    {f.reviews.map((v) => (
                      <div key={v.id} className="small">
                        {v.name || v.expert.slice(0, 8)} {v.total ?? <span className="muted">{n(v.stateName)}</span>}
                        {(v.conflicts ?? []).map((c) => (
                          <span key={c.kind} className="tag error">
                            {n(c.name)}
                          </span>
                        ))}
                        {r.state === 'drawn' && (v.state === 'drawn' || v.state === 'scored') && (
                          <Dismiss review={v.id} round={r.id} />
                        )}
                      </div>
                    ))}
                  </td>
                  <td className="num" data-label={t('programme.award')}>
                    {f.award ? money(lang, f.award.amount) : ''}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function Dismiss({ review, round }: { review: string; round: string }) {
  const { t } = useI18n()
  const { may } = useHere()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  if (!may('configure')) return null
  const send = async () => {
    if (!(await submit.run(() => post(`/programme-reviews/${review}/dismissal`, { reason })))) return
    setOpen(false)
    await refreshed(keys.round(round))
  }
  return (
    <>
      <Button size="small" type="link" className="noprint" onClick={() => setOpen(true)}>
        {t('programme.dismiss')}
      </Button>
      <Modal
        className="programmeform"
        open={open}
        title={t('programme.dismiss')}
        okText={t('programme.dismiss')}
        cancelText={t('cancel')}
        confirmLoading={submit.busy}
        onOk={() => void send()}
        onCancel={() => setOpen(false)}
      >
        <p>{t('programme.dismissText')}</p>
        <label htmlFor={`d-${review}`}>{t('programme.reason')}</label>
        <Input.TextArea id={`d-${review}`} rows={3} value={reason} onChange={(e) => setReason(e.target.value)} />
        {submit.problem && <Fault problem={submit.problem} />}
      </Modal>
    </>
  )
}

function Rank({ round: r, files }: { round: RoundDetail; files: RoundFile[] }) {
  const { t } = useI18n()
  const ranking = useRanking(r.id, true)
  const fixed = r.state !== 'drawn'
  const names = new Map(files.flatMap((f) => f.reviews.map((v) => [v.expert, v.name] as const)))
  const title = t(fixed ? 'programme.ranking' : 'programme.rankingPreview')
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <Answer
        query={ranking}
        empty={(x) => x.list.length === 0 && <p className="body muted">{t('programme.noRanking')}</p>}
      >
        {(x) => <Ranked of={x} names={names} />}
      </Answer>
    </section>
  )
}

function Ranked({ of: x, names }: { of: Ranking; names: Map<string, string> }) {
  const { t } = useI18n()
  const titles = new Map(x.list.map((p) => [p.case, p.title]))
  return (
    <>
      {x.parts > 1 && <p className="note">{t('programme.parts', { n: x.parts })}</p>}
      {(x.changes ?? []).map((c) => (
        <p className="note" key={c.case}>
          {t('programme.changes', { title: c.title, from: c.from, to: c.to })}
        </p>
      ))}
      <DataTable
        label={t('programme.ranking')}
        className="cards"
        columns={[
          { num: 'programme.rank' },
          'programme.projectName',
          { num: 'programme.raw' },
          { num: 'programme.adjusted' },
          { num: 'programme.reviewsDone' },
          'programme.chosen',
        ]}
      >
        <tbody>
          {x.list.map((p) => (
            <tr key={p.case}>
              <td data-label={t('programme.rank')} className="num">
                {p.rank}
              </td>
              <th scope="row">
                {p.title} {p.tied && <span className="tag warning">{t('programme.tied')}</span>}
              </th>
              <td data-label={t('programme.raw')} className="num">
                {p.raw}
              </td>
              <td data-label={t('programme.adjusted')} className="num" title={p.exact}>
                {p.adjusted}
              </td>
              <td data-label={t('programme.reviewsDone')} className="num">
                {p.reviews}
              </td>
              <td data-label={t('programme.chosen')}>
                {p.chosen ? <span className="tag good">{t('yes')}</span> : t('no')}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <div className="body">
        <h3>{t('programme.sensitivity')}</h3>
        {x.swings.length === 0 && <p className="muted">{t('programme.noSwings')}</p>}
        <ul>
          {x.swings.map((s, i) => (
            <li key={i}>
              {titles.get(s.case)}：{t(`programme.swing.${s.because}`)}
              {s.expert ? ` ${names.get(s.expert) ?? ''}` : ''}{' '}
              {t(s.unheard ? 'programme.swingUnheard' : s.chosen ? 'programme.swingOut' : 'programme.swingIn')}
            </li>
          ))}
        </ul>
        <h3>{t('programme.effects')}</h3>
      </div>
      <DataTable
        label={t('programme.effects')}
        className="cards"
        columns={['programme.expert', { num: 'programme.judged' }, { num: 'programme.effect' }]}
      >
        <tbody>
          {x.effects.map((e) => (
            <tr key={e.expert}>
              <th scope="row">{names.get(e.expert) ?? e.expert}</th>
              <td data-label={t('programme.judged')} className="num">
                {e.cases}
              </td>
              <td data-label={t('programme.effect')} className="num">
                {e.effect}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </>
  )
}

function Draws({ round: r }: { round: RoundDetail }) {
  const { t } = useI18n()
  const draws = useRoundPart<Draw>(r.id, 'draws')
  return (
    <section className="panel" aria-label={t('programme.draws')}>
      <header>
        <h2>{t('programme.draws')}</h2>
      </header>
      <dl className="facts body">
        <dt>{t('programme.commitment')}</dt>
        <dd className="hash">{r.commitment}</dd>
        <dt>{t('programme.seed')}</dt>
        <dd className="hash">{r.seed}</dd>
      </dl>
      <Answer query={draws}>
        {(list) => (
          <ul className="body">
            {list.map((d, i) => (
              <li key={i}>
                {t(`programme.drawOf.${d.occasion}` as Key)}：
                {t('programme.drawLine', {
                  cases: d.input.cases?.length ?? 0,
                  experts: d.input.experts?.length ?? 0,
                  barred: (d.input.cases ?? []).reduce((sum, c) => sum + Object.keys(c.bar ?? {}).length, 0),
                  drawn: d.result?.length ?? 0,
                })}{' '}
                <code className="small">{d.input.rule}</code>
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </section>
  )
}

function Payments({ round: r }: { round: RoundDetail }) {
  const { may } = useHere()
  const { t, n, lang } = useI18n()
  const save = useDownload()
  const payments = useRoundPart<Payment>(r.id, 'payments')
  return (
    <section className="panel" aria-label={t('programme.payments')}>
      <header>
        <h2>{t('programme.payments')}</h2>
        <span className="noprint">
          <Button onClick={() => void save(`/programme-rounds/${r.id}/payment-list`)}>
            {t('programme.exportPayments')}
          </Button>{' '}
          <Button onClick={() => window.print()}>{t('programme.print')}</Button>
        </span>
      </header>
      <Answer
        query={payments}
        empty={(l) => l.length === 0 && <p className="body muted">{t('programme.noPayments')}</p>}
      >
        {(list) => (
          <DataTable
            label={t('programme.payments')}
            columns={[
              'programme.party',
              'programme.projectName',
              'programme.part',
              { num: 'programme.amountYuan' },
              'programme.state',
              'programme.on',
              'programme.document',
            ]}
          >
            <tbody>
              {list.map((p) => (
                <tr key={p.id}>
                  <td>{n(p.party)}</td>
                  <td>{p.title}</td>
                  <td>{n(p.part)}</td>
                  <td className="num">{money(lang, p.amount)}</td>
                  <td>
                    <span className={`tag ${p.overdue ? 'error' : 'info'}`}>{n(p.stateName)}</span> {p.due}
                  </td>
                  <td>{p.on}</td>
                  <td>
                    {p.document}
                    {may('configure') && (p.state === 'released' || p.state === 'due') && (
                      <Settle payment={p} round={r.id} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function Settle({ payment: p, round }: { payment: Payment; round: string }) {
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [open, setOpen] = useState(false)
  const [on, setOn] = useState('')
  const [doc, setDoc] = useState('')
  const word = p.state === 'due' ? 'programme.settleBack' : 'programme.settlePaid'
  const send = async () => {
    if (
      !(await submit.run(() =>
        post(`/programme-payments/${p.id}/settlement`, { basis: p.revision, on, document: doc }),
      ))
    )
      return
    setOpen(false)
    await refreshed(keys.round(round))
  }
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t(word)}
      </Button>
      <Modal
        className="programmeform"
        open={open}
        title={t(word)}
        okText={t('programme.save')}
        cancelText={t('cancel')}
        confirmLoading={submit.busy}
        onOk={() => void send()}
        onCancel={() => setOpen(false)}
      >
        <label htmlFor={`s-on-${p.id}`}>{t('programme.on')}</label>
        <Input id={`s-on-${p.id}`} type="date" value={on} onChange={(e) => setOn(e.target.value)} />
        <label htmlFor={`s-doc-${p.id}`}>{t('programme.document')}</label>
        <Input id={`s-doc-${p.id}`} maxLength={120} value={doc} onChange={(e) => setDoc(e.target.value)} />
        {submit.problem && <Fault problem={submit.problem} />}
      </Modal>
    </>
  )
}
