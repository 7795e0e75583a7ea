import { Button } from 'antd'
import { useState } from 'react'

import { useAudit, usePlant } from '../api/queries'
import type { AuditEntry } from '../api/types'
import { useHere } from '../app/org'
import { useVerb } from '../audit/words'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

export function AuditPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  // The cursors of the pages before this one: "newer" goes back along them.
  const [cursors, setCursors] = useState<string[]>([])
  const audit = useAudit(org.id, cursors.at(-1))
  return (
    <>
      <PageHead title={t('nav.audit')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('nav.audit')}>
        <Answer
          query={audit}
          rows={8}
          empty={(page) =>
            cursors.length === 0 &&
            (page.items ?? []).length === 0 && <Blank title={t('audit.none')}>{t('audit.noneHelp')}</Blank>
          }
        >
          {(page) => (
            <>
              <Table items={page.items ?? []} />
              <div className="row" style={{ padding: 8, justifyContent: 'flex-end' }}>
                <Button size="small" disabled={cursors.length === 0} onClick={() => setCursors((c) => c.slice(0, -1))}>
                  {t('audit.newer')}
                </Button>
                <Button
                  size="small"
                  disabled={!page.next || audit.isPlaceholderData}
                  onClick={() => setCursors((c) => (page.next ? [...c, page.next] : c))}
                >
                  {t('audit.older')}
                </Button>
              </div>
            </>
          )}
        </Answer>
      </section>
    </>
  )
}

function Table({ items }: { items: AuditEntry[] }) {
  const { t, n } = useI18n()
  const { org } = useHere()
  const verb = useVerb()
  // What was noted without a name is called by the name that it has now.
  const nodes = usePlant(org.id)
  const names = new Map(nodes.data?.map((x) => [x.id, n(x.name)]))
  return (
    <DataTable
      label={t('nav.audit')}
      className="cards roomy"
      columns={['audit.time', 'audit.actor', 'audit.verb', 'audit.object', 'audit.change', 'audit.remote']}
    >
      <tbody>
        {items.map((e) => (
          <tr key={e.id}>
            <td data-label={t('audit.time')} className="nowrap">
              {dateTime(millis(e.time))}
            </td>
            <td data-label={t('audit.actor')}>
              <div>
                {e.actor}
                {e.via && <div className="muted">{e.via}</div>}
              </div>
            </td>
            <td data-label={t('audit.verb')}>
              <div>
                {verb(e.verb)}
                <div className="muted small">
                  <code>{e.verb}</code>
                </div>
              </div>
            </td>
            <td data-label={t('audit.object')} style={{ overflowWrap: 'anywhere' }}>
              {names.get(e.object) ?? e.object}
            </td>
            <td data-label={t('audit.change')} style={{ overflowWrap: 'anywhere' }}>
              <div>
                <Change before={e.before} after={e.after} />
                {e.reason && (
                  <div>
                    {t('reason')}: {e.reason}
                  </div>
                )}
              </div>
            </td>
            <td data-label={t('audit.remote')} className="nowrap">
              {e.remote ?? '–'}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}

/** Change lists what differs between before and after, field by field. */
function Change({ before, after }: { before: unknown; after: unknown }) {
  const b = fields(before)
  const a = fields(after)
  const names = [...new Set([...Object.keys(b), ...Object.keys(a)])].filter((k) => text(b[k]) !== text(a[k]))
  if (names.length === 0) return <span className="muted">–</span>
  return (
    <>
      {names.map((k) => (
        <div key={k}>
          {k && <span className="muted">{k}: </span>}
          {text(b[k]) && <del>{text(b[k])}</del>}{' '}
          {text(a[k]) && <ins style={{ textDecoration: 'none' }}>{text(a[k])}</ins>}
        </div>
      ))}
    </>
  )
}

function fields(v: unknown): Record<string, unknown> {
  if (v === undefined || v === null) return {}
  return typeof v === 'object' && !Array.isArray(v) ? (v as Record<string, unknown>) : { '': v }
}

const instant = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

function text(v: unknown): string {
  if (v === undefined || v === null) return ''
  // A name shows in both languages: either may be what was changed.
  if (typeof v === 'object' && 'zh' in v && 'en' in v) return [...new Set([v.zh, v.en])].join(' / ')
  if (typeof v === 'string' && instant.test(v)) return dateTime(millis(v))
  return (typeof v === 'string' ? v : JSON.stringify(v)).slice(0, 200)
}
