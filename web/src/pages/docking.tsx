import { Button, Segmented } from 'antd'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { AbovePart } from '../docking/above'
import { NodeStateTag } from '../docking/marks'
import { NodeDialog } from '../docking/nodedialog'
import { useNodesBelow, type NodeBelow } from '../docking/queries'
import { VolumesPart } from '../docking/volumes'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'

const parts = ['below', 'volumes', 'above'] as const
type Part = (typeof parts)[number]

/** DockingPage is the nodes of the identifier system below this one, what they hand in, and what this one does. */
export function DockingPage() {
  const { org, may, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const part: Part = parts.find((p) => p === params.get('part')) ?? 'below'
  const [open, setOpen] = useState(false)
  const own = may('configure')
  return (
    <>
      <PageHead title={t('docking.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {own && part === 'below' && (
          <Button type="primary" onClick={() => setOpen(true)}>
            {t('docking.register')}
          </Button>
        )}
      </PageHead>
      <div className="row wrap" style={{ marginBottom: 12 }}>
        <Segmented
          value={part}
          options={parts.map((p) => ({ value: p, label: t(`docking.${p}`) }))}
          onChange={(p) => setParams(p === 'below' ? {} : { part: p })}
        />
      </div>
      {part === 'below' && <BelowPart />}
      {part === 'volumes' && <VolumesPart />}
      {part === 'above' && <AbovePart />}
      {open && <NodeDialog close={() => setOpen(false)} />}
    </>
  )
}

function BelowPart() {
  const { org } = useHere()
  const { t } = useI18n()
  const nodes = useNodesBelow(org.id)
  return (
    <section className="panel" aria-label={t('docking.below')}>
      <p className="note">{t('docking.help')}</p>
      <Answer
        query={nodes}
        rows={4}
        empty={(l) => l.length === 0 && <Blank title={t('docking.none')}>{t('docking.noneHelp')}</Blank>}
      >
        {(list) => (
          <DataTable
            label={t('docking.below')}
            className="cards roomy"
            columns={[
              'docking.node',
              'docking.prefix',
              'docking.role',
              'docking.division',
              'docking.state',
              'docking.since',
            ]}
          >
            <tbody>
              {list.map((x) => (
                <Row key={x.id} of={x} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function Row({ of: x }: { of: NodeBelow }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return (
    <tr>
      <th scope="row">
        <div>
          <Link to={at(`docking/${x.id}`)}>{n(x.name)}</Link>
          <div className="muted small">{n(x.operator)}</div>
        </div>
      </th>
      <td data-label={t('docking.prefix')} className="mono">
        {x.prefix}
      </td>
      <td data-label={t('docking.role')}>{t(`docking.role.${x.role}`)}</td>
      <td data-label={t('docking.division')}>{x.division ?? '–'}</td>
      <td data-label={t('docking.state')}>
        <NodeStateTag of={x.state} />
      </td>
      <td data-label={t('docking.since')}>{x.since ? date(millis(x.since)) : '–'}</td>
    </tr>
  )
}
