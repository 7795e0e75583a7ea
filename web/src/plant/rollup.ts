import { useMemo } from 'react'

import type { LiveState, Series } from '../api/types'
import { durationMillis } from '../format/duration'
import { nodeNow, useSecond } from '../live/clock'
import { useLive } from '../live/live'
import { stateAt, type LiveStore } from '../live/store'
import { rollUp, type Counts, type TreeNode } from './tree'

/** useRollup counts live, stale and silent points below every node, anew each second. */
export function useRollup(roots: TreeNode[], series: Series[] | undefined): Map<string, Counts> {
  const { store } = useLive()
  const second = useSecond()
  const sources = useMemo(
    () => (series ?? []).map((s) => ({ id: s.id, machine: s.machine, silence: durationMillis(s.maxSilence) })),
    [series],
  )
  return useMemo(
    () => rollUp(roots, countByMachine(sources, store, Math.max(second, nodeNow() - 1000))),
    [roots, sources, store, second],
  )
}

function countByMachine(
  sources: { id: string; machine: string | undefined; silence: number }[],
  store: LiveStore,
  now: number,
): Map<string, Counts> {
  const own = new Map<string, Counts>()
  for (const s of sources) {
    if (!s.machine) continue
    const state: LiveState = stateAt(store.get(s.id), s.silence, now)
    let counts = own.get(s.machine)
    if (!counts) own.set(s.machine, (counts = { live: 0, stale: 0, silent: 0 }))
    counts[state]++
  }
  return own
}
