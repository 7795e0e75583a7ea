import { FilterOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, Checkbox, Input, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { useHere } from '../app/org'
import { RecordDialog } from '../facts/dialogs'
import { FactImport } from '../facts/import'
import { GradeTag, When } from '../facts/marks'
import {
  grades,
  moneyOf,
  pageSize,
  titleOf,
  useFacts,
  useKinds,
  useTally,
  type Fact,
  type FactFilter,
  type Kind,
} from '../facts/queries'
import { useFilters, type Filters } from '../fields/address'
import { Conditions, searchableOf } from '../fields/conditions'
import { money, valueText, type Field } from '../fields/field'
import { Pager, usePages } from '../fields/pager'
import { SearchBox } from '../fields/searchbox'
import { useWords } from '../fields/words'
import { whole } from '../format/number'
import { dateTime, fromLocalInput, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

const narrowing = ['kind', 'source', 'id', 'from', 'to', 'grade', 'asOf', 'withdrawn'] as const

/** FactsPage lists what happened in business, as opposed to what a machine measured. */
export function FactsPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const navigate = useNavigate()
  const kinds = useKinds()
  const filters = useFilters(narrowing)
  const kind = kinds.data?.find((k) => k.id === filters.get('kind'))
  const asOf = fromLocalInput(filters.get('asOf'))
  const filter: FactFilter = {
    org: org.id,
    kind: filters.get('kind') || undefined,
    source: filters.get('source') || undefined,
    externalId: filters.get('id') || undefined,
    from: filters.get('from') || undefined,
    to: filters.get('to') || undefined,
    minGrade: filters.get('grade') || undefined,
    asOf: Number.isFinite(asOf) ? new Date(asOf).toISOString() : undefined,
    withdrawn: filters.get('withdrawn') !== '',
    where: filters.where,
  }
  const pages = usePages(JSON.stringify(filter))
  const facts = useFacts(filter, pages.cursor)
  const amount = moneyOf(kind)
  const sum = amount?.search ? amount : undefined
  const tally = useTally(filter, sum?.key)
  const counted = filter.kind && !filter.externalId ? tally.data : undefined
  const [dialog, setDialog] = useState<'record' | 'import'>()
  const record = may('operate') && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setDialog('record')}>
      {t('facts.record')}
    </Button>
  )
  const take = may('configure') && (
    <Button icon={<UploadOutlined aria-hidden />} onClick={() => setDialog('import')}>
      {t('facts.import')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('facts.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {(filters.any || (facts.data?.items.length ?? 0) > 0) && (
          <>
            {record}
            {take}
          </>
        )}
      </PageHead>
      <section className="panel" aria-label={t('facts.title')}>
        <FilterBar kinds={kinds.data ?? []} kind={kind} filters={filters} />
        {counted && sum && (
          <p className="tally" role="status">
            {t('facts.sum', {
              n: whole(lang, counted.total.count),
              name: n(sum.name),
              sum: money(lang, counted.total.sum ?? '0'),
            })}
          </p>
        )}
        <Answer
          query={facts}
          rows={8}
          empty={(page) =>
            page.items.length === 0 &&
            pages.before === 0 &&
            (filters.any ? (
              <Blank title={t('facts.noMatch')} actions={<Button onClick={filters.clear}>{t('fields.clear')}</Button>}>
                {t('registers.noMatchHelp')}
              </Blank>
            ) : (
              <Blank
                title={t('facts.none')}
                actions={
                  <>
                    {record}
                    {take}
                  </>
                }
              >
                {t('facts.noneHelp')}
              </Blank>
            ))
          }
        >
          {(page) => (
            <>
              <Table kinds={kinds.data ?? []} kind={kind} items={page.items} />
              <Pager
                pages={pages}
                size={pageSize}
                shown={page.items.length}
                total={counted?.total.count}
                next={page.next}
                busy={facts.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
      {dialog === 'record' && kinds.data && (
        <RecordDialog
          kinds={kinds.data}
          first={filter.kind}
          close={() => setDialog(undefined)}
          done={(id) => void navigate(at(`facts/${id}`))}
        />
      )}
      {dialog === 'import' && kinds.data && (
        <FactImport kinds={kinds.data} first={filter.kind} close={() => setDialog(undefined)} />
      )}
    </>
  )
}

const wide = () => window.matchMedia('(min-width: 761px)').matches

function FilterBar({ kinds, kind, filters }: { kinds: Kind[]; kind: Kind | undefined; filters: Filters }) {
  const { t, n } = useI18n()
  const active = filters.where.length + narrowing.filter((k) => k !== 'id' && k !== 'kind' && filters.get(k)).length
  const [open, setOpen] = useState(() => wide() || active > 0)
  const day = (key: 'from' | 'to') => (
    <label className="half">
      {t(key === 'from' ? 'facts.from' : 'facts.to')}
      <Input type="date" value={filters.get(key)} onChange={(e) => filters.set({ [key]: e.target.value })} />
    </label>
  )
  return (
    <div className="filterbar" role="search" aria-label={t('fields.filters')}>
      <Select
        className="pick half"
        aria-label={t('facts.kind')}
        value={filters.get('kind')}
        // The fields of another kind are others.
        onChange={(k: string) => filters.set({ kind: k, where: [] })}
        options={[{ value: '', label: t('facts.anyKind') }, ...kinds.map((k) => ({ value: k.id, label: n(k.name) }))]}
        popupMatchSelectWidth={false}
      />
      <SearchBox
        className="search"
        maxLength={400}
        label={t('facts.searchId')}
        value={filters.get('id')}
        ask={(id) => filters.set({ id })}
      />
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
          <Select
            className="pick half"
            allowClear
            aria-label={t('facts.minGrade')}
            placeholder={t('facts.minGrade')}
            value={filters.get('grade') || undefined}
            onChange={(g: string | undefined) => filters.set({ grade: g })}
            options={grades
              .slice(1)
              .map((g) => ({ value: g, label: t('facts.gradeUp', { grade: g, name: t(`facts.grade.${g}`) }) }))}
            popupMatchSelectWidth={false}
          />
          <SearchBox
            className="half source"
            maxLength={100}
            label={t('facts.source')}
            value={filters.get('source')}
            ask={(source) => filters.set({ source })}
          />
          {day('from')}
          {day('to')}
          {kind && (
            <Conditions
              key={kind.id}
              fields={kind.fields}
              searchable={searchableOf(kind.fields)}
              where={filters.where}
              set={(where) => filters.set({ where })}
            />
          )}
          <label>
            {t('facts.asOf')}
            <Input
              type="datetime-local"
              step="1"
              value={filters.get('asOf')}
              onChange={(e) => filters.set({ asOf: e.target.value })}
            />
          </label>
          <Checkbox
            checked={filters.get('withdrawn') !== ''}
            onChange={(e) => filters.set({ withdrawn: e.target.checked ? 'yes' : undefined })}
          >
            {t('facts.withWithdrawn')}
          </Checkbox>
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

function Table({ kinds, kind, items }: { kinds: Kind[]; kind: Kind | undefined; items: Fact[] }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const words = useWords()
  // Of one kind its own fields are shown, of many what they have in common.
  const amountOf = moneyOf(kind)
  const own = kind
    ? [
        ...(amountOf ? [amountOf] : []),
        ...kind.fields.filter((f) => f.search && f.type !== 'list' && f.key !== kind.title && f !== amountOf),
      ].slice(0, 5)
    : []
  return (
    <DataTable label={t('facts.title')} className="cards roomy entrytable">
      <thead>
        <tr>
          <th scope="col">{t('facts.what')}</th>
          {!kind && <th scope="col">{t('facts.kind')}</th>}
          <th scope="col">{t('facts.when')}</th>
          {kind ? (
            own.map((f) => (
              <th key={f.key} scope="col" className={isNumber(f) ? 'num' : undefined}>
                {n(f.name)}
              </th>
            ))
          ) : (
            <th scope="col" className="num">
              {t('facts.amount')}
            </th>
          )}
          <th scope="col">{t('facts.grade')}</th>
          <th scope="col">{t('facts.source')}</th>
          <th scope="col">{t('facts.recorded')}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((f) => {
          const k = kinds.find((x) => x.id === f.kind)
          const amount = moneyOf(k)
          return (
            <tr key={f.id}>
              <th scope="row">
                <Link to={at(`facts/${f.id}`)}>{titleOf(k, f, words)}</Link>{' '}
                {f.withdrawn && <span className="tag warning">{t('facts.withdrawn')}</span>}
              </th>
              {!kind && <td data-label={t('facts.kind')}>{n(k?.name) || f.kind}</td>}
              <td data-label={t('facts.when')}>
                <When fact={f} />
              </td>
              {kind ? (
                own.map((x) => <Cell key={x.key} field={x} value={f.content[x.key]} />)
              ) : (
                <td data-label={t('facts.amount')} className="num nowrap">
                  {(amount && valueText(amount, f.content[amount.key], words)) || '–'}
                </td>
              )}
              <td data-label={t('facts.grade')}>
                <GradeTag grade={f.grade} />
              </td>
              <td data-label={t('facts.source')}>
                <span>
                  <code>{f.source}</code> <span className="muted">{f.externalId}</span>
                </span>
              </td>
              <td data-label={t('facts.recorded')} className="nowrap">
                {dateTime(millis(f.at))}
              </td>
            </tr>
          )
        })}
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
      {text || '–'}
    </td>
  )
}
