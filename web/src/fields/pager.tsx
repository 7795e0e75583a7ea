import { Button } from 'antd'
import { useState } from 'react'

import { whole } from '../format/number'
import { useI18n } from '../i18n'

/** Pages walks a list by the cursors that the node gives; it begins anew where what is asked for changes. */
export interface Pages {
  cursor: string | undefined
  /** Pages before this one. */
  before: number
  go: (next: string | undefined) => void
  back: () => void
}

export function usePages(asked: string): Pages {
  const [at, setAt] = useState<{ asked: string; cursors: string[] }>({ asked, cursors: [] })
  const cursors = at.asked === asked ? at.cursors : []
  return {
    cursor: cursors.at(-1),
    before: cursors.length,
    go: (next) => next && setAt({ asked, cursors: [...cursors, next] }),
    back: () => setAt({ asked, cursors: cursors.slice(0, -1) }),
  }
}

export function Pager({
  pages,
  size,
  shown,
  total,
  next,
  busy,
}: {
  pages: Pages
  size: number
  shown: number
  /** Where it is known. */
  total?: number
  next: string | undefined
  busy: boolean
}) {
  const { t, lang } = useI18n()
  const first = pages.before * size
  const range = { from: whole(lang, first + 1), to: whole(lang, first + shown) }
  return (
    <div className="pager">
      <span className="muted" role="status">
        {shown === 0
          ? ''
          : total === undefined
            ? t('fields.range', range)
            : t('fields.rangeOf', { ...range, n: whole(lang, total) })}
      </span>
      {(pages.before > 0 || next) && (
        <>
          <Button size="small" disabled={pages.before === 0} onClick={pages.back}>
            {t('fields.previous')}
          </Button>
          <Button size="small" disabled={!next || busy} onClick={() => pages.go(next)}>
            {t('fields.next')}
          </Button>
        </>
      )}
    </div>
  )
}
