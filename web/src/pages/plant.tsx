import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { useClasses, usePlant, useTemplates } from '../api/queries'
import type { NodeKind, PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { dateTime, localeOf, millis } from '../format/time'
import { useI18n } from '../i18n'
import { AddNode, ChangeNode, MoveNode, RetireNode } from '../plant/dialogs'
import { buildTree, pathTo } from '../plant/tree'
import { TreeGrid } from '../plant/treegrid'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { ConnectButton } from '../wizard/button'
import { kindKey } from './overview'

type Asking =
  { what: 'add'; kind: NodeKind; parent?: PlantNode } | { what: 'change' | 'move' | 'retire'; node: PlantNode }

const below: Record<NodeKind, NodeKind[]> = {
  site: ['area', 'line', 'machine'],
  area: ['line', 'machine'],
  line: ['machine'],
  machine: [],
}

/** PlantPage is where the model of the plant is changed: what there is, under what, since when. */
export function PlantPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const plant = usePlant(org.id)
  const [params, setParams] = useSearchParams()
  const [asking, setAsking] = useState<Asking>()
  const change = may('configure')
  const roots = useMemo(() => buildTree(plant.data ?? [], (x) => n(x.name), localeOf(lang)), [plant.data, n, lang])
  const selected = plant.data?.find((x) => x.id === params.get('node'))
  const addSite = change && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setAsking({ what: 'add', kind: 'site' })}>
      {t('plant.addSite')}
    </Button>
  )
  const pick = (id: string) => setParams({ node: id }, { replace: true, preventScrollReset: true, flushSync: true })
  return (
    <>
      <PageHead title={t('nav.plant')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Link to={at('files')}>{t('files.title')}</Link>
        {roots.length > 0 && <ConnectButton primary={false} />}
        {roots.length > 0 && addSite}
      </PageHead>
      <div className="columns editor">
        <section className="panel" aria-label={t('nav.plant')}>
          <Answer query={plant} rows={8}>
            {() => (
              <TreeGrid
                caption={t('nav.plant')}
                roots={roots}
                selected={selected?.id ?? ''}
                head={<h2>{t('plant.tree')}</h2>}
                onPick={(node) => {
                  pick(node.id)
                  return true
                }}
                columns={[
                  {
                    title: t('plant.kind'),
                    width: 96,
                    cell: (x) => <span className="kind">{t(kindKey[x.kind])}</span>,
                  },
                  {
                    title: t('plant.since'),
                    width: 170,
                    className: 'only-wide',
                    cell: (x) => <span className="muted">{dateTime(millis(x.from))}</span>,
                  },
                ]}
                height="calc(100dvh - 190px)"
                blank={
                  <Blank
                    title={t('overview.empty')}
                    actions={
                      <>
                        <ConnectButton primary={false} />
                        {addSite}
                      </>
                    }
                  >
                    {t('plant.emptyHelp')}
                  </Blank>
                }
              />
            )}
          </Answer>
        </section>
        <section className="panel" aria-label={t('plant.selected')} aria-live="polite">
          {selected ? (
            <Selected node={selected} nodes={plant.data ?? []} ask={setAsking} change={change} />
          ) : (
            <Blank title={t('plant.noneSelected')}>{t('plant.noneSelectedHelp')}</Blank>
          )}
        </section>
      </div>
      {asking?.what === 'add' && (
        <AddNode
          kind={asking.kind}
          parent={asking.parent}
          close={() => setAsking(undefined)}
          added={(id) => {
            setAsking(undefined)
            pick(id)
          }}
        />
      )}
      {asking?.what === 'change' && <ChangeNode node={asking.node} close={() => setAsking(undefined)} />}
      {asking?.what === 'move' && (
        <MoveNode node={asking.node} nodes={plant.data ?? []} close={() => setAsking(undefined)} />
      )}
      {asking?.what === 'retire' && <RetireNode node={asking.node} close={() => setAsking(undefined)} />}
    </>
  )
}

function Selected({
  node,
  nodes,
  ask,
  change,
}: {
  node: PlantNode
  nodes: PlantNode[]
  ask: (a: Asking) => void
  change: boolean
}) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const templates = useTemplates()
  const template = templates.data?.find((x) => x.id === node.template)
  const classes = useClasses()
  const className = classes.data?.find((c) => c.id === node.class)?.name
  const path = pathTo(nodes, node.id).slice(0, -1)
  return (
    <>
      <header>
        <h2>{n(node.name)}</h2>
        <span className="tag">{t(kindKey[node.kind])}</span>
        {node.kind === 'machine' && (
          <div className="actions">
            <Link to={at(`m/${node.id}`)}>{t('plant.openMachine')}</Link>
          </div>
        )}
      </header>
      <div className="body stack">
        <dl className="facts">
          <dt>{t('plant.nameZh')}</dt>
          <dd lang="zh-CN">{node.name.zh || '–'}</dd>
          <dt>{t('plant.nameEn')}</dt>
          <dd lang="en">{node.name.en || '–'}</dd>
          <dt>{t('plant.where')}</dt>
          <dd>{path.map((p) => n(p.name)).join(' › ') || t('plant.top')}</dd>
          <dt>{t('plant.since')}</dt>
          <dd>{dateTime(millis(node.from))}</dd>
          {node.class && (
            <>
              <dt>{t('plant.class')}</dt>
              <dd>{className ? n(className) : node.class}</dd>
            </>
          )}
          {node.template && (
            <>
              <dt>{t('plant.template')}</dt>
              <dd>
                {template ? n(template.name) : node.template} <code className="muted">{node.template}</code>
              </dd>
            </>
          )}
          <dt>{t('point.id')}</dt>
          <dd>
            <code>{node.id}</code>
          </dd>
        </dl>
        {change && (
          <>
            {below[node.kind].length > 0 && (
              <div className="row wrap">
                {below[node.kind].map((kind) => (
                  <Button
                    key={kind}
                    icon={<PlusOutlined aria-hidden />}
                    onClick={() => ask({ what: 'add', kind, parent: node })}
                  >
                    {t('plant.add', { kind: t(kindKey[kind]) })}
                  </Button>
                ))}
              </div>
            )}
            <div className="row wrap">
              <Button onClick={() => ask({ what: 'change', node })}>{t('plant.rename')}</Button>
              {node.kind !== 'site' && <Button onClick={() => ask({ what: 'move', node })}>{t('plant.move')}</Button>}
              <Button danger onClick={() => ask({ what: 'retire', node })}>
                {t('plant.retire')}
              </Button>
            </div>
          </>
        )}
      </div>
    </>
  )
}
