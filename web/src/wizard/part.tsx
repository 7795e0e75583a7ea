import { CheckCircleFilled, DownOutlined } from '@ant-design/icons'
import { useEffect, useRef, type ReactNode } from 'react'

import { useI18n } from '../i18n'
import type { PartNumber } from './draft'

/** Part is one of the four: open, or one line that says what was entered. */
export function Part({
  number,
  title,
  summary,
  open,
  reachable,
  done,
  onOpen,
  children,
}: {
  number: PartNumber
  title: string
  summary?: ReactNode
  open: boolean
  reachable: boolean
  done: boolean
  onOpen: () => void
  children: ReactNode
}) {
  const { t } = useI18n()
  const id = `part-${number}`
  const head = useRef<HTMLButtonElement>(null)
  const was = useRef(open)
  // What was pressed to get here is gone: the keyboard and the reader go on at the part that has opened.
  useEffect(() => {
    if (open && !was.current) head.current?.focus()
    was.current = open
  }, [open])
  return (
    <section className={`panel part ${open ? 'is-open' : ''}`} aria-label={title}>
      <h2>
        <button ref={head} type="button" aria-expanded={open} aria-controls={id} disabled={!reachable} onClick={onOpen}>
          <span className="number" aria-hidden>
            {done && !open ? <CheckCircleFilled /> : number}
          </span>
          <span className="title">{title}</span>
          {!open && <span className="summary cut">{summary ?? (reachable ? '' : t('wizard.later'))}</span>}
          {done && !open && <span className="hidden-text">{t('wizard.done')}</span>}
          {reachable && !open && <DownOutlined aria-hidden className="turn" />}
        </button>
      </h2>
      <div id={id} className="body" hidden={!open}>
        {open && children}
      </div>
    </section>
  )
}
