import { Button, Segmented } from 'antd'
import { useEffect, useRef } from 'react'
import { Link, useNavigate } from 'react-router'

import { useHere } from '../app/org'
import { DeadlineText } from '../cases/deadline'
import { pageSize, useDue, useDueCounts, type Due } from '../cases/queries'
import { useFilters } from '../fields/address'
import { Pager, usePages } from '../fields/pager'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../cases/cases.css'

/** DeskPage is what waits for an organisation, the most pressing first. */
export function DeskPage() {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const filters = useFilters(['show'])
  const show = filters.get('show') || 'all'
  const filter = { mine: show === 'mine' || undefined, overdue: show === 'overdue' || undefined }
  const pages = usePages(JSON.stringify([org.id, show]))
  const due = useDue(org.id, filter, pages.cursor)
  const counts = useDueCounts(org.id)
  const count = (k: 'all' | 'mine' | 'overdue') => (counts.data ? ` ${whole(lang, counts.data[k])}` : '')
  const today = counts.data?.today ?? 0
  return (
    <>
      <PageHead
        title={t('cases.desk')}
        crumbs={[{ label: n(org.name), to: at() }]}
        after={today > 0 && <span className="tag warning">{t('cases.todayMany', { n: today })}</span>}
      >
        <Link to={at('cases')}>{t('cases.every')}</Link>
      </PageHead>
      <section className="panel" aria-label={t('cases.desk')}>
        <div className="filterbar">
          <Segmented
            aria-label={t('cases.show')}
            value={show}
            onChange={(v) => filters.set({ show: v === 'all' ? undefined : v })}
            options={[
              { value: 'all', label: t('cases.ofOrg') + count('all') },
              { value: 'mine', label: t('cases.mine') + count('mine') },
              { value: 'overdue', label: t('cases.overdue') + count('overdue') },
            ]}
          />
          <span className="muted only-wide">{t('cases.keys')}</span>
        </div>
        <Answer
          query={due}
          rows={8}
          empty={(page) =>
            (page.items ?? []).length === 0 &&
            pages.before === 0 && (
              <Blank
                title={t(show === 'overdue' ? 'cases.noneOverdue' : 'cases.noneDue')}
                actions={show !== 'all' && <Button onClick={filters.clear}>{t('fields.clear')}</Button>}
              >
                {t('cases.noneDueHelp')}
              </Blank>
            )
          }
        >
          {(page) => (
            <>
              <DueTable items={page.items ?? []} />
              <Pager
                pages={pages}
                size={pageSize}
                shown={(page.items ?? []).length}
                total={show === 'all' ? counts.data?.all : show === 'mine' ? counts.data?.mine : counts.data?.overdue}
                next={page.next}
                busy={due.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
    </>
  )
}

function DueTable({ items }: { items: Due[] }) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const body = useRowKeys(items.map((d) => at(`cases/${d.case}`)))
  return (
    <DataTable
      label={t('cases.desk')}
      className="cards roomy casetable"
      columns={['cases.title', 'cases.waits', 'cases.deadline', 'cases.flow', 'cases.about']}
    >
      <tbody ref={body}>
        {items.map((d) => (
          <tr key={d.id}>
            <th scope="row">
              <Link to={at(`cases/${d.case}`)}>{d.title || d.case.slice(0, 8)}</Link>
            </th>
            <td data-label={t('cases.waits')}>
              {n(d.stateName)} <span className="muted small">{n(d.roleName)}</span>
            </td>
            <td data-label={t('cases.deadline')}>
              {d.clock ? <DeadlineText deadline={d.clock} /> : <span className="muted">{t('cases.noDeadline')}</span>}
            </td>
            <td data-label={t('cases.flow')}>{n(d.flowName)}</td>
            <td data-label={t('cases.about')}>{n(d.subjectName) || n(d.ownerName) || '–'}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

/** useRowKeys goes through the rows of a table by j and k, and into one by Enter, which the link in it does. */
export function useRowKeys(to: string[]) {
  const body = useRef<HTMLTableSectionElement>(null)
  const navigate = useNavigate()
  const places = useRef(to)
  useEffect(() => {
    places.current = to
  })
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.matches('input, textarea, select, [contenteditable]')
      if (
        typing ||
        e.ctrlKey ||
        e.metaKey ||
        e.altKey ||
        document.querySelector('.ant-modal-wrap:not([style*="none"])')
      )
        return
      const links = [...(body.current?.querySelectorAll<HTMLElement>('th a') ?? [])]
      const now = links.indexOf(document.activeElement as HTMLElement)
      if (e.key === 'j' || e.key === 'k') {
        const next = links[Math.min(links.length - 1, Math.max(0, e.key === 'j' ? now + 1 : now - 1))]
        next?.focus()
        next?.scrollIntoView({ block: 'nearest' })
        e.preventDefault()
      } else if (e.key === 'Enter' && now < 0 && document.activeElement === document.body && places.current[0]) {
        void navigate(places.current[0])
      }
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [navigate])
  return body
}
