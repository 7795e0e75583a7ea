import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Dropdown, Input, Segmented, Select } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { withQuery, fetchFile } from '../fields/transfer'
import { AsOf, AsSeen } from '../figures/asof'
import { boardOf, fits, kindsOf, sinceOf } from '../figures/board'
import { BoardTable } from '../figures/boardtable'
import { KeeperSettings } from '../figures/keeper'
import { EnterDialog, ManualTable } from '../figures/manual'
import { populationWords } from '../figures/population'
import { useFigures, useKeeper, useManuals, useSeals, type Figure, type Kind } from '../figures/queries'
import { Periods } from '../figures/seals'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../fields/fields.css'
import '../targets/targets.css'
import '../figures/figures.css'

const tabs = ['board', 'periods', 'values', 'settings'] as const
type Tab = (typeof tabs)[number]

/** FiguresPage is the figures that an organisation keeps: indicators by period, where its periods stand, what was entered by hand. */
export function FiguresPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const tab: Tab = tabs.find((x) => x === params.get('tab')) ?? 'board'
  const asOf = params.get('asOf') ?? ''
  const set = (key: string, value: string) =>
    setParams(
      (p) => {
        if (value) p.set(key, value)
        else p.delete(key)
        return p
      },
      { replace: true },
    )
  const latest = useFigures(org.id, { latest: true, asOf: tab === 'board' ? asOf : '' })
  const kinds = kindsOf(latest.data ?? [])
  const kind = kinds.find((k) => k === params.get('kind')) ?? kinds[0]
  return (
    <>
      <PageHead title={t('figures.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {tab === 'board' && <AsOf value={asOf} onChange={(v) => set('asOf', v)} />}
        {tab === 'board' && <Export kind={kind} asOf={asOf} disabled={kinds.length === 0} />}
        {tab === 'values' && <Enter filters={[...new Set((latest.data ?? []).map((f) => f.filter))]} />}
      </PageHead>
      {tab === 'board' && <AsSeen of={asOf} />}
      <div className="filterbar" style={{ borderBottom: 0, padding: '0 0 8px' }}>
        <Segmented
          aria-label={t('figures.tab')}
          value={tab}
          onChange={(v) => set('tab', v === 'board' ? '' : v)}
          options={tabs.map((value) => ({ value, label: t(`figures.tab.${value}`) }))}
        />
        {(tab === 'board' || tab === 'periods') && kinds.length > 1 && (
          <Segmented
            aria-label={t('figures.kind')}
            value={kind}
            onChange={(v) => set('kind', v)}
            options={kinds.map((value) => ({ value, label: t(`figures.kind.${value}`) }))}
          />
        )}
      </div>
      {tab === 'board' && (
        <Answer query={latest} rows={10} empty={(list) => list.length === 0 && <Nothing asOf={asOf} />}>
          {(list) => kind && <Board kind={kind} latest={list} asOf={asOf} />}
        </Answer>
      )}
      {tab === 'periods' && (
        <Answer query={latest} rows={6}>
          {(list) => <PeriodsOf kind={kind} latest={list} />}
        </Answer>
      )}
      {tab === 'values' && <Values />}
      {tab === 'settings' && <KeeperSettings />}
    </>
  )
}

const lastOf = (latest: Figure[], kind: Kind) =>
  latest
    .filter((f) => f.period.kind === kind)
    .map((f) => f.period)
    .reduce((a, b) => (a.to > b.to ? a : b)).label

function Board({ kind, latest, asOf }: { kind: Kind; latest: Figure[]; asOf: string }) {
  const { org } = useHere()
  const i18n = useI18n()
  const { t } = i18n
  const [words, setWords] = useState('')
  const [filter, setFilter] = useState('')
  const figures = useFigures(org.id, { kind, since: sinceOf(kind, lastOf(latest, kind)), asOf })
  const seals = useSeals(org.id)
  return (
    <section className="panel" aria-label={t('figures.title')}>
      <div className="filterbar" role="search">
        <Input
          className="search"
          allowClear
          aria-label={t('figures.search')}
          placeholder={t('figures.search')}
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
        <Select
          className="pick wide"
          aria-label={t('figures.population')}
          value={filter}
          onChange={setFilter}
          options={[
            { value: '', label: t('figures.everyPopulation') },
            ...[...new Set(latest.map((f) => f.filter))].map((value) => ({
              value,
              label: populationWords(value, i18n),
            })),
          ]}
        />
      </div>
      <Answer query={figures} rows={8}>
        {(list) => {
          const board = boardOf(list)
          const rows = board.rows.filter((r) => fits(r, words) && (!filter || r.filter === filter))
          if (rows.length === 0) return <Blank title={t('figures.noneFit')} />
          return (
            <BoardTable
              of={{ ...board, rows }}
              seals={(seals.data ?? []).filter((s) => s.period.kind === kind)}
              asOf={asOf}
            />
          )
        }}
      </Answer>
    </section>
  )
}

/** Nothing says what is to be done first: say what is counted, or wait. */
function Nothing({ asOf }: { asOf: string }) {
  const { org, at, may } = useHere()
  const { t } = useI18n()
  const keeper = useKeeper(org.id)
  if (asOf) return <Blank title={t('figures.noneThen')} />
  const first = keeper.data?.version === 0
  return (
    <section className="panel" aria-label={t('figures.title')}>
      <Blank
        title={t('figures.none')}
        actions={
          <>
            {may('configure') && <Link to={at('figures?tab=settings')}>{t('figures.toSettings')}</Link>}
            {!first && <Link to={at('agreements')}>{t('figures.toAgreements')}</Link>}
          </>
        }
      >
        {t(first ? 'figures.noneKeeper' : 'figures.noneYet')}
      </Blank>
    </section>
  )
}

function PeriodsOf({ kind, latest }: { kind: Kind | undefined; latest: Figure[] }) {
  const { org } = useHere()
  const figures = useFigures(
    org.id,
    { kind, since: kind && sinceOf(kind, lastOf(latest, kind)) },
    kind !== undefined && latest.length > 0,
  )
  return <Periods kind={kind} periods={boardOf(figures.data ?? []).periods} />
}

function Values() {
  const { org } = useHere()
  const { t } = useI18n()
  const manuals = useManuals(org.id)
  return (
    <section className="panel" aria-label={t('figures.tab.values')}>
      <Answer
        query={manuals}
        rows={4}
        empty={(list) => list.length === 0 && <Blank title={t('figures.noManual')}>{t('figures.noManualHelp')}</Blank>}
      >
        {(list) => <ManualTable list={list} label={t('figures.tab.values')} named />}
      </Answer>
    </section>
  )
}

function Enter({ filters }: { filters: string[] }) {
  const { may } = useHere()
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  if (!may('configure')) return null
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>
        {t('figures.enter')}
      </Button>
      {open && <EnterDialog beside={{}} filters={filters} close={() => setOpen(false)} />}
    </>
  )
}

/** Export saves the board of a kind of period as a file. */
function Export({ kind, asOf, disabled }: { kind: Kind | undefined; asOf: string; disabled: boolean }) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const [busy, setBusy] = useState(false)
  const take = async (format: string) => {
    setBusy(true)
    try {
      const path = withQuery('/figures/table', [
        ['org', org.id],
        ['kind', kind],
        ['asOf', asOf],
        ['format', format],
      ])
      save(await fetchFile(path, lang), `figures.${format}`)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dropdown
      disabled={disabled}
      trigger={['click']}
      menu={{
        items: [
          { key: 'xlsx', label: 'XLSX' },
          { key: 'csv', label: 'CSV' },
        ],
        onClick: ({ key }) => void take(key),
      }}
    >
      <Button icon={<DownloadOutlined aria-hidden />} loading={busy}>
        {t('figures.export')}
      </Button>
    </Dropdown>
  )
}
