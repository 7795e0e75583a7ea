import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Checkbox, Dropdown, Segmented, Select } from 'antd'
import { Link } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { DeadlineText } from '../cases/deadline'
import { caseQuery, pageSize, useCaseCounts, useCases, useFlows, type Case, type CaseFilter } from '../cases/queries'
import { CaseState } from '../cases/state'
import { useFilters } from '../fields/address'
import { Pager, usePages } from '../fields/pager'
import { SearchBox } from '../fields/searchbox'
import { withQuery } from '../fields/transfer'
import { download } from '../files/transfer'
import { whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import { useRowKeys } from './desk'
import '../fields/fields.css'
import '../cases/cases.css'

/** CasesPage is the cases of an organisation: those that it keeps, or those that are about it. */
export function CasesPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const filters = useFilters(['q', 'flow', 'state', 'running'])
  const side = filters.get('side') || 'kept'
  const filter: CaseFilter = {
    org: side === 'kept' ? org.id : undefined,
    subject: side === 'about' ? org.id : undefined,
    flow: filters.get('flow') || undefined,
    state: filters.get('state') || undefined,
    q: filters.get('q') || undefined,
    running: filters.get('running') || undefined,
  }
  const pages = usePages(JSON.stringify(filter))
  const cases = useCases(filter, pages.cursor)
  const counts = useCaseCounts({ ...filter, state: undefined })
  const flows = useFlows()
  const many = counts.data ?? []
  const total = many.filter((c) => !filter.state || c.state === filter.state).reduce((sum, c) => sum + c.count, 0)
  const states = [...new Map(many.map((c) => [c.state, c])).values()]
  const give = async (format: string) => {
    try {
      const path = withQuery('/cases/export', [...caseQuery(filter), ['format', format]])
      void message.success(t('files.saved', { name: await download(path, {}, lang) }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead
        title={t('cases.every')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('cases.desk'), to: at('desk') },
        ]}
      >
        {may('configure') && <Link to={at('offers')}>{t('cases.offers')}</Link>}
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
      </PageHead>
      <section className="panel" aria-label={t('cases.every')}>
        <div className="filterbar" role="search" aria-label={t('fields.filters')}>
          <Segmented
            aria-label={t('cases.side')}
            value={side}
            onChange={(v) => filters.set({ side: v === 'kept' ? undefined : v, state: undefined })}
            options={[
              { value: 'kept', label: t('cases.kept') },
              { value: 'about', label: t('cases.aboutUs') },
            ]}
          />
          <SearchBox
            className="search"
            maxLength={200}
            label={t('cases.search')}
            value={filters.get('q')}
            ask={(q) => filters.set({ q })}
          />
          <Select
            className="pick half"
            aria-label={t('cases.flow')}
            value={filters.get('flow')}
            onChange={(flow: string) => filters.set({ flow, state: undefined })}
            options={[
              { value: '', label: t('cases.anyFlow') },
              ...(flows.data ?? []).map((f) => ({ value: f.id, label: n(f.name) })),
            ]}
            popupMatchSelectWidth={false}
          />
          <Select
            className="pick half"
            aria-label={t('state')}
            value={filters.get('state')}
            onChange={(state: string) => filters.set({ state })}
            options={[
              {
                value: '',
                label: t('registers.anyStateOf', {
                  n: whole(
                    lang,
                    many.reduce((s, c) => s + c.count, 0),
                  ),
                }),
              },
              ...states.map((s) => ({
                value: s.state,
                label: `${n(s.stateName)} ${whole(
                  lang,
                  many.filter((c) => c.state === s.state).reduce((x, c) => x + c.count, 0),
                )}`,
              })),
            ]}
            popupMatchSelectWidth={false}
          />
          <Checkbox
            checked={filters.get('running') === 'true'}
            onChange={(e) => filters.set({ running: e.target.checked ? 'true' : undefined })}
          >
            {t('cases.running')}
          </Checkbox>
          {filters.any && (
            <Button type="link" onClick={filters.clear}>
              {t('fields.clear')}
            </Button>
          )}
        </div>
        {counts.error && !cases.error && <Fault problem={counts.error} retry={() => void counts.refetch()} />}
        <Answer
          query={cases}
          rows={8}
          empty={(page) =>
            page.items.length === 0 &&
            pages.before === 0 && (
              <Blank
                title={t(filters.any ? 'cases.noMatch' : 'cases.none')}
                actions={filters.any && <Button onClick={filters.clear}>{t('fields.clear')}</Button>}
              >
                {t(side === 'kept' ? 'cases.noneHelp' : 'cases.noneAbout')}
              </Blank>
            )
          }
        >
          {(page) => (
            <>
              <Table items={page.items} about={side === 'about'} />
              <Pager
                pages={pages}
                size={pageSize}
                shown={page.items.length}
                total={counts.data ? total : undefined}
                next={page.next}
                busy={cases.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
    </>
  )
}

function Table({ items, about }: { items: Case[]; about: boolean }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const body = useRowKeys(items.map((c) => at(`cases/${c.id}`)))
  return (
    <DataTable
      label={t('cases.every')}
      className="cards roomy casetable"
      columns={[
        'cases.title',
        'state',
        'cases.deadline',
        'cases.flow',
        about ? 'cases.keeper' : 'cases.about',
        'cases.last',
      ]}
    >
      <tbody ref={body}>
        {items.map((c) => {
          const running = c.deadlines.filter((d) => !d.stopped).sort((a, b) => a.due.localeCompare(b.due))[0]
          return (
            <tr key={c.id}>
              <th scope="row">
                <Link to={at(`cases/${c.id}`)}>{c.title || c.id.slice(0, 8)}</Link>
              </th>
              <td data-label={t('state')}>
                <CaseState of={c} />
              </td>
              <td data-label={t('cases.deadline')}>{running ? <DeadlineText deadline={running} /> : '–'}</td>
              <td data-label={t('cases.flow')}>{n(c.flowName)}</td>
              <td data-label={t(about ? 'cases.keeper' : 'cases.about')}>
                {(about ? n(c.orgName) : n(c.subjectName)) || '–'}
              </td>
              <td data-label={t('cases.last')} className="nowrap">
                {dateTime(millis(c.at)).slice(0, 16)}
              </td>
            </tr>
          )
        })}
      </tbody>
    </DataTable>
  )
}
