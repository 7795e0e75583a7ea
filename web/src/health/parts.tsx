import { Segmented } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { StateMark } from '../ui/marks'
import { DataTable } from '../ui/table'
import { Coverage, Num, Score, useLength } from './marks'
import { treeRows, worstRows, type PartRow } from './rows'
import type { NodeHealth } from './types'

/** Parts is the plant with the health of what is in it: as it stands, or its machines with the worst first. */
export function Parts({
  nodes,
  chosen,
  worst,
  onWorst,
  onChoose,
}: {
  nodes: NodeHealth[]
  chosen: string | undefined
  worst: boolean
  onWorst: (worst: boolean) => void
  onChoose: (id: string) => void
}) {
  const { t } = useI18n()
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const rows = worst ? worstRows(nodes) : treeRows(nodes, closed)
  const toggle = (id: string) => {
    const next = new Set(closed)
    if (!next.delete(id)) next.add(id)
    setClosed(next)
  }
  return (
    <section className="panel parts" aria-label={t('health.parts')}>
      <header>
        <h2>{t('health.parts')}</h2>
        <div className="actions">
          <Segmented
            size="small"
            aria-label={t('health.order')}
            value={worst ? 'worst' : 'tree'}
            onChange={(v) => onWorst(v === 'worst')}
            options={[
              { value: 'tree', label: t('health.tree') },
              { value: 'worst', label: t('health.worstFirst') },
            ]}
          />
        </div>
      </header>
      <DataTable
        label={t('health.parts')}
        columns={['health.part.name', 'health.coverage', { num: 'health.gaps' }, { num: 'health.score' }]}
      >
        <tbody>
          {rows.map((r) => (
            <Part key={r.node.id} row={r} chosen={r.node.id === chosen} toggle={toggle} choose={onChoose} />
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}

function Part({
  row: { node, level, open, above },
  chosen,
  toggle,
  choose,
}: {
  row: PartRow
  chosen: boolean
  toggle: (id: string) => void
  choose: (id: string) => void
}) {
  const { t, n } = useI18n()
  const length = useLength()
  const name = n(node.name)
  const machine = node.kind === 'machine'
  const place = above.map((a) => n(a.name)).join(' / ')
  return (
    <tr className={[chosen && 'is-chosen', !machine && 'is-place'].filter(Boolean).join(' ')}>
      <th scope="row">
        <span className="name" style={{ paddingLeft: level * 16 }}>
          {open === undefined ? (
            level > 0 && <span className="twist none" />
          ) : (
            <button
              type="button"
              className="twist"
              aria-expanded={open}
              aria-label={t(open ? 'health.shut' : 'health.open', { name })}
              onClick={() => toggle(node.id)}
            >
              <svg viewBox="0 0 10 10" aria-hidden>
                <path d="M3 1.500 7 5 3 8.500z" fill="currentColor" />
              </svg>
            </button>
          )}
          {node.series > 0 && <StateMark state={node.state} />}
          {machine ? (
            <button
              type="button"
              className="plain cut"
              aria-pressed={chosen}
              onClick={() => choose(node.id)}
              title={place || undefined}
            >
              {name}
            </button>
          ) : (
            <span className="cut">{name}</span>
          )}
          {node.retired && <span className="tag">{t('health.retired')}</span>}
        </span>
      </th>
      <td>
        <Coverage share={node.coverage} />
      </td>
      <td
        className="num"
        title={node.gaps?.count ? t('health.longest', { age: length(node.gaps.longest) }) : undefined}
      >
        <Num n={node.gaps?.count} />
      </td>
      <td className="num">
        <Score of={node.score} />
      </td>
    </tr>
  )
}
