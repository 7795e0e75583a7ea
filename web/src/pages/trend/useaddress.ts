import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'

import { readAddress, writeAddress, type Address, type TrendView } from './address'

export interface Trail {
  address: Address
  /** Another span: a step of the browser's own history. */
  go: (view: TrendView) => void
  /** Anything else: the address follows, without a step. */
  change: (part: Partial<Address>) => void
  back: () => void
  forward: () => void
  canBack: boolean
  canForward: boolean
}

interface Step {
  depth?: number
}

/** useAddress keeps the trend in the page's address, so that the browser's buttons, ours and a link mean the same. */
export function useAddress(): Trail {
  const [params] = useSearchParams()
  const location = useLocation()
  const navigate = useNavigate()
  const depth = (location.state as Step | null)?.depth ?? 0
  // Two buttons pressed within one frame would else both start from the same address.
  const text = useRef(params.toString())
  const [deepest, setDeepest] = useState(depth)
  const shown = params.toString()
  useEffect(() => {
    text.current = shown
  }, [shown])
  const address = useMemo(() => readAddress(new URLSearchParams(shown)), [shown])
  const write = useCallback(
    (part: Partial<Address>, push: boolean) => {
      const held = new URLSearchParams(text.current)
      const next = writeAddress(held, { ...readAddress(held), ...part }).toString()
      if (next === text.current) return
      text.current = next
      const to = push ? depth + 1 : depth
      if (push) setDeepest(to)
      void navigate(
        { search: `?${next}` },
        { replace: !push, state: { depth: to } satisfies Step, preventScrollReset: true, flushSync: true },
      )
    },
    [navigate, depth],
  )
  return {
    address,
    go: useCallback((view) => write({ view }, true), [write]),
    change: useCallback((part) => write(part, false), [write]),
    back: () => void navigate(-1),
    forward: () => void navigate(1),
    canBack: depth > 0,
    canForward: depth < deepest,
  }
}

/** Cursors are the two moments that a person compares, ms. */
export interface Cursors {
  a?: number
  b?: number
}

/**
 * useCursors holds the cursors while they move; the address follows when they rest, because a browser takes only so
 * many changes of the address a second. Steps back and forward do not move them.
 */
export function useCursors({ address, change }: Trail): [Cursors, (to: Cursors) => void] {
  const [cursors, setCursors] = useState<Cursors>({ a: address.a, b: address.b })
  const { a, b } = cursors
  useEffect(() => {
    const timer = setTimeout(() => change({ a, b }), 300)
    return () => clearTimeout(timer)
  }, [a, b, change])
  return [cursors, setCursors]
}
