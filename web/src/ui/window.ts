import { useEffect, useState, type RefObject } from 'react'

export interface Rows {
  first: number
  /** One past the last. */
  last: number
  before: number
  after: number
}

/** rowsInView is which of `count` rows of one height are worth building, and the heights of what is left out. */
export function rowsInView(count: number, row: number, top: number, height: number, spare = 12): Rows {
  const first = Math.max(0, Math.min(count, Math.floor(top / row) - spare))
  const last = Math.max(first, Math.min(count, Math.ceil((top + height) / row) + spare))
  return { first, last, before: first * row, after: (count - last) * row }
}

/** useWindow keeps rowsInView for a scrolling box. Short lists are shown whole, so that a page's search finds them. */
export function useWindow(box: RefObject<HTMLElement | null>, count: number, row: number): Rows {
  const [view, setView] = useState({ top: 0, height: 900 })
  const whole = count <= 120
  useEffect(() => {
    const el = box.current
    if (!el || whole) return
    let frame = 0
    const look = () => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(() => setView({ top: el.scrollTop, height: el.clientHeight }))
    }
    look()
    el.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(el)
    return () => {
      cancelAnimationFrame(frame)
      el.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [box, whole])
  return whole ? { first: 0, last: count, before: 0, after: 0 } : rowsInView(count, row, view.top, view.height)
}

/** rowHeight is the height of a table's row in px: greater where fingers point. It is --row of style/base.css. */
export function useRowHeight(): number {
  const [height, setHeight] = useState(readRowHeight)
  useEffect(() => {
    const query = matchMedia('(max-width: 760px)')
    const change = () => setHeight(readRowHeight())
    query.addEventListener('change', change)
    return () => query.removeEventListener('change', change)
  }, [])
  return height
}

const readRowHeight = () => parseInt(getComputedStyle(document.documentElement).getPropertyValue('--row'), 10) || 30
