import { DownloadOutlined, FilterOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { App, Button, Dropdown, Input, Segmented, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { useFilters } from '../fields/address'
import { Conditions } from '../fields/conditions'
import { valueText, type Field } from '../fields/field'
import { Pager, usePages } from '../fields/pager'
import { SearchBox } from '../fields/searchbox'
import { withQuery } from '../fields/transfer'
import { useWords } from '../fields/words'
import { download } from '../files/transfer'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { EntryDialog } from '../registers/entrydialog'
import { EntryImport } from '../registers/import'
import { Holds, StateTag } from '../registers/marks'
import {
  columnsOf,
  filterQuery,
  pageSize,
  registerKeys,
  titleOf,
  useCounts,
  useEntries,
  useRegisters,
  type Entry,
  type EntryFilter,
  type Register,
} from '../registers/queries'
import { useConfirm } from '../ui/confirm'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'

/** RegisterPage is one register: its entries, searched, added to, taken in and given out. */
export function RegisterPage() {
  const { register: id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const registers = useRegisters()
  const r = registers.data?.find((x) => x.id === id)
  if (r) return <Entries key={r.id} register={r} />
  return (
    <>
      <PageHead
        title={t('registers.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('registers.title'), to: at('registers') },
        ]}
      />
      <section className="panel" aria-label={t('registers.title')}>
        <Answer query={registers}>
          {() => (
            <Blank
              title={t('registers.unknown', { id })}
              actions={<Link to={at('registers')}>{t('registers.title')}</Link>}
            >
              {t('registers.unknownHelp')}
            </Blank>
          )}
        </Answer>
      </section>
    </>
  )
}

const narrowing = ['q', 'state', 'on'] as const

function Entries({ register: r }: { register: Register }) {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const filters = useFilters(narrowing)
  const everywhere = filters.get('scope') === 'all'
  const filter: EntryFilter = {
    org: everywhere ? undefined : org.id,
    q: filters.get('q') || undefined,
    state: filters.get('state') || undefined,
    on: filters.get('on') || undefined,
    where: filters.where,
  }
  const pages = usePages(JSON.stringify([r.id, filter]))
  const entries = useEntries(r.id, filter, pages.cursor)
  // The state stays out of the count, so that each state tells how many it would show.
  const counts = useCounts(r.id, { ...filter, state: undefined })
  const [dialog, setDialog] = useState<'add' | 'import'>()
  const many = counts.data?.counts ?? []
  const every = counts.data?.total
  const total = filter.state ? (many.find((c) => c.value === filter.state)?.count ?? 0) : every
  const mine = may('configure')
  const adopt = () =>
    confirm({
      title: t('registers.adoptTitle', { n: r.entries }),
      text: t('registers.adoptText', { source: r.source }),
      ok: t('registers.adopt'),
      work: async () => {
        const { added } = await post<components['schemas']['AdoptedEntries']>(
          withQuery(`/registers/${r.id}/adopt`, [['org', org.id]]),
        )
        await refreshed(registerKeys.entries(r.id))
        void message.success(t('registers.adopted', { n: added }))
      },
    })
  const give = async (format: string) => {
    try {
      const path = withQuery(`/registers/${r.id}/export`, [...filterQuery(filter), ['format', format]])
      void message.success(t('files.saved', { name: await download(path, {}, lang) }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const canAdopt = mine && r.entries > 0 && !filters.any && !everywhere && (every ?? 0) < r.entries
  const add = mine && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setDialog('add')}>
      {t('registers.addOne', { name: n(r.entry) })}
    </Button>
  )
  const take = mine && (
    <Button icon={<UploadOutlined aria-hidden />} onClick={() => setDialog('import')}>
      {t('registers.import')}
    </Button>
  )
  const adoption = canAdopt && <Button onClick={adopt}>{t('registers.adoptOffer', { n: r.entries })}</Button>
  const nothing = !filters.any && every === 0
  return (
    <>
      <PageHead
        title={n(r.name)}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('registers.title'), to: at('registers') },
        ]}
      >
        {!nothing && (
          <>
            {add}
            {take}
            <Dropdown
              trigger={['click']}
              menu={{
                items: [
                  { key: 'xlsx', label: t('files.exportAs', { format: 'XLSX' }) },
                  { key: 'csv', label: t('files.exportAs', { format: 'CSV' }) },
                ],
                onClick: ({ key }) => void give(key),
              }}
            >
              <Button icon={<DownloadOutlined aria-hidden />}>{t('registers.export')}</Button>
            </Dropdown>
            {adoption}
          </>
        )}
      </PageHead>
      <section className="panel" aria-label={n(r.name)}>
        <FilterBar key={r.id} register={r} filters={filters} every={every} counts={many} />
        {counts.error && !entries.error && <Fault problem={counts.error} retry={() => void counts.refetch()} />}
        <Answer
          query={entries}
          rows={8}
          empty={(page) =>
            page.items.length === 0 &&
            pages.before === 0 &&
            (filters.any ? (
              <Blank
                title={t('registers.noMatch')}
                actions={<Button onClick={filters.clear}>{t('fields.clear')}</Button>}
              >
                {t('registers.noMatchHelp')}
              </Blank>
            ) : (
              <Blank
                title={t('registers.none', { name: n(r.entry) })}
                actions={
                  mine && (
                    <>
                      {add}
                      {take}
                      {adoption}
                    </>
                  )
                }
              >
                {t(mine ? (r.entries > 0 ? 'registers.noneAdopt' : 'registers.noneHelp') : 'registers.noneViewer')}
              </Blank>
            ))
          }
        >
          {(page) => (
            <>
              <Table register={r} items={page.items} everywhere={everywhere} />
              <Pager
                pages={pages}
                size={pageSize}
                shown={page.items.length}
                total={total}
                next={page.next}
                busy={entries.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
      {dialog === 'add' && (
        <EntryDialog
          register={r}
          close={() => setDialog(undefined)}
          done={(made) => void navigate(at(`registers/${r.id}/${made}`))}
        />
      )}
      {dialog === 'import' && <EntryImport register={r} close={() => setDialog(undefined)} />}
    </>
  )
}

const wide = () => window.matchMedia('(min-width: 761px)').matches

function FilterBar({
  register: r,
  filters,
  every,
  counts,
}: {
  register: Register
  filters: ReturnType<typeof useFilters>
  every: number | undefined
  counts: { value: string; count: number }[]
}) {
  const { org, orgs } = useHere()
  const { t, n, lang } = useI18n()
  const active = filters.where.length + (filters.get('on') ? 1 : 0)
  const [open, setOpen] = useState(() => wide() || active > 0)
  const count = (state: string) => counts.find((c) => c.value === state)?.count ?? 0
  return (
    <div className="filterbar" role="search" aria-label={t('fields.filters')}>
      <SearchBox
        className="search"
        maxLength={200}
        label={t('registers.search')}
        value={filters.get('q')}
        ask={(q) => filters.set({ q })}
      />
      <Select
        className="pick half"
        aria-label={t('state')}
        value={filters.get('state')}
        onChange={(state: string) => filters.set({ state })}
        options={[
          {
            value: '',
            label: every === undefined ? t('registers.anyState') : t('registers.anyStateOf', { n: whole(lang, every) }),
          },
          ...r.states.map((s) => ({ value: s.id, label: `${n(s.name)} ${whole(lang, count(s.id))}` })),
        ]}
        popupMatchSelectWidth={false}
      />
      {orgs.length > 1 && (
        <Segmented
          aria-label={t('registers.keeper')}
          value={filters.get('scope') || 'own'}
          onChange={(v) => filters.set({ scope: v === 'all' ? 'all' : undefined })}
          options={[
            {
              value: 'own',
              label: (
                <div className="cut" style={{ maxWidth: 'min(220px, 38vw)' }}>
                  {n(org.name)}
                </div>
              ),
            },
            { value: 'all', label: t('registers.everywhere') },
          ]}
        />
      )}
      <Button
        className="only-phone"
        icon={<FilterOutlined aria-hidden />}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {active > 0 ? t('fields.filtersOf', { n: active }) : t('fields.filters')}
      </Button>
      {open && (
        <>
          <Conditions
            fields={r.fields}
            searchable={r.searchable}
            where={filters.where}
            set={(where) => filters.set({ where })}
          />
          <label className="half">
            {t('registers.on')}
            <Input type="date" value={filters.get('on')} onChange={(e) => filters.set({ on: e.target.value })} />
          </label>
        </>
      )}
      {filters.any && (
        <Button type="link" onClick={filters.clear}>
          {t('fields.clear')}
        </Button>
      )}
    </div>
  )
}

function Table({ register: r, items, everywhere }: { register: Register; items: Entry[]; everywhere: boolean }) {
  const { at, orgs } = useHere()
  const { t, n, lang } = useI18n()
  const columns = columnsOf(r)
  const key = r.fields.find((f) => f.key === r.key)
  const title = r.fields.find((f) => f.key === r.title[0])
  const dated = items.some((e) => e.since ?? e.until)
  return (
    <DataTable label={n(r.name)} className="cards roomy entrytable">
      <thead>
        <tr>
          <th scope="col">{n(title?.name) || n(r.entry)}</th>
          <th scope="col">{n(key?.name)}</th>
          {columns.map((f) => (
            <th key={f.key} scope="col" className={isNumber(f) ? 'num' : undefined}>
              {n(f.name)}
            </th>
          ))}
          <th scope="col">{t('state')}</th>
          {dated && <th scope="col">{t('registers.holds')}</th>}
          {everywhere && <th scope="col">{t('registers.keeper')}</th>}
        </tr>
      </thead>
      <tbody>
        {items.map((e) => (
          <tr key={e.id}>
            <th scope="row">
              <Link to={at(`registers/${r.id}/${e.id}`)}>{titleOf(r, e, lang)}</Link>
            </th>
            <td data-label={n(key?.name)}>
              <code>{e.key}</code>
            </td>
            {columns.map((f) => (
              <Cell key={f.key} field={f} value={e.content[f.key]} />
            ))}
            <td data-label={t('state')}>
              <StateTag register={r} state={e.state} />
            </td>
            {dated && (
              <td data-label={t('registers.holds')}>
                <Holds entry={e} />
              </td>
            )}
            {everywhere && (
              <td data-label={t('registers.keeper')}>{n(orgs.find((o) => o.id === e.org)?.name) || '–'}</td>
            )}
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

const isNumber = (f: Field) => f.type === 'integer' || f.type === 'money' || f.type === 'decimal'

function Cell({ field: f, value }: { field: Field; value: unknown }) {
  const { n } = useI18n()
  const text = valueText(f, value, useWords())
  return (
    <td
      data-label={n(f.name)}
      className={[isNumber(f) ? 'num nowrap' : '', text ? '' : 'none'].join(' ').trim() || undefined}
    >
      {text ? (
        <span className="clamp" title={text.length > 24 ? text : undefined}>
          {text}
        </span>
      ) : (
        '–'
      )}
    </td>
  )
}
