import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'react-router'

import { all } from '../api/client'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { contentOf } from '../fields/field'
import { date } from '../format/time'
import { useI18n } from '../i18n'
import { StateTag } from '../registers/marks'
import { registerKeys, titleOf, useRegisters } from '../registers/queries'
import { Gap, Num, StatusTag } from '../targets/parts'
import { useTarget } from '../targets/queries'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'
import './effects.css'

export type Effect = components['schemas']['TaskEffect']

/** useEffects are what shows the effect of each task, by the task's key: packs of the node, which do not change while it runs. */
export const useEffects = () =>
  useQuery({
    queryKey: ['task-effects'],
    queryFn: async ({ signal }) =>
      new Map((await all<Effect>('/tasks/effects', {}, signal)).map((x) => [x.task, x] as const)),
    staleTime: Infinity,
  })

/** Effects are the targets that show a task's effect with where they stand, or why there is none. */
export function Effects({ of: x }: { of: Effect | undefined }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  if (!x) return <span className="muted">{t('tasks.untied')}</span>
  return (
    <ul className="effects">
      {x.targets.map((s) => (
        <Effected key={s.id} id={s.id} name={n(s.name)} />
      ))}
      {x.none && <li className="muted">{n(x.none)}</li>}
      {x.indicators.map((s) => (
        <li key={s.id}>
          <Link to={at(`indicators/${s.id}`)}>{n(s.name)}</Link>
        </li>
      ))}
    </ul>
  )
}

/** Effected is a target with where it stands today: asked for once it comes into sight, because each answer is worked out anew. */
function Effected({ id, name }: { id: string; name: string }) {
  const { at } = useHere()
  const box = useRef<HTMLLIElement>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!box.current) return
    const watch = new IntersectionObserver((list) => list.some((e) => e.isIntersecting) && setSeen(true))
    watch.observe(box.current)
    return () => watch.disconnect()
  }, [])
  return (
    <li data-target={id} ref={box}>
      <Link to={at(`targets/${id}`)}>{name}</Link>
      {seen ? <Standing id={id} /> : <div className="muted small">…</div>}
    </li>
  )
}

function Standing({ id }: { id: string }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  // eslint-disable-next-line react-hooks/purity -- the day on which the page is opened
  const today = date(Date.now())
  const target = useTarget(id, org.id, today, 0)
  const p = target.data
  if (!p) return <div className="muted small">{target.error?.message ?? '…'}</div>
  return (
    <div className="row wrap">
      <StatusTag status={p.status} />
      {p.number ? <Num of={p.number} /> : <span className="muted small">{n(p.reasonText)}</span>}
      {p.gap && (
        <span className="muted small">
          {t('targets.gap')} <Gap of={p.gap} />
        </span>
      )}
    </div>
  )
}

/** TaskEffect is the panel of a task's own page. */
export function TaskEffect({ task }: { task: string }) {
  const { t } = useI18n()
  const effects = useEffects()
  return (
    <section className="panel" aria-label={t('tasks.effect')}>
      <header>
        <h2>{t('tasks.effect')}</h2>
      </header>
      <div className="body">
        <Answer query={effects} rows={2}>
          {(by) => <Effects of={by.get(task)} />}
        </Answer>
      </div>
    </section>
  )
}

/** Serving are the tasks whose effect a target shows, with the state of those that the organisation keeps in its ledger. */
export function Serving({ target }: { target: string }) {
  const { org, at } = useHere()
  const { t, lang } = useI18n()
  const effects = useEffects()
  const registers = useRegisters()
  const r = registers.data?.find((x) => x.id === 'tasks')
  const ledger = useQuery({
    queryKey: [...registerKeys.entries('tasks'), 'keys', org.id],
    queryFn: async ({ signal }) =>
      (await all<components['schemas']['EntryView']>('/registers/tasks/entries', { org: org.id }, signal)).map((e) => ({
        ...e,
        content: contentOf(e.content),
      })),
  })
  const tasks = [...(effects.data?.values() ?? [])].filter((x) => x.targets.some((s) => s.id === target))
  return (
    <section className="panel" aria-label={t('tasks.serving')}>
      <header>
        <h2>{t('tasks.serving')}</h2>
      </header>
      {effects.data && tasks.length === 0 ? (
        <p className="body muted">{t('tasks.servingNone')}</p>
      ) : (
        <DataTable label={t('tasks.serving')} columns={['tasks.task', 'tasks.lead', 'tasks.due', 'tasks.state']}>
          <tbody>
            {tasks.map((x) => {
              const e = ledger.data?.find((y) => y.key === x.task)
              const word = (key: string) => (typeof e?.content[key] === 'string' ? e.content[key] : '–')
              return (
                <tr key={x.task}>
                  <th scope="row">
                    {e ? <Link to={at(`registers/tasks/${e.id}`)}>{titleOf(r, e, lang)}</Link> : x.task}
                    {e && <div className="muted small">{x.task}</div>}
                  </th>
                  <td>{word('lead')}</td>
                  <td className="nowrap">{word('deadline')}</td>
                  <td>
                    {e ? (
                      <StateTag register={r} state={e.state} />
                    ) : (
                      <span className="muted">{t('tasks.notEntered')}</span>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}
