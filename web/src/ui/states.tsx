import type { UseQueryResult } from '@tanstack/react-query'
import { Button } from 'antd'
import type { ReactNode } from 'react'

import { Problem } from '../api/problem'
import { useI18n } from '../i18n'

/** Bones stands where something will come, in about its shape. */
export function Bones({ rows = 5 }: { rows?: number }) {
  const { t } = useI18n()
  return (
    <div className="bones" role="status">
      <span className="hidden-text">{t('loading')}</span>
      {Array.from({ length: rows }, (_, i) => (
        <i key={i} style={{ width: `${92 - ((i * 37) % 45)}%` }} />
      ))}
    </div>
  )
}

/** Blank says that there is nothing here, and what to do next. */
export function Blank({
  title,
  page,
  children,
  actions,
}: {
  title: string
  /** It is all of the page: its title is the page's heading. */
  page?: boolean
  children?: ReactNode
  actions?: ReactNode
}) {
  const Title = page ? 'h1' : 'p'
  return (
    <div className="blank">
      <Title className="title">{title}</Title>
      {children && <p>{children}</p>}
      {actions && <div className="actions">{actions}</div>}
    </div>
  )
}

/** Fault shows what went wrong, where, and how to mend it; and another try where that can help. */
export function Fault({ problem, retry, except }: { problem: Problem; retry?: () => void; except?: string[] }) {
  const { t } = useI18n()
  const faults = problem.faults.filter((f) => !except?.some((field) => problem.fault(field) === f))
  return (
    <div className="fault" role="alert">
      <p>
        <strong>{problem.message}</strong>
      </p>
      {faults.length > 0 && (
        <ul>
          {faults.map((f, i) => (
            <li key={i}>
              {f.location && <code>{f.location}</code>}
              {f.value !== undefined && <code> = {shown(f.value)}</code>}
              {(f.location ?? f.value) !== undefined && ' · '}
              {f.message}
              {f.mend && <span className="muted"> {f.mend}</span>}
            </li>
          ))}
        </ul>
      )}
      {problem.faults.length === 0 && problem.mend && <p className="muted">{problem.mend}</p>}
      {problem.status === 0 && <p className="muted">{t('fault.noAnswer')}</p>}
      <p className="muted">
        <small>
          <code>{problem.code}</code>
          {problem.instance && <code> · {problem.instance}</code>}
        </small>
      </p>
      {retry && (
        <Button size="small" onClick={retry} style={{ marginTop: 6 }}>
          {t('retry')}
        </Button>
      )}
    </div>
  )
}

const shown = (v: unknown) => (typeof v === 'string' ? v : JSON.stringify(v)).slice(0, 120)

/** Answer shows a query in its four states: loading, failed, nothing there, there. */
export function Answer<T>({
  query,
  rows,
  empty,
  children,
}: {
  query: UseQueryResult<T>
  rows?: number
  empty?: (data: T) => ReactNode
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) {
    const nothing = empty?.(query.data)
    if (nothing) return nothing
    return children(query.data)
  }
  if (query.error) {
    return (
      <div style={{ padding: 12 }}>
        <Fault problem={query.error} retry={() => void query.refetch()} />
      </div>
    )
  }
  return <Bones rows={rows} />
}
