import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { Link, useLocation, useParams, useSearchParams } from 'react-router'

import {
  useClasses,
  useConnection,
  useFeed,
  useGateways,
  useLatest,
  useMachine,
  usePlant,
  useTemplates,
} from '../api/queries'
import type { Machine, Origin, Point } from '../api/types'
import { useHere } from '../app/org'
import { durationMillis } from '../format/duration'
import { useI18n } from '../i18n'
import { useLive, useSeed, useWant } from '../live/live'
import { PointDetail } from '../plant/pointdetail'
import { PointTable } from '../plant/pointtable'
import { pathTo } from '../plant/tree'
import { useSources } from '../sources/queries'
import { mostSeries } from '../trend/colours'
import { useViewHistory } from '../trend/history'
import type { Picked } from '../trend/lanes'
import { GatewayMark, OriginTag } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Blank, Bones, Fault } from '../ui/states'

// The chart library is the largest piece of the console: it comes beside the page, not before it.
const TrendPanel = lazy(() => import('../trend/panel'))

export function MachinePage() {
  const { machine: id = '' } = useParams()
  const { t } = useI18n()
  const { at } = useHere()
  const machine = useMachine(id)
  if (machine.data) return <MachineView key={id} machine={machine.data} />
  if (machine.error?.status === 404) {
    return (
      <Blank title={t('machine.notFound')} actions={<Link to={at()}>{t('nav.overview')}</Link>}>
        {t('machine.notFoundHelp')}
      </Blank>
    )
  }
  if (machine.error) return <Fault problem={machine.error} retry={() => void machine.refetch()} />
  return (
    <div className="panel">
      <Bones rows={10} />
    </div>
  )
}

function MachineView({ machine }: { machine: Machine }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  useWant(undefined, machine.id)
  useSeed(useLatest({ machine: machine.id }).data)
  const { points } = machine
  const { picked, pick } = usePicked(points)
  const [open, setOpen] = useState<Point>()
  const history = useViewHistory()
  const height = usePlotHeight()
  return (
    <>
      <Head machine={machine} />
      <div className="columns machine">
        <section className="panel points" aria-label={t('points.title')}>
          <PointTable
            points={points}
            picked={picked.map((p) => p.id)}
            most={mostSeries}
            onPick={pick}
            onOpen={setOpen}
          />
        </section>
        <section className="panel trend" aria-label={t('trend.title')}>
          <Suspense fallback={<Bones rows={8} />}>
            <TrendPanel
              picked={picked}
              history={history}
              height={height}
              fileName={fileName(`${n(org.name)}-${n(machine.name)}`)}
              onRemove={(series) => pick(series, false)}
            />
          </Suspense>
        </section>
      </div>
      {open && (
        <PointDetail
          point={open}
          picked={picked.some((p) => p.id === open.id)}
          onPick={(on) => pick(open.id, on)}
          close={() => setOpen(undefined)}
        />
      )}
    </>
  )
}

function Head({ machine }: { machine: Machine }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const plant = usePlant(org.id)
  const templates = useTemplates()
  const gateways = useGateways(org.id)
  const origin = useOrigin(machine.points)
  const path = pathTo(plant.data ?? [], machine.id).slice(0, -1)
  const template = machine.template && templates.data?.find((x) => x.id === machine.template)
  const classes = useClasses()
  const className = classes.data?.find((c) => c.id === machine.class)?.name
  const connection = useConnection(machine.id)
  const gateway = gateways.data?.find((g) => g.id === connection.data?.gateway)
  return (
    <PageHead
      title={n(machine.name)}
      crumbs={[{ label: n(org.name), to: at() }, ...path.map((p) => ({ label: n(p.name) }))]}
      after={
        <>
          <OriginTag origin={origin} />
          {machine.class && <span className="tag">{className ? n(className) : machine.class}</span>}
          {machine.template && <span className="muted">{template ? n(template.name) : machine.template}</span>}
        </>
      }
    >
      <Link to={at(`m/${machine.id}/twin`)}>{t('twin.open')}</Link>
      {gateway ? (
        <span className="row">
          <span className="muted">{t('gateway.one')}</span>
          <Link to={at(`gateways/${gateway.id}`)}>{n(gateway.name)}</Link>
          <GatewayMark state={gateway.state} />
        </span>
      ) : (
        connection.data === null && <Fed machine={machine} />
      )}
    </PageHead>
  )
}

/** Through which source the machine is fed, or that nothing is connected. */
function Fed({ machine }: { machine: Machine }) {
  const { at, org } = useHere()
  const { t, n } = useI18n()
  const feed = useFeed(machine.id, true)
  const sources = useSources(org.id)
  const source = sources.data?.find((s) => s.id === feed.data?.source)
  if (feed.data && source) {
    return (
      <span className="row">
        <span className="muted">{t('sources.one')}</span>
        <Link to={at(`sources/${source.id}`)}>{n(source.name)}</Link>
        <code>{feed.data.device}</code>
      </span>
    )
  }
  return feed.data === null && <Link to={at('connect')}>{t('machine.notConnected')}</Link>
}

/** The origin of the machine's values: the first that is not measured by a device. */
function useOrigin(points: Point[]): Origin | undefined {
  const { store } = useLive()
  const [origin, setOrigin] = useState<Origin>()
  useEffect(() => {
    const look = () => {
      const found = points.map((p) => store.get(p.id)?.sample?.origin).find((o) => o && o !== 'measured')
      setOrigin(found)
    }
    look()
    return store.onBatch(look)
  }, [store, points])
  return origin
}

/** The picked series stand in the page's address. Until somebody picks, it is the first two measured values. */
function usePicked(points: Point[]): { picked: Picked[]; pick: (id: string, on: boolean) => void } {
  const { n } = useI18n()
  const [params, setParams] = useSearchParams()
  const location = useLocation()
  const asked = params.get('s')
  const ids = useMemo(
    () =>
      asked === null
        ? points
            .filter((p) => p.type === 'float64')
            .slice(0, 2)
            .map((p) => p.id)
        : asked.split(',').filter(Boolean),
    [asked, points],
  )
  const picked = useMemo(() => {
    const byId = new Map(points.map((p) => [p.id, p]))
    return ids.flatMap((id) => {
      const p = byId.get(id)
      return p
        ? [
            {
              id,
              name: n(p.name),
              unit: p.unit ?? '',
              type: p.type,
              values: p.values,
              maxSilence: durationMillis(p.maxSilence) || 0,
            },
          ]
        : []
    })
  }, [ids, points, n])
  const pick = useCallback(
    (id: string, on: boolean) => {
      const next = on ? [...ids.filter((x) => x !== id), id].slice(0, mostSeries) : ids.filter((x) => x !== id)
      setParams(
        (p) => {
          const changed = new URLSearchParams(p)
          changed.set('s', next.join(','))
          return changed
        },
        // At once: a tick must not wait until the live values leave a pause.
        { replace: true, state: location.state as unknown, preventScrollReset: true, flushSync: true },
      )
    },
    [ids, setParams, location.state],
  )
  return { picked, pick }
}

function usePlotHeight(): number {
  const of = () => (window.innerWidth <= 760 ? 300 : Math.max(320, Math.min(720, window.innerHeight - 400)))
  const [height, setHeight] = useState(of)
  useEffect(() => {
    const change = () => setHeight(of())
    window.addEventListener('resize', change)
    return () => window.removeEventListener('resize', change)
  }, [])
  return height
}

const fileName = (name: string) => name.replace(/[\\/:*?"<>|\s]+/g, '_')
