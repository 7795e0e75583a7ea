import { useCallback, useEffect, useState } from 'react'

import { usePlant, useSeriesOf } from '../api/queries'
import type { LiveState } from '../api/types'
import { localeOf } from '../format/time'
import { useI18n } from '../i18n'
import { nodeNow, useSecond } from '../live/clock'
import { useLive } from '../live/live'
import type { Counts } from '../plant/tree'
import { buildEntries, countStates, inState, sameList, sortEntries, type Entry, type Sort } from './entries'

/** useEntries is every point of an organisation in the wanted order; undefined until it is there. */
export function useEntries(org: string, sort: Sort) {
  const { n, lang } = useI18n()
  const { store } = useLive()
  const series = useSeriesOf(org)
  const plant = usePlant(org)
  const [entries, setEntries] = useState<Entry[]>()
  const [sorted, setSorted] = useState<Entry[]>()
  useEffect(() => {
    if (!series.data || !plant.data) return
    let gone = false
    void buildEntries(series.data, plant.data, n, localeOf(lang)).then((built) => {
      if (!gone) setEntries(built)
    })
    return () => {
      gone = true
    }
  }, [series.data, plant.data, n, lang])
  // A new `sort` is a click, though it may be the same as before: by value and age it takes a new picture.
  useEffect(() => {
    if (!entries) return
    let gone = false
    void sortEntries(entries, sort, localeOf(lang), (id) => store.get(id)).then((list) => {
      if (!gone) setSorted(list)
    })
    return () => {
      gone = true
    }
  }, [entries, sort, lang, store])
  const { refetch: again } = series
  const { refetch: plantAgain } = plant
  const retry = useCallback(() => {
    void again()
    void plantAgain()
  }, [again, plantAgain])
  return { entries: sorted, error: sorted ? undefined : (series.error ?? plant.error ?? undefined), retry }
}

/** useCounts counts the states once a second. */
export function useCounts(entries: readonly Entry[]): Counts {
  const { store } = useLive()
  const now = Math.max(useSecond(), nodeNow() - 1000)
  return countStates(entries, (id) => store.get(id), now)
}

/** useInState leaves those in a state, looked at once a second; without a state it leaves all and looks at nothing. */
export function useInState(entries: readonly Entry[], state: LiveState | undefined): readonly Entry[] {
  const { store } = useLive()
  const look = useCallback(
    () => (state ? inState(entries, state, (id) => store.get(id), nodeNow()) : entries),
    [entries, state, store],
  )
  const [held, setHeld] = useState({ look, list: entries })
  // Another question is answered at once, not with the next second.
  const fresh = held.look === look ? held : { look, list: look() }
  if (fresh !== held) setHeld(fresh)
  useEffect(() => {
    if (!state) return
    const timer = setInterval(() => {
      const list = look()
      setHeld((h) => (h.look === look && sameList(h.list, list) ? h : { look, list }))
    }, 1000)
    return () => clearInterval(timer)
  }, [look, state])
  return fresh.list
}
