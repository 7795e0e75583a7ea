import { useCallback, useMemo, useRef } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'

import { readView, writeView, type View } from './span'

export interface ViewHistory {
  view: View
  go: (view: View) => void
  back: () => void
  forward: () => void
  canBack: boolean
  canForward: boolean
}

interface Step {
  depth?: number
}

/**
 * useViewHistory keeps the view in the page's address. Every zoom is a step of the browser's own history, so that its
 * buttons, ours and a link that somebody sends all mean the same.
 */
export function useViewHistory(): ViewHistory {
  const [params] = useSearchParams()
  const location = useLocation()
  const navigate = useNavigate()
  const depth = (location.state as Step | null)?.depth ?? 0
  const deepest = useRef(depth)
  const text = params.toString()
  const view = useMemo(() => readView(new URLSearchParams(text)), [text])
  const go = useCallback(
    (to: View) => {
      deepest.current = depth + 1
      void navigate(
        { search: `?${writeView(new URLSearchParams(text), to).toString()}` },
        { state: { depth: depth + 1 } satisfies Step, preventScrollReset: true, flushSync: true },
      )
    },
    [navigate, text, depth],
  )
  return {
    view,
    go,
    back: () => void navigate(-1),
    forward: () => void navigate(1),
    canBack: depth > 0,
    // eslint-disable-next-line react-hooks/refs -- how deep the browser's history goes is known to nobody else
    canForward: depth < deepest.current,
  }
}
