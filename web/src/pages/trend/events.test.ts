import { describe, expect, it } from 'vitest'

import type { AuditEntry, Condition } from '../../api/types'
import { changeEvents, cluster, conditionEvents, dataEvents, within, type TrendEvent, type Words } from './events'

const words: Words = {
  n: (x) => (typeof x === 'string' ? x : (x?.en ?? '')),
  quality: (q, s) => `${q} ${s}`.trim(),
  lastSeen: (name) => `${name} seen`,
}
const at = (t: number, to?: number, kind: TrendEvent['kind'] = 'data', severity: TrendEvent['severity'] = 'info') => ({
  id: `${kind}${t}`,
  kind,
  t,
  to,
  severity,
  title: '',
  subject: '',
})

describe('events', () => {
  it('begin where a condition was raised and last while it is open', () => {
    const c = { id: '1', raised: '1970-01-01T00:00:10Z', severity: 'error', text: { en: 'down' }, kind: 'link.down' }
    const [e] = conditionEvents([c as unknown as Condition], words)
    expect([e?.t, e?.to, e?.title, e?.subject]).toEqual([10_000, Infinity, 'down', 'link.down'])
    expect(within(e ? [e] : [], { from: 20_000, to: 30_000 })).toHaveLength(1)
    expect(within(e ? [e] : [], { from: 0, to: 10_000 })).toHaveLength(0)
  })
  it('leave sign-ins out of the changes', () => {
    const entry = (verb: string) => ({ id: verb, verb, time: '1970-01-01T00:00:01Z', object: 'o', actor: 'a' })
    const all = changeEvents(
      [entry('auth.session.open'), entry('plant.node.move')] as unknown as AuditEntry[],
      (v) => `(${v})`,
    )
    expect(all.map((e) => [e.title, e.subject])).toEqual([['(plant.node.move)', 'o · a']])
  })
  it('tell where data are bad or missing, not where they are uncertain', () => {
    const quality = [
      { from: 1, to: 2, quality: 'bad' as const, name: 'BadTimeout' },
      { from: 3, to: 4, quality: 'uncertain' as const, name: 'Uncertain' },
      { from: 5, to: 6, quality: 'gap' as const, name: '' },
    ]
    expect(dataEvents([{ id: 's', name: 'S', trace: { quality } }], words).map((e) => [e.t, e.to, e.title])).toEqual([
      [1, 2, 'bad BadTimeout'],
      [5, 6, 'gap'],
    ])
  })
})

describe('cluster', () => {
  it('joins marks that would lie upon each other, each kind for itself, the worst first', () => {
    const made = cluster(
      [at(10), at(10.5, 40, 'data', 'error'), at(10.2, undefined, 'change'), at(50)],
      { from: 0, to: 100 },
      0.01,
    )
    expect(made.map((c) => [c.kind, c.at, c.until, c.events.length, c.severity])).toEqual([
      ['data', 0.1, 0.4, 2, 'error'],
      ['change', 0.102, 0.102, 1, 'info'],
      ['data', 0.5, 0.5, 1, 'info'],
    ])
  })
  it('draws no line for what happened at once', () => {
    const made = cluster([at(10, undefined, 'change'), at(12, undefined, 'change')], { from: 0, to: 100 }, 0.05)
    expect(made.map((c) => [c.at, c.until, c.events.length])).toEqual([[0.1, 0.1, 2]])
  })
  it('cuts what began before and lasts beyond the span', () => {
    const [c] = cluster([at(-50, Infinity)], { from: 0, to: 100 }, 0.01)
    expect([c?.at, c?.until]).toEqual([0, 1])
  })
})
