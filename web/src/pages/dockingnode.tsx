import { App, Button } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Pager } from '../docking/above'
import { HealthMark, NodeStateTag, useTableName } from '../docking/marks'
import { NodeDialog, StateDialog } from '../docking/nodedialog'
import { useNodeBelow, useReturns, useRevisions, type NodeBelow, type NodeStatus } from '../docking/queries'
import { fetchFile } from '../fields/transfer'
import { rate, whole } from '../format/number'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Shape } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../targets/targets.css'

/** DockingNodePage is one node below: how it answers, what it has handed in, and how its entry came about. */
export function DockingNodePage() {
  const { id = '' } = useParams()
  const { org, may, at } = useHere()
  const { t, n } = useI18n()
  const status = useNodeBelow(id)
  const [open, setOpen] = useState<'edit' | 'move'>()
  const x = status.data?.node
  const close = () => setOpen(undefined)
  return (
    <>
      <PageHead
        title={x ? n(x.name) : t('docking.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('docking.title'), to: at('docking') },
        ]}
        after={x && <NodeStateTag of={x.state} />}
      >
        {x && may('configure') && (
          <>
            <Button onClick={() => setOpen('edit')}>{t('docking.edit')}</Button>
            {x.next.length > 0 && (
              <Button type="primary" onClick={() => setOpen('move')}>
                {t('docking.move')}
              </Button>
            )}
          </>
        )}
      </PageHead>
      <Answer query={status} rows={10}>
        {(s) => <Whole of={s} />}
      </Answer>
      {open === 'edit' && x && <NodeDialog of={x} close={close} />}
      {open === 'move' && x && <StateDialog of={x} close={close} />}
    </>
  )
}

function Whole({ of: s }: { of: NodeStatus }) {
  const { t, lang } = useI18n()
  const name = useTableName()
  return (
    <div className="stack">
      {s.overdue.length > 0 && (
        <p className="banner warning" style={{ margin: 0 }}>
          {t('docking.overdue', { list: s.overdue.map(name).join(lang === 'zh' ? '、' : ', ') })}
        </p>
      )}
      <div className="columns twocol">
        <div className="stack">
          <ProbesPanel of={s} />
          <ReturnsPanel of={s.node} />
        </div>
        <div className="stack">
          <FactsPanel of={s.node} />
          <EventsPanel of={s} />
          <HistoryPanel of={s.node} />
        </div>
      </div>
    </div>
  )
}

function ProbesPanel({ of: s }: { of: NodeStatus }) {
  const { t, lang } = useI18n()
  return (
    <section className="panel" aria-label={t('docking.health')}>
      <header>
        <h2>{t('docking.health')}</h2>
        <HealthMark of={s} />
        {s.at && <span className="muted small">{t('docking.probed', { at: dateTime(millis(s.at)) })}</span>}
      </header>
      {s.answers.length > 0 && (
        <DataTable
          label={t('docking.health')}
          className="cards"
          columns={['docking.door', 'docking.answer', { num: 'docking.took' }]}
        >
          <tbody>
            {s.answers.map((a) => (
              <tr key={a.door}>
                <th scope="row" className="mono">
                  {a.door}
                </th>
                <td data-label={t('docking.answer')}>
                  <span className={`state is-${a.well ? 'online' : 'offline'}`}>
                    <Shape of={a.well ? 'full' : 'cross'} />
                    <span className="word">{t(a.well ? 'docking.well' : 'docking.silent')}</span>
                  </span>
                  {a.what && <div className="muted small">{a.what}</div>}
                </td>
                <td data-label={t('docking.took')} className="num">
                  {a.well ? `${rate(lang, a.took)} ms` : '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
      {s.hours.length > 0 && (
        <details className="body">
          <summary>{t('docking.hours')}</summary>
          <DataTable
            label={t('docking.hours')}
            height={360}
            columns={[
              'docking.hour',
              'docking.door',
              { num: 'docking.asked' },
              { num: 'docking.answered' },
              { num: 'docking.mean' },
              { num: 'docking.range' },
            ]}
          >
            <tbody>
              {[...s.hours].reverse().map((h) => (
                <tr key={h.hour + h.door}>
                  <th scope="row">{dateTime(millis(h.hour))}</th>
                  <td className="mono">{h.door}</td>
                  <td className="num">{whole(lang, h.asked)}</td>
                  <td className="num">{whole(lang, h.well)}</td>
                  <td className="num">{h.well > 0 ? `${rate(lang, h.mean)} ms` : '–'}</td>
                  <td className="num nowrap">
                    {h.well > 0 ? `${rate(lang, h.least)} – ${rate(lang, h.most)} ms` : '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        </details>
      )}
    </section>
  )
}

function FactsPanel({ of: x }: { of: NodeBelow }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('docking.facts')}>
      <header>
        <h2>{t('docking.facts')}</h2>
      </header>
      <dl className="facts body">
        <dt>{t('docking.prefix')}</dt>
        <dd className="mono">{x.prefix}</dd>
        <dt>{t('docking.role')}</dt>
        <dd>{t(`docking.role.${x.role}`)}</dd>
        <dt>{t('docking.operator')}</dt>
        <dd>
          {n(x.operator)}
          {x.creditCode && <div className="muted small mono">{x.creditCode}</div>}
        </dd>
        <dt>{t('docking.division')}</dt>
        <dd>{x.division ?? '–'}</dd>
        <dt>{t('docking.since')}</dt>
        <dd>{x.since ? date(millis(x.since)) : '–'}</dd>
        <dt>{t('docking.doors')}</dt>
        <dd className="mono">
          {x.doors.map((d) => (
            <div key={d}>{d}</div>
          ))}
        </dd>
        <dt>{t('docking.probe')}</dt>
        <dd className="mono">{x.probe ?? '–'}</dd>
        <dt>{t('docking.keys')}</dt>
        <dd className="mono small" style={{ wordBreak: 'break-all' }}>
          {x.keys.map((k) => (
            <div key={k}>{k}</div>
          ))}
        </dd>
      </dl>
    </section>
  )
}

function EventsPanel({ of: s }: { of: NodeStatus }) {
  const { t } = useI18n()
  return (
    <section className="panel" aria-label={t('docking.events')}>
      <header>
        <h2>{t('docking.events')}</h2>
      </header>
      {s.events.length === 0 ? (
        <p className="note">{t('docking.noEvents')}</p>
      ) : (
        <ul className="plainlist dots body">
          {s.events.map((e) => (
            <li key={e.id}>
              <span className={e.state === 'abnormal' ? 'tag error' : 'tag good'}>
                {t(e.state === 'abnormal' ? 'docking.abnormal' : 'docking.recovered')}
              </span>{' '}
              <span className="muted">{dateTime(millis(e.at))}</span>
              {e.cause && <div className="small">{e.cause}</div>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function HistoryPanel({ of: x }: { of: NodeBelow }) {
  const { t } = useI18n()
  const revisions = useRevisions(x.id)
  return (
    <section className="panel" aria-label={t('docking.history')}>
      <header>
        <h2>{t('docking.history')}</h2>
      </header>
      <Answer query={revisions} rows={3}>
        {(list) => (
          <ol className="plainlist dots body">
            {list.map((r) => (
              <li key={r.revision}>
                <NodeStateTag of={r.state} /> {r.reason}
                <span className="muted">
                  {' '}
                  · {r.by} · {dateTime(millis(r.at))}
                </span>
              </li>
            ))}
          </ol>
        )}
      </Answer>
    </section>
  )
}

function ReturnsPanel({ of: x }: { of: NodeBelow }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const name = useTableName()
  const [cursors, setCursors] = useState<string[]>([''])
  const returns = useReturns(x.id, cursors[0] ?? '')
  const download = async (id: string) => {
    try {
      save(await fetchFile(`/docking/nodes/${x.id}/returns/${id}`, lang), `${id}.docking`)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <section className="panel" aria-label={t('docking.returns')}>
      <header>
        <h2>{t('docking.returns')}</h2>
      </header>
      <Answer
        query={returns}
        rows={4}
        empty={(p) => p.items?.length === 0 && cursors.length === 1 && <Blank title={t('docking.noReturns')} />}
      >
        {(p) => (
          <>
            <DataTable
              label={t('docking.returns')}
              className="cards"
              columns={[
                'docking.table',
                'docking.period',
                { num: 'docking.revision' },
                { num: 'docking.rows' },
                'docking.taken',
                { hidden: 'docking.actions' },
              ]}
            >
              <tbody>
                {(p.items ?? []).map((r) => (
                  <tr key={r.id}>
                    <th scope="row">{name(r.table)}</th>
                    <td data-label={t('docking.period')}>{r.period ?? t('docking.atOnce')}</td>
                    <td data-label={t('docking.revision')} className="num">
                      {r.parts > 1 ? `${r.revision} · ${r.part}/${r.parts}` : r.revision}
                    </td>
                    <td data-label={t('docking.rows')} className="num">
                      {whole(lang, r.rows)}
                    </td>
                    <td data-label={t('docking.taken')}>{dateTime(millis(r.at))}</td>
                    <td data-label={t('docking.actions')}>
                      <Button
                        size="small"
                        aria-label={`${t('docking.download')} ${name(r.table)} ${r.period ?? ''}`}
                        onClick={() => void download(r.id)}
                      >
                        {t('docking.download')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
            <Pager cursors={cursors} set={setCursors} next={p.next} />
          </>
        )}
      </Answer>
    </section>
  )
}
