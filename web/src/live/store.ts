import type { Latest, LiveState } from '../api/types'
import { instants } from './instant'

export interface LiveValue extends Latest {
  /** Source time of the sample in ms, or NaN. */
  ms: number
}

/**
 * LiveStore holds the latest value of every series that was asked for. What the stream brings is gathered and handed
 * out once per animation frame, and each listener hears only of its own series: a thousand changes cost one pass.
 */
export class LiveStore {
  private readonly values = new Map<string, LiveValue>()
  private pending = new Map<string, LiveValue>()
  private readonly bySeries = new Map<string, Set<() => void>>()
  private readonly batchListeners = new Set<(batch: LiveValue[]) => void>()
  private scheduled = false
  private readonly instant = instants()

  constructor(private readonly schedule: (flush: () => void) => void) {}

  get(series: string): LiveValue | undefined {
    return this.values.get(series)
  }

  /** apply takes values in any order; of two for a series the one with the later source time stays. */
  apply(items: readonly Latest[]): void {
    for (const item of items) {
      const value = { ...item, ms: item.sample ? this.instant(item.sample.time) : NaN }
      const held = this.pending.get(item.series) ?? this.values.get(item.series)
      if (held && held.ms > value.ms && item.sample) continue
      this.pending.set(item.series, value)
    }
    if (this.scheduled || this.pending.size === 0) return
    this.scheduled = true
    this.schedule(() => this.flush())
  }

  flush(): void {
    this.scheduled = false
    const batch = [...this.pending.values()]
    this.pending = new Map()
    for (const v of batch) this.values.set(v.series, v)
    for (const v of batch) for (const f of this.bySeries.get(v.series) ?? []) f()
    for (const f of this.batchListeners) f(batch)
  }

  subscribe(series: string, f: () => void): () => void {
    let set = this.bySeries.get(series)
    if (!set) this.bySeries.set(series, (set = new Set()))
    set.add(f)
    return () => {
      set.delete(f)
      if (set.size === 0 && this.bySeries.get(series) === set) this.bySeries.delete(series)
    }
  }

  onBatch(f: (batch: LiveValue[]) => void): () => void {
    this.batchListeners.add(f)
    return () => this.batchListeners.delete(f)
  }
}

/**
 * stateAt is the state of a series at `now` (node's clock, ms): what the node said, unless the value has since grown
 * older than the longest silence of its source.
 */
export function stateAt(v: LiveValue | undefined, maxSilence: number, now: number): LiveState {
  if (!v?.sample) return 'silent'
  if (v.state === 'live' && Number.isFinite(maxSilence) && now - v.ms > maxSilence + grace) return 'stale'
  return v.state
}

/** What the way from the node to this screen may take before a value is called stale: the stream brings two a second. */
const grace = 2_000
