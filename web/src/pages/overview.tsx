import { Button } from 'antd'
import { useMemo, type ReactNode } from 'react'
import { Link, useNavigate } from 'react-router'

import { useConditions, useGateways, useLatest, useNode, usePlant, useSeriesOf, useTemplates } from '../api/queries'
import type { Condition, Gateway, NodeInfo, Origin, PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { bytes, rate, trip, whole } from '../format/number'
import { dateTime, localeOf, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { useLive, useSeed, useWant } from '../live/live'
import { useRollup } from '../plant/rollup'
import { buildTree, worst } from '../plant/tree'
import { TreeGrid } from '../plant/treegrid'
import { Age } from '../ui/age'
import { Figure } from '../ui/figure'
import { GatewayMark, OriginTag, StateCounts, StateMark } from '../ui/marks'
import { PageHead } from '../ui/page'
import { ConnectButton } from '../wizard/button'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

export const kindKey: Record<PlantNode['kind'], Key> = {
  site: 'kind.site',
  area: 'kind.area',
  line: 'kind.line',
  machine: 'kind.machine',
}

export function Overview() {
  const { org } = useHere()
  const { t, n } = useI18n()
  useWant(org.id)
  useSeed(useLatest({ org: org.id }).data)
  return (
    <>
      <PageHead title={t('overview.title')} crumbs={[{ label: n(org.name) }]}>
        <ConnectButton />
      </PageHead>
      <div className="columns overview">
        <Plant />
        <div className="stack">
          <Conditions />
          <GatewaySummary />
          <NodeFigures />
        </div>
      </div>
    </>
  )
}

function Plant() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const navigate = useNavigate()
  const plant = usePlant(org.id)
  const series = useSeriesOf(org.id)
  const templates = useTemplates()
  const roots = useMemo(
    () => buildTree(plant.data ?? [], (node) => n(node.name), localeOf(lang)),
    [plant.data, n, lang],
  )
  const counts = useRollup(roots, series.data)
  const origins = useOrigins(series.data)
  const templateName = (id: string | undefined) => {
    const found = id ? templates.data?.find((x) => x.id === id) : undefined
    return found ? n(found.name) : (id ?? '')
  }
  const machines = plant.data?.filter((x) => x.kind === 'machine').length ?? 0
  return (
    <section className="panel" aria-label={t('overview.plant')}>
      <Answer query={plant} rows={9}>
        {() => (
          <TreeGrid
            caption={t('overview.plant')}
            roots={roots}
            head={
              <>
                <h2>{t('overview.plant')}</h2>
                <span className="muted">{t('overview.size', { n: machines, points: series.data?.length ?? '…' })}</span>
                <Link to={at('points')}>{t('everyPoint.title')}</Link>
              </>
            }
            mark={(node) => {
              const state = worst(counts.get(node.id))
              return state ? <StateMark state={state} /> : null
            }}
            after={(node) => node.kind === 'machine' && <OriginTag origin={origins.get(node.id)} short />}
            onPick={(node) => {
              if (node.kind !== 'machine') return false
              void navigate(at(`m/${node.id}`))
              return true
            }}
            columns={[
              {
                title: t('overview.what'),
                width: '30%',
                className: 'only-wide',
                cell: (node) => (
                  <span className="row">
                    <span className="kind cut">
                      {node.kind === 'machine' && node.template ? templateName(node.template) : t(kindKey[node.kind])}
                    </span>
                  </span>
                ),
              },
              {
                title: t('overview.points'),
                width: 'clamp(110px, 30vw, 156px)',
                cell: (node) => {
                  const c = counts.get(node.id)
                  return c && c.live + c.stale + c.silent > 0 ? (
                    <StateCounts counts={c} />
                  ) : (
                    <span className="muted">–</span>
                  )
                },
              },
            ]}
            height="calc(100dvh - 190px)"
            blank={
              <Blank
                title={t('overview.empty')}
                actions={
                  may('configure') && (
                    <>
                      <ConnectButton />
                      <Link to={at('plant')}>
                        <Button>{t('overview.emptyDo')}</Button>
                      </Link>
                    </>
                  )
                }
              >
                {may('configure') ? t('overview.emptyHelp') : t('overview.emptyViewer')}
              </Blank>
            }
          />
        )}
      </Answer>
    </section>
  )
}

// A machine one of whose values is replayed is shown so, wherever it is shown.
function useOrigins(series: { id: string; machine?: string }[] | undefined): Map<string, Origin> {
  const { store } = useLive()
  const origins = new Map<string, Origin>()
  for (const s of series ?? []) {
    const origin = s.machine && store.get(s.id)?.sample?.origin
    if (s.machine && origin && origin !== 'measured') origins.set(s.machine, origin)
  }
  return origins
}

function Panel({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </section>
  )
}

const severityKey: Record<Condition['severity'], Key> = {
  info: 'severity.info',
  warning: 'severity.warning',
  error: 'severity.error',
  critical: 'severity.critical',
}
const weight: Condition['severity'][] = ['critical', 'error', 'warning', 'info']

function Conditions() {
  const { org } = useHere()
  const { t, n } = useI18n()
  const conditions = useConditions(org.id)
  const sorted = useMemo(
    () =>
      [...(conditions.data ?? [])].sort(
        (a, b) => weight.indexOf(a.severity) - weight.indexOf(b.severity) || millis(b.raised) - millis(a.raised),
      ),
    [conditions.data],
  )
  return (
    <Panel title={t('conditions.title')}>
      {/* Told aloud as they come; what goes is not worth an interruption. */}
      <div aria-live="polite" aria-relevant="additions">
        <Answer
          query={conditions}
          rows={2}
          empty={(list) => list.length === 0 && <Blank title={t('conditions.none')}>{t('conditions.noneHelp')}</Blank>}
        >
          {() => (
            <ul className="conditions" aria-label={t('conditions.title')}>
              {sorted.map((c) => (
                <li key={c.id}>
                  <span className={`tag ${c.severity}`}>{t(severityKey[c.severity])}</span>
                  <span>{n(c.text)}</span>
                  <time className="muted nowrap" dateTime={c.raised} title={dateTime(millis(c.raised))}>
                    <Age of={millis(c.raised)} />
                  </time>
                </li>
              ))}
            </ul>
          )}
        </Answer>
      </div>
    </Panel>
  )
}

function GatewaySummary() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const gateways = useGateways(org.id)
  return (
    <Panel title={t('nav.gateways')} actions={<Link to={at('gateways')}>{t('all')}</Link>}>
      <Answer
        query={gateways}
        rows={2}
        empty={(list) =>
          list.length === 0 && (
            <Blank
              title={t('gateways.none')}
              actions={may('configure') && <Link to={at('gateways')}>{t('gateways.create')}</Link>}
            >
              {t('gateways.noneHelp')}
            </Blank>
          )
        }
      >
        {(list) => (
          <DataTable label={t('nav.gateways')}>
            <tbody>
              {list.map((g) => (
                <GatewayRow key={g.id} gateway={g} to={at(`gateways/${g.id}`)} name={n(g.name)} lang={lang} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </Panel>
  )
}

function GatewayRow({ gateway: g, to, name, lang }: { gateway: Gateway; to: string; name: string; lang: 'zh' | 'en' }) {
  const { t } = useI18n()
  return (
    <tr>
      <th scope="row">
        <Link to={to}>{name}</Link>
      </th>
      <td>
        <GatewayMark state={g.state} />
      </td>
      <td className="num nowrap">{g.rttMs !== undefined && g.state === 'online' ? trip(lang, g.rttMs) : '–'}</td>
      <td className="num nowrap">
        {rate(lang, g.samplesPerSecond)} <span className="unit">{t('perSecond')}</span>
      </td>
    </tr>
  )
}

function NodeFigures() {
  const { t, lang } = useI18n()
  const node = useNode()
  // The figures are sums over all who use the node: it tells them only to those who run it.
  if (node.data && !node.data.ingest) return null
  return (
    <Panel title={t('node.title')}>
      <Answer query={node} rows={3}>
        {(info: NodeInfo) => (
          <div className="body">
            <dl className="figures">
              <Figure word="node.rate">
                {rate(lang, info.ingest?.samplesPerSecond ?? 0)} <small>{t('perSecond')}</small>
              </Figure>
              <Figure word="node.samples">{whole(lang, info.ingest?.samples ?? 0)}</Figure>
              <Figure word="node.series">{whole(lang, info.telemetry?.series ?? 0)}</Figure>
              <Figure word="node.store">{bytes(lang, info.telemetry?.bytes ?? 0)}</Figure>
              <Figure word="node.log">{bytes(lang, info.log?.bytes ?? 0)}</Figure>
              <Figure word="node.refused">{whole(lang, info.ingest?.refused ?? 0)}</Figure>
            </dl>
          </div>
        )}
      </Answer>
    </Panel>
  )
}
