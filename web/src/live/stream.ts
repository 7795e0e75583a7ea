import { base } from '../api/client'
import { SseParser, type SseEvent } from './sse'

export type LinkState = 'off' | 'connecting' | 'open' | 'lost'

export interface StreamStatus {
  state: LinkState
  /** When the stream was lost (ms), and when the next try comes. */
  since?: number
  next?: number
}

export interface Want {
  orgs: string[]
  machines: string[]
}

/** A handler that takes its time holds the next event back: the node then tells the latest state, not all in between. */
type Handler = (event: SseEvent) => void | Promise<void>

// Without a byte for this long (two heartbeats and a half) the line is dead even if nobody told us.
const silence = 40_000
const hiddenFor = 60_000
const firstWait = 1_000
const longestWait = 30_000

/**
 * Stream is the one live connection of this tab. Pages say what they want to hear of; the union is asked for. A lost
 * line is dialled again with growing waits; a tab that nobody sees for a minute hangs up, and dials when seen again.
 */
export class Stream {
  private readonly wants = new Set<Want>()
  private readonly handlers = new Set<Handler>()
  private readonly openListeners = new Set<() => void>()
  private readonly statusListeners = new Set<() => void>()
  private current: StreamStatus = { state: 'off' }
  private query = ''
  private abort: AbortController | undefined
  private attempt = 0
  private settle: ReturnType<typeof setTimeout> | undefined
  private retry: ReturnType<typeof setTimeout> | undefined
  private hide: ReturnType<typeof setTimeout> | undefined
  private hidden = false

  constructor(private readonly onRefused: (status: number) => void) {
    document.addEventListener('visibilitychange', () => this.visibility())
    window.addEventListener('online', () => this.now())
    // The computer knows at once that its network went; without this the silence would tell only after a while.
    window.addEventListener('offline', () => this.abort?.abort())
  }

  get status(): StreamStatus {
    return this.current
  }

  want(w: Want): () => void {
    this.wants.add(w)
    this.reconcile()
    return () => {
      this.wants.delete(w)
      this.reconcile()
    }
  }

  on(f: Handler): () => void {
    this.handlers.add(f)
    return () => this.handlers.delete(f)
  }

  /** onOpen is told at each (re)connection: what happened in between must be asked for. */
  onOpen(f: () => void): () => void {
    this.openListeners.add(f)
    return () => this.openListeners.delete(f)
  }

  onStatus(f: () => void): () => void {
    this.statusListeners.add(f)
    return () => this.statusListeners.delete(f)
  }

  /** now tries at once instead of waiting. */
  now(): void {
    if (this.current.state !== 'lost') return
    this.attempt = 0
    this.dial()
  }

  // A page that goes and a page that comes change the wants in one breath: one new connection serves both.
  private reconcile(): void {
    clearTimeout(this.settle)
    this.settle = setTimeout(() => {
      const query = queryOf([...this.wants])
      if (query === this.query && (this.abort || this.retry || query === '')) return
      this.query = query
      this.attempt = 0
      this.dial()
    }, 30)
  }

  private visibility(): void {
    clearTimeout(this.hide)
    if (document.visibilityState === 'hidden') {
      this.hide = setTimeout(() => {
        this.hidden = true
        this.dial()
      }, hiddenFor)
    } else if (this.hidden) {
      this.hidden = false
      this.attempt = 0
      this.dial()
    }
  }

  private dial(): void {
    this.abort?.abort()
    this.abort = undefined
    clearTimeout(this.retry)
    this.retry = undefined
    if (this.query === '' || this.hidden) return this.tell({ state: 'off' })
    const abort = new AbortController()
    this.abort = abort
    if (this.current.state !== 'lost') this.tell({ state: 'connecting' })
    this.read(abort).catch(() => {
      if (this.abort === abort) this.lost()
    })
  }

  private async read(abort: AbortController): Promise<void> {
    let watch: ReturnType<typeof setTimeout> | undefined
    const alive = () => {
      clearTimeout(watch)
      watch = setTimeout(() => abort.abort(), silence)
    }
    try {
      alive()
      const answer = await fetch(`${base}/live?${this.query}`, {
        headers: { Accept: 'text/event-stream' },
        credentials: 'same-origin',
        cache: 'no-store',
        signal: abort.signal,
      })
      if (!answer.ok || !answer.body) {
        if (answer.status === 401) this.onRefused(answer.status)
        throw new Error(`live stream refused: ${answer.status}`)
      }
      this.attempt = 0
      this.tell({ state: 'open' })
      for (const f of this.openListeners) f()
      const parser = new SseParser()
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) throw new Error('live stream ended')
        alive()
        for (const event of parser.push(value)) for (const f of this.handlers) await f(event)
      }
    } finally {
      clearTimeout(watch)
    }
  }

  private lost(): void {
    this.abort = undefined
    const wait = backoff(this.attempt++, Math.random())
    this.retry = setTimeout(() => this.dial(), wait)
    this.tell({ state: 'lost', since: this.current.since ?? Date.now(), next: Date.now() + wait })
  }

  private tell(s: StreamStatus): void {
    this.current = s
    for (const f of this.statusListeners) f()
  }
}

/** backoff is the wait before the next try, in ms: doubled each time up to 30 s, with a quarter of chance. */
export function backoff(attempt: number, chance: number): number {
  return Math.min(longestWait, firstWait * 2 ** Math.min(attempt, 10)) * (0.75 + 0.5 * chance)
}

/** queryOf is the union of all wants. Its order is fixed, so that the same wants are the same query. */
export function queryOf(wants: Want[]): string {
  const p = new URLSearchParams()
  for (const org of new Set(wants.flatMap((w) => w.orgs).sort())) p.append('org', org)
  for (const machine of new Set(wants.flatMap((w) => w.machines).sort())) p.append('machine', machine)
  return p.toString()
}
