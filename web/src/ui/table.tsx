import { useEffect, useRef, useState, type ReactNode } from 'react'

import { useI18n, type Key } from '../i18n'

/** A column by its word: of words, of numbers, or one whose word is there for the reader alone. */
export type Column = Key | { num: Key } | { hidden: Key }

/**
 * DataTable is a table with its name, in a box that scrolls when the window is too narrow. The keyboard reaches the box
 * only while there is something to scroll: otherwise it would be one more stop on the way.
 */
export function DataTable({
  label,
  className,
  columns,
  height,
  busy,
  children,
}: {
  label: string
  className?: string
  /** Left out where the head is made by hand. */
  columns?: Column[]
  /** px, at most */
  height?: number
  busy?: boolean
  children: ReactNode
}) {
  const box = useRef<HTMLDivElement>(null)
  const [scrolls, setScrolls] = useState(false)
  useEffect(() => {
    const it = box.current
    if (!it) return
    const look = () => setScrolls(it.scrollWidth > it.clientWidth || it.scrollHeight > it.clientHeight)
    const watch = new ResizeObserver(look)
    watch.observe(it)
    if (it.firstElementChild) watch.observe(it.firstElementChild)
    return () => watch.disconnect()
  }, [])
  return (
    <div
      className="tablebox"
      ref={box}
      aria-busy={busy}
      style={height === undefined ? undefined : { maxHeight: height }}
      {...(scrolls ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}
    >
      <table className={className ? `data ${className}` : 'data'}>
        <caption className="hidden-text">{label}</caption>
        {columns && (
          <thead>
            <tr>
              {columns.map((c) => (
                <Head key={typeof c === 'string' ? c : 'num' in c ? c.num : c.hidden} of={c} />
              ))}
            </tr>
          </thead>
        )}
        {children}
      </table>
    </div>
  )
}

function Head({ of }: { of: Column }) {
  const { t } = useI18n()
  if (typeof of === 'string') return <th scope="col">{t(of)}</th>
  if ('num' in of) {
    return (
      <th scope="col" className="num">
        {t(of.num)}
      </th>
    )
  }
  return (
    <th scope="col">
      <span className="hidden-text">{t(of.hidden)}</span>
    </th>
  )
}
