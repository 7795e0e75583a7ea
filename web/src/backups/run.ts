import type { BackupJob, Me, Org } from '../api/types'
import { millis } from '../format/time'

/** runsNode tells whether to offer what concerns the node as a whole: it is for owners of the organisation that runs it. */
export function runsNode(me: Me, orgs: readonly Org[]): boolean {
  const home = new Set(orgs.filter((o) => o.home).map((o) => o.id))
  return me.roles.some((r) => r.role === 'owner' && home.has(r.org.id))
}

/** What a backup that ended well came to; figures of 64 bits are strings of digits. */
export interface Outcome {
  snapshot: string
  commit: string
  files: number
  bytes: string
  written: string
  damaged: number
  pruned?: { snapshots: number; pieces: number; bytes: string }
}

const record = (v: unknown): Record<string, unknown> => (typeof v === 'object' && v !== null ? { ...v } : {})
const digits = (v: unknown): string => (typeof v === 'string' || typeof v === 'number' ? String(v) : '0')
const number = (v: unknown): number => Number(digits(v))

/** outcomeOf reads a job's output; undefined where there is none. */
export function outcomeOf(job: Pick<BackupJob, 'output'>): Outcome | undefined {
  const o = record(job.output)
  if (typeof o.snapshot !== 'string') return undefined
  const p = record(o.pruned)
  return {
    snapshot: o.snapshot,
    commit: digits(o.commit),
    files: number(o.files),
    bytes: digits(o.bytes),
    written: digits(o.written),
    damaged: number(o.damaged),
    pruned:
      o.pruned === undefined
        ? undefined
        : {
            snapshots: Array.isArray(p.snapshots) ? p.snapshots.length : 0,
            pieces: number(p.pieces),
            bytes: digits(p.bytes),
          },
  }
}

/** wanted is what a job was asked for. */
export function wanted(job: Pick<BackupJob, 'input'>): { to: string; keep: number } {
  const i = record(job.input)
  return { to: typeof i.to === 'string' ? i.to : '', keep: number(i.keep) }
}

export const runs = (job: Pick<BackupJob, 'status'>): boolean => job.status === 'queued' || job.status === 'running'

export interface Seen {
  at: number
  done: number
}

export interface Pace {
  done: number
  total: number
  /** Of 0 to 1; undefined while it is not known how much there is. */
  share?: number
  bytesPerSecond?: number
  secondsLeft?: number
}

/** paceOf tells how fast a running backup is, by what was seen of it within the last seconds, oldest first. */
export function paceOf(job: Pick<BackupJob, 'done' | 'total'>, seen: readonly Seen[]): Pace {
  const [done, total] = [Number(job.done), Number(job.total)]
  const pace: Pace = { done, total }
  if (total > 0) pace.share = Math.min(1, done / total)
  const [first, last] = [seen[0], seen.at(-1)]
  if (first && last && last.at - first.at >= 1000 && last.done > first.done) {
    pace.bytesPerSecond = ((last.done - first.done) * 1000) / (last.at - first.at)
    if (total > done) pace.secondsLeft = (total - done) / pace.bytesPerSecond
  }
  return pace
}

/** note adds what is seen now and forgets what is older than ten seconds; the list stays the same where nothing is new. */
export function note(seen: readonly Seen[], next: Seen): readonly Seen[] {
  const last = seen.at(-1)
  if (last?.at === next.at) return seen
  return [...seen.filter((s) => s.at >= next.at - 10_000 && s.done <= next.done), next]
}

/** took is how long a job ran, in ms; NaN where it did not begin or has not ended. */
export const took = (job: Pick<BackupJob, 'started' | 'finished'>): number => millis(job.finished) - millis(job.started)

/** quoted writes a path for a shell of Unix. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
