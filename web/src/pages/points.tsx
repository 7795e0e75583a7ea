import '../points/points.css'

import { SearchOutlined } from '@ant-design/icons'
import { Button, Input, Select } from 'antd'
import { useCallback, useMemo, useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import type { LiveState } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { localeOf } from '../format/time'
import { useI18n } from '../i18n'
import { useWant } from '../live/live'
import { matching, type Entry, type Sort, type SortBy } from '../points/entries'
import { EveryTable } from '../points/everytable'
import { useCounts, useEntries, useInState } from '../points/useentries'
import { Shape, stateKey } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Blank, Bones, Fault } from '../ui/states'

const states: LiveState[] = ['live', 'stale', 'silent']
const shape = { live: 'full', stale: 'half', silent: 'ring' } as const

/** PointsPage shows every point of the organisation with its latest value. */
export function PointsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  useWant(org.id)
  const [sort, setSort] = useState<Sort>({ by: 'machine', down: false })
  const { entries, error, retry } = useEntries(org.id, sort)
  const onSort = useCallback(
    (by: SortBy) =>
      setSort((s) => ({
        by,
        // What is most is looked for first, what is oldest too.
        down: s.by === by ? !s.down : by === 'value' || by === 'age',
      })),
    [],
  )
  return (
    <>
      <PageHead title={t('everyPoint.title')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel everypoints" aria-label={t('everyPoint.title')}>
        {entries && entries.length > 0 ? (
          <Points entries={entries} sort={sort} onSort={onSort} />
        ) : entries ? (
          <Blank
            title={t('everyPoint.none')}
            actions={
              may('configure') && (
                <Link to={at('connect')}>
                  <Button type="primary">{t('everyPoint.noneDo')}</Button>
                </Link>
              )
            }
          >
            {t('everyPoint.noneHelp')}
          </Blank>
        ) : error ? (
          <div style={{ padding: 12 }}>
            <Fault problem={error} retry={retry} />
          </div>
        ) : (
          <Bones rows={14} />
        )}
      </section>
    </>
  )
}

function Points({ entries, sort, onSort }: { entries: readonly Entry[]; sort: Sort; onSort: (by: SortBy) => void }) {
  const { t, lang } = useI18n()
  const [text, setText] = useState('')
  const { machine, state, set } = useFilter()
  const search = text.trim().toLocaleLowerCase(localeOf(lang))
  const found = useMemo(() => matching(entries, search, machine), [entries, search, machine])
  const rows = useInState(found, state)
  const machines = useMemo(
    () =>
      [...new Map(entries.map((e) => [e.machine, e.machineName]))].map(([value, label]) => ({
        value,
        label: label || value,
      })),
    [entries],
  )
  const clear = () => {
    setText('')
    set({ machine: undefined, state: undefined })
  }
  return (
    <>
      <header>
        <States entries={found} picked={state} onPick={(s) => set({ state: s })} />
        <span className="muted" aria-live="polite">
          {rows.length === entries.length
            ? t('everyPoint.size', { n: whole(lang, entries.length) })
            : t('everyPoint.shown', { n: whole(lang, rows.length), all: whole(lang, entries.length) })}
        </span>
        <div className="actions">
          <Select<string>
            size="small"
            value={machine ?? ''}
            onChange={(m) => set({ machine: m || undefined })}
            aria-label={t('everyPoint.machine')}
            popupMatchSelectWidth={false}
            style={{ width: 190 }}
            showSearch={{ optionFilterProp: 'label' }}
            options={[{ value: '', label: t('everyPoint.anyMachine') }, ...machines]}
          />
          <Input
            allowClear
            prefix={<SearchOutlined aria-hidden />}
            size="small"
            style={{ width: 200 }}
            placeholder={t('everyPoint.search')}
            aria-label={t('everyPoint.search')}
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
        </div>
      </header>
      {rows.length > 0 ? (
        <EveryTable
          rows={rows}
          question={`${search} ${machine} ${state} ${sort.by} ${sort.down}`}
          caption={t('everyPoint.caption', { n: entries.length })}
          sort={sort}
          onSort={onSort}
        />
      ) : (
        <Blank
          title={t('everyPoint.noMatch')}
          actions={
            <Button size="small" onClick={clear}>
              {t('everyPoint.clear')}
            </Button>
          }
        />
      )}
    </>
  )
}

/** States counts what the search leaves, each second; a click leaves those of one state. */
function States({
  entries,
  picked,
  onPick,
}: {
  entries: readonly Entry[]
  picked: LiveState | undefined
  onPick: (state: LiveState | undefined) => void
}) {
  const { t, lang } = useI18n()
  const counts = useCounts(entries)
  return (
    <div className="states" role="group" aria-label={t('everyPoint.states')}>
      {states.map((s) => (
        <button key={s} type="button" aria-pressed={picked === s} onClick={() => onPick(picked === s ? undefined : s)}>
          <span className={`state is-${counts[s] > 0 ? s : 'silent'}`}>
            <Shape of={shape[s]} />
            <span className="word">{t(stateKey[s])}</span>
          </span>
          <b data-state={s}>{whole(lang, counts[s])}</b>
        </button>
      ))}
    </div>
  )
}

interface Filter {
  machine: string | undefined
  state: LiveState | undefined
}

/** The filter stands in the page's address, so that it can be sent to others. */
function useFilter(): Filter & { set: (some: Partial<Filter>) => void } {
  const [params, setParams] = useSearchParams()
  const asked = params.get('state')
  const set = (some: Partial<Filter>) =>
    setParams(
      (p) => {
        const changed = new URLSearchParams(p)
        for (const [name, value] of Object.entries(some)) {
          if (value) changed.set(name, value)
          else changed.delete(name)
        }
        return changed
      },
      // At once: a click must not wait until the live values leave a pause.
      { replace: true, preventScrollReset: true, flushSync: true },
    )
  return { machine: params.get('machine') ?? undefined, state: states.find((s) => s === asked), set }
}
