import { DownloadOutlined } from '@ant-design/icons'
import { Button, Select } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { all } from '../api/client'
import { Problem } from '../api/problem'
import { usePlant, useSeriesOf } from '../api/queries'
import { useHere } from '../app/org'
import '../correction/correction.css'
import type { Correction } from '../correction/asked'
import { CorrectionDrawer, Reference, SeriesName, StateTag } from '../correction/detail'
import { correctionsCsv, type Line } from '../correction/file'
import { useCorrection, useCorrections, useLookUp, useNamed, useUndone } from '../correction/queries'
import { spanText, useWords } from '../correction/words'
import { whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { iso, save } from '../trend/csv'
import type { Interval } from '../trend/segments'
import { SpanDialog } from '../trend/spandialog'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'

// A file is as long as a person can read; who needs more asks the node.
const mostInFile = 20_000

/** CorrectionsPage lists who corrected what, the newest first. */
export function CorrectionsPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const series = params.get('series') ?? undefined
  const span = readSpan(params)
  const [asking, setAsking] = useState(false)
  const detail = params.get('c') ?? undefined
  const set = (part: Record<string, string | undefined>) =>
    setParams(
      (held) => {
        const next = new URLSearchParams(held)
        for (const [k, v] of Object.entries(part)) {
          if (v === undefined) next.delete(k)
          else next.set(k, v)
        }
        return next
      },
      { replace: true },
    )
  const where = { org: org.id, series, ...(span && { from: iso(span.from), to: iso(span.to) }) }
  const filtered = series !== undefined || span !== undefined
  const [now] = useState(() => Date.now())
  return (
    <>
      <PageHead title={t('correction.page')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Export where={where} />
      </PageHead>
      <section className="panel" aria-label={t('correction.page')}>
        <header>
          <SeriesFilter value={series} onChange={(id) => set({ series: id })} />
          <Button onClick={() => setAsking(true)} aria-label={t('correction.filterSpan')}>
            {span ? spanText(span.from, span.to) : t('correction.anyTime')}
          </Button>
          {filtered && (
            <Button type="link" onClick={() => set({ series: undefined, from: undefined, to: undefined })}>
              {t('correction.allOfThem')}
            </Button>
          )}
        </header>
        {/* Another filter begins at its first page. */}
        <List
          key={JSON.stringify(where)}
          where={where}
          filtered={filtered}
          open={(id) => set({ c: id })}
          current={detail}
        />
      </section>
      {asking && (
        <SpanDialog
          span={span ?? { from: now - 86_400_000, to: now }}
          close={() => setAsking(false)}
          choose={(s) => {
            setAsking(false)
            set({ from: String(Math.round(s.from)), to: String(Math.round(s.to)) })
          }}
        />
      )}
      {detail && <CorrectionDrawer key={detail} ids={[detail]} close={() => set({ c: undefined })} />}
    </>
  )
}

function readSpan(params: URLSearchParams): Interval | undefined {
  const [from, to] = [Number(params.get('from') ?? NaN), Number(params.get('to') ?? NaN)]
  return from > 0 && to > from && to < 7_258_118_400_000 ? { from, to } : undefined
}

interface ListProps {
  where: { org: string; series?: string; from?: string; to?: string }
  filtered: boolean
  open: (id: string) => void
  current: string | undefined
}

function List({ where, filtered, open, current }: ListProps) {
  const { at } = useHere()
  const { t } = useI18n()
  // The cursors of the pages before this one: "newer" goes back along them.
  const [cursors, setCursors] = useState<string[]>([])
  const page = useCorrections(where, cursors.at(-1))
  return (
    <Answer
      query={page}
      rows={8}
      empty={(p) =>
        cursors.length === 0 &&
        (p.items ?? []).length === 0 && (
          <Blank
            title={t(filtered ? 'correction.noneHere' : 'correction.none')}
            actions={!filtered && <Button href={at('trend')}>{t('trend.title')}</Button>}
          >
            {t('correction.noneHelp')}
          </Blank>
        )
      }
    >
      {(p) => (
        <>
          <Table items={p.items ?? []} open={open} current={current} />
          <div className="row" style={{ padding: 8, justifyContent: 'flex-end' }}>
            <Button size="small" disabled={cursors.length === 0} onClick={() => setCursors((c) => c.slice(0, -1))}>
              {t('audit.newer')}
            </Button>
            <Button
              size="small"
              disabled={!p.next || page.isPlaceholderData}
              onClick={() => setCursors((c) => (p.next ? [...c, p.next] : c))}
            >
              {t('audit.older')}
            </Button>
          </div>
        </>
      )}
    </Answer>
  )
}

function Table({ items, open, current }: { items: Correction[]; open: (id: string) => void; current?: string }) {
  const { t, lang } = useI18n()
  const words = useWords()
  const named = useNamed([...new Set(items.map((c) => c.series))])
  const undone = useUndone(items)
  return (
    <DataTable
      label={t('correction.page')}
      className="cards roomy"
      columns={[
        'correction.when',
        'correction.by',
        'correction.series',
        'correction.what',
        'correction.span',
        { num: 'correction.rowsChanged' },
        'reason',
        'state',
      ]}
    >
      <tbody>
        {items.map((c) => (
          <tr key={c.id} aria-selected={c.id === current || undefined}>
            <td data-label={t('correction.when')} className="nowrap">
              <button type="button" className="plain" onClick={() => open(c.id)}>
                <a>{dateTime(millis(c.at))}</a>
              </button>
            </td>
            <td data-label={t('correction.by')}>{c.by.name}</td>
            <td data-label={t('correction.series')}>
              <span>
                <SeriesName named={named.get(c.series)} id={c.series} />
              </span>
            </td>
            <td data-label={t('correction.what')}>{words.short(c)}</td>
            <td data-label={t('correction.span')}>{words.span(c, undone.get(c.id))}</td>
            <td data-label={t('correction.rowsChanged')} className="num">
              {whole(lang, c.rows)}
            </td>
            <td data-label={t('reason')} style={{ overflowWrap: 'anywhere', maxWidth: 320 }}>
              <span>
                {c.reason}
                {c.reference && (
                  <div className="muted">
                    <Reference text={c.reference} />
                  </div>
                )}
              </span>
            </td>
            <td data-label={t('state')}>
              <span>
                <StateTag c={c} />
                {c.undoneBy && <By id={c.undoneBy} />}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

function By({ id }: { id: string }) {
  const by = useCorrection(id).data
  if (!by) return null
  return (
    <div className="muted">
      {by.by.name} · {dateTime(millis(by.at))}
    </div>
  )
}

/** SeriesFilter asks for all series of the organisation only when somebody looks for one. */
function SeriesFilter({ value, onChange }: { value: string | undefined; onChange: (id: string | undefined) => void }) {
  const { t } = useI18n()
  const [asked, setAsked] = useState(false)
  const held = useNamed(value === undefined ? [] : [value])
  const name = useSeriesLabel()
  const one = value === undefined ? undefined : held.get(value)
  const common = {
    showSearch: { optionFilterProp: 'label' },
    allowClear: true,
    style: { minWidth: 240, maxWidth: '100%' },
    placeholder: t('correction.anySeries'),
    'aria-label': t('correction.filterSeries'),
    value,
    onChange,
    popupMatchSelectWidth: false,
  }
  if (asked) return <EverySeries common={common} />
  return (
    <Select
      {...common}
      options={value === undefined ? [] : [{ value, label: one ? name(one.series, one.machine?.name) : value }]}
      onOpenChange={() => setAsked(true)}
    />
  )
}

function useSeriesLabel() {
  const { n } = useI18n()
  return (s: { name: Parameters<typeof n>[0]; unit: string }, machine: Parameters<typeof n>[0]) =>
    [n(machine), `${n(s.name)} ${readableUnit(s.unit)}`].filter(Boolean).join(' · ')
}

function EverySeries({ common }: { common: object }) {
  const { org } = useHere()
  const { t } = useI18n()
  const label = useSeriesLabel()
  const series = useSeriesOf(org.id)
  const plant = usePlant(org.id)
  const machines = new Map(plant.data?.map((m) => [m.id, m.name]))
  return (
    <Select
      {...common}
      defaultOpen
      autoFocus
      loading={series.isPending || plant.isPending}
      notFoundContent={t(series.isPending ? 'loading' : 'correction.noMatch')}
      options={series.data?.map((s) => ({ value: s.id, label: label(s, machines.get(s.machine)) }))}
    />
  )
}

function Export({ where }: { where: ListProps['where'] }) {
  const { t, n } = useI18n()
  const lookUp = useLookUp()
  const words = useWords()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const make = async () => {
    setBusy(true)
    setProblem(undefined)
    try {
      const items = await all<Correction>('/corrections', { ...where }, undefined, mostInFile)
      const lines: Line[] = []
      for (const c of items) {
        const named = await lookUp(c.series)
        lines.push({ c, machine: n(named?.machine?.name), name: n(named?.series.name), what: words.short(c) })
      }
      save(new Blob(['\ufeff', correctionsCsv(lines)], { type: 'text/csv;charset=utf-8' }), 'corrections.csv')
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Button icon={<DownloadOutlined aria-hidden />} loading={busy} onClick={() => void make()}>
        {t('export.title')}
      </Button>
      {problem && <Fault problem={problem} />}
    </>
  )
}
