import { describe, expect, it } from 'vitest'

import type { Me, Org } from '../api/types'
import { note, outcomeOf, paceOf, quoted, runs, runsNode, took, wanted } from './run'

describe('a backup', () => {
  it('is for owners of the organisation that runs the node', () => {
    const orgs = [
      { id: 'home', home: true },
      { id: 'child', parent: 'home' },
    ] as Org[]
    const me = (role: string, org: string) => ({ roles: [{ role, org: { id: org } }] }) as Me
    expect(runsNode(me('owner', 'home'), orgs)).toBe(true)
    expect(runsNode(me('engineer', 'home'), orgs)).toBe(false)
    expect(runsNode(me('owner', 'child'), orgs)).toBe(false)
    expect(runsNode(me('owner', 'child'), orgs.slice(1))).toBe(false)
  })
  it('tells what it came to', () => {
    const output = {
      snapshot: '20261122T010203Z',
      commit: '9007199254740993',
      files: 12,
      bytes: '2048',
      written: '5',
      damaged: 0,
    }
    expect(outcomeOf({ output })).toEqual({ ...output, pruned: undefined })
    expect(
      outcomeOf({ output: { ...output, pruned: { snapshots: ['a', 'b'], pieces: 7, bytes: '4096' } } })?.pruned,
    ).toEqual({
      snapshots: 2,
      pieces: 7,
      bytes: '4096',
    })
    for (const nothing of [undefined, null, 'x', {}]) expect(outcomeOf({ output: nothing })).toBeUndefined()
  })
  it('knows what it was asked for', () => {
    expect(wanted({ input: { to: '/mnt/b', keep: 7 } })).toEqual({ to: '/mnt/b', keep: 7 })
    expect(wanted({ input: undefined })).toEqual({ to: '', keep: 0 })
  })
  it('runs until it ended', () => {
    expect((['queued', 'running', 'done', 'failed', 'cancelled'] as const).map((status) => runs({ status }))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(took({ started: '2026-01-01T00:00:00Z', finished: '2026-01-01T00:00:02.5Z' })).toBe(2500)
    expect(took({ started: '2026-01-01T00:00:00Z' })).toBeNaN()
  })
})

describe('progress', () => {
  it('has a pace once it was watched for a second', () => {
    const job = { done: '300', total: '1000' }
    expect(paceOf(job, [])).toEqual({ done: 300, total: 1000, share: 0.3 })
    expect(
      paceOf(job, [
        { at: 0, done: 100 },
        { at: 999, done: 300 },
      ]).bytesPerSecond,
    ).toBeUndefined()
    expect(
      paceOf(job, [
        { at: 0, done: 100 },
        { at: 2000, done: 300 },
      ]),
    ).toEqual({
      done: 300,
      total: 1000,
      share: 0.3,
      bytesPerSecond: 100,
      secondsLeft: 7,
    })
    // What stands still has none, and figures come as digits.
    expect(
      paceOf({ done: '5', total: '0' }, [
        { at: 0, done: 5 },
        { at: 5000, done: 5 },
      ]),
    ).toEqual({
      done: 5,
      total: 0,
    })
  })
  it('forgets what is long ago, and what was before it began anew', () => {
    const seen = note(
      [
        { at: 0, done: 1 },
        { at: 5000, done: 2 },
      ],
      { at: 11_000, done: 3 },
    )
    expect(seen).toEqual([
      { at: 5000, done: 2 },
      { at: 11_000, done: 3 },
    ])
    expect(note(seen, { at: 11_000, done: 3 })).toBe(seen)
    expect(note(seen, { at: 12_000, done: 0 })).toEqual([{ at: 12_000, done: 0 }])
  })
})

describe('command lines', () => {
  it('quote what a shell would read otherwise', () => {
    expect(quoted('/mnt/backup/node-1')).toBe('/mnt/backup/node-1')
    expect(quoted('/mnt/my disk')).toBe("'/mnt/my disk'")
    expect(quoted("/a'b")).toBe(`'/a'\\''b'`)
    expect(quoted('')).toBe("''")
  })
})
