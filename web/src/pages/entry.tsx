import { EditOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Fragment, useState } from 'react'
import { Link, useParams } from 'react-router'

import { useHere } from '../app/org'
import { find } from '../fields/field'
import { Fields } from '../fields/shown'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { EntryDialog } from '../registers/entrydialog'
import { History } from '../registers/history'
import { Holds, StateTag } from '../registers/marks'
import { Moves } from '../registers/move'
import { titleOf, useEntry, useRegisters, type Entry, type Register } from '../registers/queries'
import { TaskEffect } from '../tasks/effects'
import { allowed } from '../ui/role'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'

/** EntryPage is one entry of a register: what it says, what can be done with it, and its history. */
export function EntryPage() {
  const { register: id = '', id: entryId = '' } = useParams()
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const registers = useRegisters()
  const entry = useEntry(entryId)
  const r = registers.data?.find((x) => x.id === id)
  const crumbs = [
    { label: n(org.name), to: at() },
    { label: t('registers.title'), to: at('registers') },
    { label: n(r?.name) || id, to: at(`registers/${id}`) },
  ]
  if (!entry.data || !registers.data) {
    return (
      <>
        <PageHead title={t('registers.entry')} crumbs={crumbs} />
        <section className="panel" aria-label={t('registers.entry')}>
          {entry.error?.status === 404 ? (
            <Blank title={t('registers.noEntry')} actions={<Link to={at(`registers/${id}`)}>{n(r?.name) || id}</Link>}>
              {t('registers.noEntryHelp')}
            </Blank>
          ) : (
            <Answer query={entry}>{() => <Answer query={registers}>{() => null}</Answer>}</Answer>
          )}
        </section>
      </>
    )
  }
  return (
    <Shown key={entry.data.id} register={r} entry={entry.data} title={titleOf(r, entry.data, lang)} crumbs={crumbs} />
  )
}

function Shown({
  register: r,
  entry: e,
  title,
  crumbs,
}: {
  register: Register | undefined
  entry: Entry
  title: string
  crumbs: { label: string; to: string }[]
}) {
  const { me, orgs } = useHere()
  const { t, n } = useI18n()
  const [changing, setChanging] = useState(false)
  // The entry may be kept by another organisation than the page's.
  const may = (doing: 'configure' | 'operate') => allowed(me, orgs, e.org, doing)
  const keeper = n(orgs.find((o) => o.id === e.org)?.name) || e.org
  return (
    <>
      <PageHead title={title} crumbs={crumbs} after={<StateTag register={r} state={e.state} />}>
        {r && <Moves register={r} entry={e} may={may} />}
        {r && may('configure') && (
          <Button type="primary" icon={<EditOutlined aria-hidden />} onClick={() => setChanging(true)}>
            {t('edit')}
          </Button>
        )}
      </PageHead>
      <div className="columns entrypage">
        <section className="panel" aria-label={t('registers.content')}>
          <header>
            <h2>{t('registers.content')}</h2>
          </header>
          <div className="body">
            {r && <Fields fields={r.fields} content={e.content} />}
            {r && <SizeHint register={r} entry={e} />}
            <hr className="rule" />
            <dl className="facts record">
              {(
                [
                  ['registers.holds', <Holds key="h" entry={e} />],
                  ['registers.class', t(`registers.class.${e.class}`)],
                  ['registers.keeper', keeper],
                  ['registers.revision', t('registers.revisionOf', { n: e.revision, version: e.version })],
                  ['registers.when', `${dateTime(millis(e.at))} · ${e.by.name}`],
                ] as const
              ).map(([word, value]) => (
                <Fragment key={word}>
                  <dt>{t(word)}</dt>
                  <dd>{value}</dd>
                </Fragment>
              ))}
            </dl>
          </div>
        </section>
        <div className="stack">
          {r?.id === 'tasks' && <TaskEffect task={e.key} />}
          {r && <History register={r} id={e.id} />}
        </div>
      </div>
      {changing && r && (
        <EntryDialog register={r} entry={e} close={() => setChanging(false)} done={() => setChanging(false)} />
      )}
    </>
  )
}

/** What the size class is worked out from (docs/registers.md). */
const figures = ['industry', 'employees', 'revenue', 'assets']

/** SizeHint tells which figures the size class still wants: the node says the class alone. */
function SizeHint({ register: r, entry: e }: { register: Register; entry: Entry }) {
  const { t, n } = useI18n()
  const field = r.fields.find((f) => f.calc === 'size-class')
  if (!field || e.content[field.key] !== 'unknown') return null
  const missing = figures.filter((key) => e.content[key] === undefined)
  return (
    <p className="muted empty-fields">
      {missing.length > 0
        ? t('registers.sizeMissing', {
            names: missing.map((key) => n(find(r.fields, key)?.name)).join(t('fields.comma')),
          })
        : t('registers.sizeUnclear')}
    </p>
  )
}
