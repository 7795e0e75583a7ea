import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Dropdown, Input, Segmented, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useQuery } from '@tanstack/react-query'

import { all } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { useFilters } from '../fields/address'
import { contentOf } from '../fields/field'
import { download } from '../files/transfer'
import { whole } from '../format/number'
import { useI18n, type Key } from '../i18n'
import { StateTag } from '../registers/marks'
import { Moves } from '../registers/move'
import { registerKeys, titleOf, useRegisters, type Entry, type Register } from '../registers/queries'
import { Effects, useEffects } from '../tasks/effects'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import './tasks.css'

const register = 'tasks'

/** A task with what the board sorts it by. */
interface Task {
  entry: Entry
  lead: string
  departments: string[]
  policy: string
  deadline: string
  overdue: boolean
  soon: boolean
}

const word = (e: Entry, key: string) => (typeof e.content[key] === 'string' ? e.content[key] : '')

/** The civil day in China, where deadlines end. */
const dayIn = (days: number) => new Date(Date.now() + (8 * 3600 + days * 86400) * 1000).toISOString().slice(0, 10)

function taskOf(entry: Entry): Task {
  const deadline = word(entry, 'deadline')
  const ended = entry.state === 'done' || entry.state === 'dropped'
  const list = (entry.content.departments ?? []) as unknown as { department?: string }[]
  return {
    entry,
    lead: word(entry, 'lead'),
    departments: list.map((d) => d.department ?? '').filter(Boolean),
    policy: word(entry, 'policy'),
    deadline,
    overdue: !ended && deadline !== '' && deadline < dayIn(0),
    soon: !ended && deadline >= dayIn(0) && deadline <= dayIn(30),
  }
}

const by: Record<string, Key> = { lead: 'tasks.by.lead', policy: 'tasks.by.policy', state: 'tasks.by.state' }
const only: Record<string, { word: Key; is: (x: Task) => boolean }> = {
  all: { word: 'tasks.only.all', is: () => true },
  overdue: { word: 'tasks.only.overdue', is: (x) => x.overdue },
  soon: { word: 'tasks.only.soon', is: (x) => x.soon },
  running: { word: 'tasks.only.running', is: (x) => x.entry.state === 'running' },
}

/** TasksPage is the ledger of tasks as a board: by department, policy or state, what is overdue first. */
export function TasksPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const registers = useRegisters()
  const r = registers.data?.find((x) => x.id === register)
  const entries = useQuery({
    queryKey: [...registerKeys.entries(register), 'ledger', org.id],
    queryFn: async ({ signal }) =>
      (await all<components['schemas']['EntryView']>(`/registers/${register}/entries`, { org: org.id }, signal)).map(
        (e) => taskOf({ ...e, content: contentOf(e.content) }),
      ),
  })
  return (
    <>
      <PageHead title={t('tasks.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {(entries.data?.length ?? 0) > 0 && <Monthly />}
      </PageHead>
      <Answer
        query={entries}
        rows={10}
        empty={(list) =>
          list.length === 0 && (
            <section className="panel" aria-label={t('tasks.title')}>
              <Blank
                title={t('tasks.empty')}
                actions={<Link to={at(`registers/${register}`)}>{t('tasks.openRegister')}</Link>}
              >
                {t('tasks.emptyHelp')}
              </Blank>
            </section>
          )
        }
      >
        {(list) => <Board register={r} tasks={list} />}
      </Answer>
    </>
  )
}

function Monthly() {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const [month, setMonth] = useState(dayIn(0).slice(0, 7))
  const give = async (format: string) => {
    try {
      void message.success(
        t('files.saved', { name: await download('/tasks/monthly', { org: org.id, month, format }, lang) }),
      )
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <Input
        type="month"
        aria-label={t('tasks.month')}
        style={{ width: 150 }}
        value={month}
        onChange={(e) => e.target.value && setMonth(e.target.value)}
      />
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            { key: 'pdf', label: t('tasks.monthlyPdf') },
            { key: 'xlsx', label: t('tasks.monthlyXlsx') },
          ],
          onClick: ({ key }) => void give(key),
        }}
      >
        <Button icon={<DownloadOutlined aria-hidden />}>{t('tasks.monthly')}</Button>
      </Dropdown>
    </>
  )
}

function Board({ register: r, tasks }: { register: Register | undefined; tasks: Task[] }) {
  const { t, lang, n } = useI18n()
  const filters = useFilters(['by', 'only', 'department'])
  const group = by[filters.get('by')] ? filters.get('by') : 'lead'
  const shown = only[filters.get('only')] ? filters.get('only') : 'all'
  const department = filters.get('department')
  const names = [...new Set(tasks.flatMap((x) => [...x.departments, x.lead]).filter(Boolean))].sort((a, b) =>
    a.localeCompare(b, 'zh'),
  )
  const mine = tasks.filter((x) => !department || x.lead === department || x.departments.includes(department))
  const list = mine.filter(only[shown]?.is ?? (() => true))
  const state = (id: string) => n(r?.states.find((s) => s.id === id)?.name) || id
  const groupOf = (x: Task) =>
    group === 'policy' ? x.policy : group === 'state' ? state(x.entry.state) : x.lead || t('tasks.noDepartment')
  const grouped = new Map<string, Task[]>()
  for (const x of list) grouped.set(groupOf(x), [...(grouped.get(groupOf(x)) ?? []), x])
  const groups = [...grouped]
    .map(([name, of]) => ({ name, of, overdue: of.filter((x) => x.overdue).length }))
    .sort((a, b) => b.overdue - a.overdue || b.of.length - a.of.length || a.name.localeCompare(b.name, 'zh'))
  const count = (is: (x: Task) => boolean) => whole(lang, mine.filter(is).length)
  return (
    <div className="taskboard">
      <section className="panel" aria-label={t('tasks.total')}>
        <dl className="figures dense" style={{ padding: 12 }}>
          <Figure word="tasks.total">{whole(lang, mine.length)}</Figure>
          <Figure word="tasks.overdue">{count((x) => x.overdue)}</Figure>
          <Figure word="tasks.soon">{count((x) => x.soon)}</Figure>
          <Figure word="tasks.running">{count((x) => x.entry.state === 'running')}</Figure>
          <Figure word="tasks.done">{count((x) => x.entry.state === 'done')}</Figure>
        </dl>
        <div className="row wrap" style={{ padding: '0 12px 12px', gap: 8 }}>
          <Segmented
            aria-label={t('tasks.group')}
            value={group}
            options={Object.entries(by).map(([value, key]) => ({ value, label: t(key) }))}
            onChange={(v) => filters.set({ by: v })}
          />
          <Select
            aria-label={t('tasks.show')}
            style={{ minWidth: 130 }}
            value={shown}
            options={Object.entries(only).map(([value, o]) => ({ value, label: t(o.word) }))}
            onChange={(v) => filters.set({ only: v })}
          />
          <Select
            aria-label={t('tasks.department')}
            showSearch
            style={{ minWidth: 220, maxWidth: '100%' }}
            value={department}
            options={[{ value: '', label: t('tasks.any') }, ...names.map((value) => ({ value, label: value }))]}
            onChange={(v) => filters.set({ department: v || undefined })}
          />
        </div>
      </section>
      {groups.length === 0 && (
        <section className="panel" aria-label={t('tasks.noMatch')}>
          <Blank title={t('tasks.noMatch')} actions={<Button onClick={filters.clear}>{t('fields.clear')}</Button>} />
        </section>
      )}
      {groups.map((g) => (
        <section key={g.name} className="panel" aria-label={g.name}>
          <header>
            <h2>{g.name}</h2>
            <span className={g.overdue > 0 ? 'tag error' : 'muted'}>
              {t('tasks.groupCount', { n: whole(lang, g.of.length), overdue: whole(lang, g.overdue) })}
            </span>
          </header>
          <DataTable
            label={g.name}
            className="cards tasktable"
            columns={[
              'tasks.task',
              'tasks.lead',
              'tasks.with',
              'tasks.due',
              'tasks.state',
              'tasks.effect',
              { hidden: 'tasks.act' },
            ]}
          >
            <tbody>
              {g.of
                .sort(
                  (a, b) =>
                    (a.deadline || '9').localeCompare(b.deadline || '9') || a.entry.key.localeCompare(b.entry.key),
                )
                .map((x) => (
                  <Row key={x.entry.id} register={r} task={x} />
                ))}
            </tbody>
          </DataTable>
        </section>
      ))}
    </div>
  )
}

function Row({ register: r, task: x }: { register: Register | undefined; task: Task }) {
  const { at, may } = useHere()
  const { t, lang } = useI18n()
  const effects = useEffects()
  return (
    <tr>
      <th scope="row">
        <div>
          <div>
            <Link to={at(`registers/${register}/${x.entry.id}`)}>{titleOf(r, x.entry, lang)}</Link>
          </div>
          <div className="muted small">
            {x.entry.key} · {x.policy}
          </div>
        </div>
      </th>
      <td data-label={t('tasks.lead')}>{x.lead || '–'}</td>
      <td data-label={t('tasks.with')}>{x.departments.filter((d) => d !== x.lead).join(t('fields.comma')) || '–'}</td>
      <td data-label={t('tasks.due')} className="nowrap">
        {x.deadline || <span className="muted">{t('tasks.noDay')}</span>}{' '}
        {x.overdue && <span className="tag error">{t('tasks.overdue')}</span>}
        {x.soon && <span className="tag warning">{t('tasks.soon')}</span>}
      </td>
      <td data-label={t('tasks.state')}>
        <StateTag register={r} state={x.entry.state} />
      </td>
      <td data-label={t('tasks.effect')}>{effects.data ? <Effects of={effects.data.get(x.entry.key)} /> : '…'}</td>
      <td data-label={t('tasks.act')}>
        <div className="row wrap">{r && <Moves register={r} entry={x.entry} may={may} />}</div>
      </td>
    </tr>
  )
}
