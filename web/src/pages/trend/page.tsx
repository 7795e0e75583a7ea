import { MenuUnfoldOutlined } from '@ant-design/icons'
import { Button, Drawer } from 'antd'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

import type { Origin } from '../../api/types'
import { useHere } from '../../app/org'
import { CorrectionDrawer } from '../../correction/detail'
import { CorrectDialog } from '../../correction/dialog'
import { SampleHistory, type Asked } from '../../correction/history'
import { shortDuration } from '../../format/duration'
import { dateTime, zone } from '../../format/time'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import { colourOf, inks } from '../../trend/colours'
import { useDrawn } from '../../trend/data'
import { ExportDialog } from '../../trend/export'
import { isNumeric, type Drawn } from '../../trend/lanes'
import type { Interval } from '../../trend/segments'
import { SpanDialog } from '../../trend/spandialog'
import { useDark } from '../../ui/preferences'
import { OriginTag } from '../../ui/marks'
import { allowed } from '../../ui/role'
import { PageHead } from '../../ui/page'
import { Blank, Bones, Fault } from '../../ui/states'
import { moves, pick, type Choice, type TrendView } from './address'
import { AsOf, AsOfBanner } from './asof'
import { assignAxes, type Axis } from './axes'
import { Chart, type ChartHandle, type Dragging } from './chart'
import { CursorTable } from './cursortable'
import { OffsetDialog, RangeDialog } from './dialogs'
import { EventLane, EventList, useEvents } from './eventlane'
import { shiftOf } from './offset'
import { Picker } from './picker'
import { drawPicture } from './picture'
import { SeriesList } from './serieslist'
import { Statistics, Values } from './statistics'
import { Tools } from './tools'
import './trend.css'
import { useAddress, useCursors } from './useaddress'
import { useChosen, useSpan, useWantMachines, type Known } from './usedata'

type Asking = 'span' | 'offset' | 'export' | undefined

/** TrendPage compares the course of many points over time. */
export function TrendPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const wide = useWide()
  const trail = useAddress()
  const { address, change } = trail
  const [picking, setPicking] = useState(true)
  const [drawer, setDrawer] = useState(false)
  const onPick = useCallback(
    (id: string, on: boolean) =>
      change({ series: on ? pick(address.series, id) : address.series.filter((s) => s.id !== id) }),
    [address.series, change],
  )
  const picker = <Picker series={address.series} onPick={onPick} />
  const open = () => (wide ? setPicking((x) => !x) : setDrawer(true))
  return (
    <>
      <PageHead title={t('trend.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Button icon={<MenuUnfoldOutlined aria-hidden />} aria-expanded={wide ? picking : drawer} onClick={open}>
          {t('trends.choose')}
        </Button>
      </PageHead>
      <div className={`columns trends ${wide && picking ? 'picking' : ''}`}>
        {wide && picking && (
          <section className="panel picker" aria-label={t('trends.points')}>
            {picker}
          </section>
        )}
        <View trail={trail} open={() => (wide ? setPicking(true) : setDrawer(true))} />
      </div>
      {!wide && (
        <Drawer
          open={drawer}
          onClose={() => setDrawer(false)}
          placement="left"
          size={Math.min(360, window.innerWidth)}
          title={t('trends.points')}
          className="trends-drawer"
          styles={{ body: { padding: 0, display: 'flex', flexDirection: 'column' } }}
        >
          {picker}
        </Drawer>
      )}
    </>
  )
}

function View({ trail, open }: { trail: ReturnType<typeof useAddress>; open: () => void }) {
  const { org, orgs, me } = useHere()
  const { t, n } = useI18n()
  const dark = useDark()
  const { address, go, change } = trail
  const { view, compare, asOf, without } = address
  const chosen = useChosen(address.series)
  const { known } = chosen
  useWantMachines(useMemo(() => [...new Set(known.map((k) => k.machine))], [known]))
  const [pixels, setPixels] = useState(0)
  const knownAt = asOf === undefined ? undefined : Date.parse(asOf)
  const { span, now } = useSpan(view, pixels, knownAt)
  const follow = moves(view) && asOf === undefined
  const shift = shiftOf(compare, span.from) ?? 0
  const trend = useDrawn(known, { span, now, follow, pixels, asOf })
  const ghosts = useDrawn(shift ? known : nothing, { span, now, follow, pixels, asOf, shift })
  const axes = useMemo(
    () => assignAxes(known.filter(isNumeric).map((k) => ({ id: k.id, unit: k.unit, axis: k.choice.axis }))),
    [known],
  )
  const away = useMemo(() => new Set(known.filter((k) => k.choice.hidden).map((k) => k.id)), [known])
  const shown = useMemo(() => trend.series.filter((s) => !away.has(s.id)), [trend.series, away])
  const shownThen = useMemo(() => ghosts.series.filter((s) => !away.has(s.id)), [ghosts.series, away])
  const step = useCallback(
    (s: { id: string }) => {
      const k = known.find((x) => x.id === s.id)
      return k !== undefined && isStep(k)
    },
    [known],
  )
  const [cursors, setCursors] = useCursors(trail)
  const [active, setActive] = useState<'a' | 'b'>('a')
  const [dragging, setDragging] = useState<Dragging>('zoom')
  const [asking, setAsking] = useState<Asking>()
  const [axis, setAxis] = useState<Axis>()
  const [knowing, setKnowing] = useState(asOf !== undefined)
  const [values, setValues] = useState(false)
  const handle = useRef<ChartHandle>(null)
  const height = usePlotHeight()
  const [correcting, setCorrecting] = useState<{ span: Interval; now: Interval }>()
  const [opened, setOpened] = useState<string[]>()
  const [history, setHistory] = useState<Asked>()
  const correctable = known
    .filter((k) => !k.choice.hidden && allowed(me, orgs, k.org, 'operate'))
    .map((k) => ({ ...k, all: allowed(me, orgs, k.org, 'configure') }))
  const events = useEvents(shown, span, without)

  const goSpan = useCallback((to: Interval) => go(whole(to)), [go])
  const toNow = () => {
    change({ asOf: undefined })
    go({ last: shortDuration(span.to - span.from) })
  }
  const setAsOf = useCallback(
    (to: string | undefined) =>
      // What was known then does not move with time: the span stays where it is.
      change(to === undefined ? { asOf: to } : { asOf: to, view: whole(span) }),
    [change, span],
  )
  const setSeries = (id: string, part: Partial<Choice>) =>
    change({ series: address.series.map((s) => (s.id === id ? { ...s, ...part } : s)) })
  // A cursor stands at whole milliseconds and holds what came within: the samples at both are meant.
  const correct = (to?: Interval) => {
    const marked = [cursors.a, cursors.b].filter((x) => x !== undefined).sort((x, y) => x - y)
    const [from, last] = marked
    const chosen = to ?? (from !== undefined && last !== undefined ? { from, to: last + 1 } : whole(span))
    if (to) setCursors({ a: Math.round(to.from), b: Math.max(Math.round(to.from), Math.round(to.to) - 1) })
    setCorrecting({ span: whole(chosen), now: whole(chosen) })
  }
  const remove = (id: string) => change({ series: address.series.filter((s) => s.id !== id) })
  const sample = (direction: 1 | -1, which = active) => {
    const from = cursors[which] ?? (span.from + span.to) / 2
    const to = nextSample(shown, from, direction, span)
    setActive(which)
    if (to !== undefined) setCursors({ ...cursors, [which]: to })
  }
  const spanText = `${dateTime(span.from)} – ${dateTime(span.to)}`
  const then = compareText(t, compare, shift)
  const picture = () => {
    const of = handle.current?.picture()
    if (!of) return Promise.reject(new Error('no drawing'))
    const colours = inks()
    const notes = [
      `${spanText} · ${zone()}`,
      ...(shift ? [t('trends.dashed', { then })] : []),
      ...(asOf === undefined ? [] : [t('trends.asOfAt', { time: dateTime(Date.parse(asOf)) })]),
    ]
    const lines = known
      .filter((k) => !k.choice.hidden)
      .map((k) => ({
        colour: colourOf(k.slot, dark),
        text: [k.machineName, k.point, readableUnit(k.unit)].filter(Boolean).join(' · '),
      }))
    const marks = (['a', 'b'] as const).flatMap((which) => {
      const at = cursors[which]
      const share = at === undefined ? -1 : (at - span.from) / (span.to - span.from)
      return share >= 0 && share <= 1 ? [{ name: which.toUpperCase(), at: share }] : []
    })
    const look = { ground: colours.panel, ink: colours.ink, faint: colours.faint }
    return drawPicture(
      of,
      { title: `${n(org.name)} · ${t('trend.title')}`, notes, lines, lanes: address.lanes },
      marks,
      look,
    )
  }

  const problem = trend.problem ?? ghosts.problem
  const empty = address.series.length === 0
  return (
    <div className="trends-main">
      <section className="panel" aria-label={t('trends.drawing')}>
        <Tools
          trail={trail}
          span={span}
          follow={follow}
          dragging={dragging}
          knowing={knowing}
          empty={empty}
          onDragging={setDragging}
          onKnowing={() => setKnowing((x) => !x)}
          onAsk={setAsking}
          onNow={toNow}
          compareText={then}
          correcting={correctable.some((k) => k.all) ? 'all' : correctable.length > 0 ? 'enter' : undefined}
          onCorrect={() => correct()}
        />
        {knowing && !empty && <AsOf span={span} asOf={asOf} onAsOf={setAsOf} close={() => setKnowing(false)} />}
        {asOf !== undefined && <AsOfBanner asOf={asOf} onReset={() => setAsOf(undefined)} />}
        {problem && (
          <div style={{ padding: 12 }}>
            <Fault
              problem={problem}
              retry={() => {
                trend.retry()
                ghosts.retry()
              }}
            />
            {asOf !== undefined && (problem.status === 409 || problem.status === 422) && (
              <p style={{ marginTop: 6 }}>{t('trends.asOfRefused')}</p>
            )}
          </div>
        )}
        {empty ? (
          <Blank
            title={t('trend.empty')}
            actions={
              <Button type="primary" onClick={open}>
                {t('trends.choose')}
              </Button>
            }
          >
            {t('trends.emptyHelp')}
          </Blank>
        ) : chosen.loading && known.length === 0 ? (
          <Bones rows={10} />
        ) : (
          <>
            <div className="row wrap" style={{ padding: '6px 12px 2px', fontSize: 12, gap: '0 10px' }}>
              <span className="muted">{spanText}</span>
              <span className="muted only-wide">({shortDuration(span.to - span.from)})</span>
              {shift > 0 && (
                <span className="muted">
                  <svg width="22" height="6" aria-hidden="true">
                    <path d="M0 3H22" stroke="currentColor" strokeWidth="1.500" strokeDasharray="4 3" />
                  </svg>{' '}
                  {t('trends.dashed', { then })}
                </span>
              )}
              <OriginTag origin={originOf(shown)} />
              {(trend.loading || ghosts.loading) && <span className="muted">{t('loading')}</span>}
            </div>
            <Chart
              handle={handle}
              series={shown}
              ghosts={shownThen}
              axes={axes}
              ranges={address.ranges}
              lanes={address.lanes}
              step={step}
              span={span}
              height={height}
              label={t('trend.label', { n: shown.length, span: spanText })}
              dragging={asOf !== undefined && dragging === 'correct' ? 'zoom' : dragging}
              correcting={correcting?.now}
              onCorrect={correct}
              cursors={cursors}
              active={active}
              onActive={setActive}
              onCursors={setCursors}
              onSpan={goSpan}
              onNow={toNow}
              onPixels={setPixels}
              onSample={sample}
              onAxis={setAxis}
              below={(layout, inner) => (
                <EventLane
                  events={events}
                  span={span}
                  without={without}
                  layout={layout}
                  width={inner}
                  onOpen={setOpened}
                />
              )}
            />
            <div className="legend-line" aria-hidden="true">
              <span>
                <i className="key" style={{ background: 'var(--bad)' }} />
                {t('class.bad')}
              </span>
              <span>
                <i className="key" style={{ background: 'var(--warn)', height: 5, marginTop: -3 }} />
                {t('class.uncertain')}
              </span>
              <span>
                <i className="key" style={{ background: 'var(--ink-3)', height: 2 }} />
                {t('trend.nothing')}
              </span>
              <span className="only-wide" style={{ marginLeft: 'auto' }}>
                {t('trends.hint')}
              </span>
            </div>
            <SeriesList
              chosen={chosen}
              drawn={trend.series}
              axes={axes}
              steps={isStep}
              onChange={setSeries}
              onRemove={remove}
            />
          </>
        )}
      </section>
      {!empty && (
        <>
          <section className="panel" aria-label={t('trends.cursors')}>
            <CursorTable
              series={shown}
              ghosts={shownThen}
              shift={shift}
              asOf={asOf}
              span={span}
              cursors={cursors}
              active={active}
              onActive={setActive}
              onCursors={setCursors}
              onSample={sample}
              onHistory={setHistory}
            />
          </section>
          <section className="panel" aria-label={t('trends.statistics')}>
            <Statistics
              series={shown}
              ghosts={shownThen}
              shift={shift}
              asOf={asOf}
              span={statSpan(span, view)}
              now={now}
            />
          </section>
          <section className="panel" aria-label={t('trends.eventList')}>
            <EventList
              events={events}
              without={without}
              onWithout={(kinds) => change({ without: kinds })}
              onOpen={setOpened}
            />
          </section>
          <section className="panel" aria-label={t('trends.values')}>
            <header>
              <h2>{t('trends.values')}</h2>
              <span className="muted only-wide">{t('trends.valuesHelp')}</span>
              <div className="actions">
                <Button size="small" aria-expanded={values} onClick={() => setValues((x) => !x)}>
                  {t(values ? 'trends.hideValues' : 'trends.showValues')}
                </Button>
              </div>
            </header>
            {values && <Values series={shown} asOf={asOf} span={statSpan(span, view)} asked={values} />}
          </section>
        </>
      )}
      {asking === 'span' && (
        <SpanDialog
          span={span}
          close={() => setAsking(undefined)}
          choose={(to) => {
            setAsking(undefined)
            goSpan(to)
          }}
        />
      )}
      {asking === 'offset' && (
        <OffsetDialog
          compare={compare}
          close={() => setAsking(undefined)}
          choose={(to) => {
            setAsking(undefined)
            change({ compare: to })
          }}
        />
      )}
      {asking === 'export' && (
        <ExportDialog
          picked={known}
          span={whole(span)}
          asOf={asOf}
          pixels={pixels}
          fileName={fileName(`${n(org.name)}-${t('trend.title')}`)}
          picture={picture}
          close={() => setAsking(undefined)}
        />
      )}
      {correcting && correctable[0] && (
        <CorrectDialog
          key={`${correcting.span.from}-${correcting.span.to}`}
          series={correctable}
          first={(correctable.find((k) => k.all) ?? correctable[0]).id}
          span={correcting.span}
          onSpan={(now) => setCorrecting((c) => c && { ...c, now })}
          close={() => setCorrecting(undefined)}
        />
      )}
      {opened && <CorrectionDrawer key={opened.join()} ids={opened} close={() => setOpened(undefined)} />}
      {history && <SampleHistory asked={history} close={() => setHistory(undefined)} />}
      {axis && (
        <RangeDialog
          axis={axis}
          range={address.ranges[axis.slot]}
          close={() => setAxis(undefined)}
          choose={(range) => {
            setAxis(undefined)
            change({ ranges: address.ranges.map((r, i) => (i === axis.slot ? range : r)) })
          }}
        />
      )}
    </div>
  )
}

const nothing: Known[] = []

/** A number that counts, and what is told only when it changes, holds until the next: it is drawn in steps. */
const isStep = (k: Known): boolean =>
  k.choice.line === undefined ? k.type === 'int64' || k.onChange : k.choice.line === 'step'

const whole = (s: Interval): Interval => ({ from: Math.round(s.from), to: Math.round(s.to) })

// A span that moves is asked for anew every ten seconds, not each second.
function statSpan(span: Interval, view: TrendView): Interval {
  if (!('last' in view)) return span
  const to = Math.floor(span.to / 10_000) * 10_000
  return { from: to - (span.to - span.from), to }
}

function compareText(t: ReturnType<typeof useI18n>['t'], compare: string | undefined, shift: number): string {
  if (compare === '1d') return t('trends.dayBefore')
  if (compare === '7d') return t('trends.weekBefore')
  return shift ? t('trends.before', { distance: compare ?? '' }) : ''
}

/** nextSample is the nearest plotted sample of any shown series after or before a moment, ms. */
function nextSample(series: Drawn[], from: number, direction: 1 | -1, span: Interval): number | undefined {
  let best: number | undefined
  for (const s of series) {
    for (const p of s.points) {
      // A cursor stands at whole milliseconds and holds what came within.
      const at = Math.floor(p.t)
      if (p.t < span.from || p.t > span.to) continue
      if (direction > 0 ? at <= from : at >= from) continue
      if (best === undefined || (direction > 0 ? at < best : at > best)) best = at
    }
  }
  return best
}

/** The origin that has to be told: the first of the drawn values that no device measured. */
function originOf(series: Drawn[]): Origin | undefined {
  return series.map((s) => s.points.at(-1)?.origin as Origin | undefined).find((o) => o && o !== 'measured')
}

function usePlotHeight(): number {
  const of = () => (window.innerWidth <= 760 ? 320 : Math.max(340, Math.min(640, window.innerHeight - 400)))
  const [height, setHeight] = useState(of)
  useEffect(() => {
    const change = () => setHeight(of())
    window.addEventListener('resize', change)
    return () => window.removeEventListener('resize', change)
  }, [])
  return height
}

function useWide(): boolean {
  const [wide, setWide] = useState(() => matchMedia('(min-width: 1101px)').matches)
  useEffect(() => {
    const query = matchMedia('(min-width: 1101px)')
    const change = () => setWide(query.matches)
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [])
  return wide
}

const fileName = (name: string) => name.replace(/[\\/:*?"<>|\s]+/g, '_')
