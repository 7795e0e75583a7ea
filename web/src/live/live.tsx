import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useSyncExternalStore } from 'react'

import { keys } from '../api/queries'
import type { Gateway, Latest, Source } from '../api/types'
import { inSlices, parseItems } from './slices'
import type { SseEvent } from './sse'
import { LiveStore, type LiveValue } from './store'
import { Stream, type StreamStatus } from './stream'

export interface Live {
  store: LiveStore
  stream: Stream
}

/** newLive joins the stream of this tab with the store of values and with the lists that the stream keeps fresh. */
export function newLive(queries: QueryClient, onSignedOut: () => void): Live {
  const store = new LiveStore((flush) => requestAnimationFrame(flush))
  const stream = new Stream(onSignedOut)
  stream.on((event) => receive(event, store, queries))
  let opened = false
  stream.onOpen(() => {
    // What changed while the line was down is asked for; the very first time the pages have just asked themselves.
    if (opened) void queries.invalidateQueries({ predicate: (q) => q.meta?.live === true })
    opened = true
  })
  return { store, stream }
}

async function receive(event: SseEvent, store: LiveStore, queries: QueryClient): Promise<void> {
  if (event.event === 'values') {
    try {
      await parseItems(event.data, 'series', (some) => store.apply(some as Latest[]))
    } catch {
      // What is no JSON is passed over, as with the other events.
    }
  } else if (event.event === 'gateways') {
    merge(items<Gateway>(event.data), keys.gateways(), queries)
  } else if (event.event === 'sources') {
    merge(items<Source>(event.data), keys.sources(), queries)
  } else if (event.event === 'conditions') {
    // Whether an event tells all or only what changed: the list is asked for, it is short.
    void queries.invalidateQueries({ queryKey: keys.conditions() })
  }
}

interface Listed {
  id: string
  org: string
}

/** merge puts what the stream tells of changed things into the lists that are held; a new thing has its list asked for. */
function merge(told: Listed[], queryKey: readonly string[], queries: QueryClient): void {
  const changed = new Map(told.map((x) => [x.id, x]))
  for (const [key, held] of queries.getQueriesData<Listed[]>({ queryKey })) {
    if (!held) continue
    if (told.some((x) => x.org === key[1] && !held.some((h) => h.id === x.id))) {
      void queries.invalidateQueries({ queryKey: key })
    } else if (held.some((h) => changed.has(h.id))) {
      queries.setQueryData(
        key,
        held.map((h) => changed.get(h.id) ?? h),
      )
    }
  }
}

function items<T>(data: string): T[] {
  try {
    return (JSON.parse(data) as { items?: T[] | null }).items ?? []
  } catch {
    return []
  }
}

const LiveContext = createContext<Live | undefined>(undefined)
export const LiveProvider = LiveContext.Provider

export function useLive(): Live {
  const live = use(LiveContext)
  if (!live) throw new Error('useLive outside LiveProvider')
  return live
}

/** useWant keeps this tab's stream telling of an organisation and, where given, of a machine while the page stands. */
export function useWant(org: string | undefined, machine?: string): void {
  const { stream } = useLive()
  useEffect(() => {
    if (!org && !machine) return
    return stream.want({ orgs: org ? [org] : [], machines: machine ? [machine] : [] })
  }, [stream, org, machine])
}

export function useLiveValue(series: string): LiveValue | undefined {
  const { store } = useLive()
  return useSyncExternalStore(
    (f) => store.subscribe(series, f),
    () => store.get(series),
  )
}

export function useStreamStatus(): StreamStatus {
  const { stream } = useLive()
  return useSyncExternalStore(
    (f) => stream.onStatus(f),
    () => stream.status,
  )
}

/** useSeed puts the answer of /latest into the store, in slices. */
export function useSeed(latest: Latest[] | undefined): void {
  const { store } = useLive()
  useEffect(() => {
    if (latest) void inSlices(latest, (some) => store.apply(some))
  }, [store, latest])
}

/** useRefreshed gives a function that asks again for everything under a key. */
export function useRefreshed(): (...queryKeys: (readonly unknown[])[]) => Promise<void> {
  const queries = useQueryClient()
  return async (...queryKeys) => {
    await Promise.all(queryKeys.map((queryKey) => queries.invalidateQueries({ queryKey })))
  }
}
