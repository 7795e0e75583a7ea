import { describe, expect, it } from 'vitest'

import { Problem } from '../api/problem'
import { height, requestOf, rowOf, spanOf, standing, type Correction, type Draft } from './asked'
import { correctionsCsv } from './file'
import { overlay } from './overlay'

const draft: Draft = {
  kind: 'status',
  span: { from: 0, to: 1000 },
  factor: '',
  offset: '',
  status: 0x80000000,
  values: [{ time: '1970-01-01T00:00:00Z', value: 1 }],
  reason: ' broken wire ',
  reference: ' ',
}
const span = { from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T00:00:01.000Z' }

describe('requestOf', () => {
  it('takes of each kind only what belongs to it', () => {
    const reason = 'broken wire'
    expect(requestOf(draft)).toEqual({ kind: 'status', ...span, status: 0x80000000, reason })
    expect(requestOf({ ...draft, kind: 'withdraw' })).toEqual({ kind: 'withdraw', ...span, reason })
    expect(requestOf({ ...draft, kind: 'scale', factor: '0.1' })).toEqual({
      kind: 'scale',
      ...span,
      factor: 0.1,
      offset: 0,
      reason,
    })
    const reference = 'WO 1142'
    expect(requestOf({ ...draft, kind: 'enter', reference })).toEqual({
      kind: 'enter',
      values: draft.values,
      reason,
      reference,
    })
  })
})

const one = (id: string, more: Partial<Correction> = {}) => ({ id, ...more }) as Correction

describe('standing', () => {
  it('counts again what was undone and whose undoing was undone', () => {
    const list = [
      one('a', { undoneBy: 'u' }),
      one('u', { undoes: 'a', undoneBy: 'v' }),
      one('v', { undoes: 'u' }),
      one('b', { undoneBy: 'w' }),
      one('w', { undoes: 'b' }),
      one('c', { undoneBy: 'not here' }),
    ]
    expect([...standing(list)]).toEqual(['a', 'v', 'w'])
  })
})

describe('spanOf', () => {
  it('is what was asked for, the values given, or what was undone', () => {
    expect(spanOf(one('a', span))).toEqual(span)
    const values = [
      { time: 'x', value: 1 },
      { time: 'y', value: 2 },
    ]
    expect(spanOf(one('a', { values }))).toEqual({ from: 'x', to: 'y' })
    expect(spanOf(one('u', { undoes: 'a' }), one('a', span))).toEqual(span)
    expect(spanOf(one('u', { undoes: 'a' }))).toBeUndefined()
  })
})

describe('rowOf', () => {
  const values = [
    { time: '2026-05-04T08:00:00.5Z', value: 1 },
    { time: '2026-05-04T09:00:00Z', value: 2 },
  ]
  const refused = (location: string, value?: unknown) =>
    new Problem(422, 'x', 'x', [{ code: 'x', location, value, message: 'no', mend: 'do' }])
  it('finds a row by its place and by its time', () => {
    expect(rowOf(refused('body.values[1].value', 'a'), values)).toEqual({ row: 1, message: 'no do' })
    expect(rowOf(refused('body.values', '2026-05-04T16:00:00.5+08:00'), values)?.row).toBe(0)
    expect(rowOf(refused('body.values', '0'), values)).toBeUndefined()
    expect(rowOf(refused('body.reason', 'x'), values)).toBeUndefined()
  })
})

describe('overlay', () => {
  it('lays after over before, and marks what counts no more', () => {
    const made = overlay(
      [
        { t: 0, before: 0, after: 10 },
        { t: 1, before: 5, after: NaN },
        { t: 2, before: NaN, after: 0 },
      ],
      { width: 112, height: 112 },
    )
    expect(made).toEqual({
      before: 'M6 106L56 56',
      after: 'M6 6M106 106',
      lost: [[56, 56]],
      dots: [
        [6, 6],
        [106, 106],
      ],
      low: 0,
      high: 10,
    })
  })
  it('draws nothing where there is no number, and the greatest numbers without an overflow', () => {
    expect(overlay([{ t: 0, before: NaN, after: NaN }], { width: 10, height: 10 })).toBeUndefined()
    const far = Number.MAX_VALUE
    const made = overlay([{ t: 0, before: -far, after: far }], { width: 100, height: 100 })
    expect(made?.before).toBe('M50 94')
    expect(made?.after).toBe('M50 6')
  })
  it('takes no height from what is bad or withdrawn', () => {
    expect(height({ value: 3, status: { class: 'good' } })).toBe(3)
    expect(height({ value: '12', status: { class: 'uncertain' } })).toBe(12)
    expect(height({ value: 3, status: { class: 'bad' } })).toBeNaN()
    expect(height({ value: 3, status: { class: 'good' }, withdrawn: true })).toBeNaN()
    expect(height(undefined)).toBeNaN()
  })
})

describe('correctionsCsv', () => {
  it('writes who, what, why, quoted, and lets no reason become a formula', () => {
    const by = { kind: 'person', name: 'Wang' }
    const made = one('a', {
      ...span,
      at: '2026-05-04T08:00:00Z',
      by,
      kind: 'status',
      reason: '=cmd, "quoted"',
      status: 0x80000000,
      rows: 3,
      series: 's',
      state: 'applied',
    })
    const undo = one('u', {
      at: '2026-05-04T09:00:00Z',
      by,
      undoes: 'a',
      rows: 3,
      series: 's',
      state: 'applied',
      reason: 'no',
    })
    const lines = correctionsCsv([
      { c: undo, machine: 'Lathe', name: 'Load', what: 'Undo' },
      { c: made, machine: 'Lathe', name: 'Load', what: 'Set status' },
    ]).split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toContain(`,undo,Undo,${span.from},${span.to},3,`)
    expect(lines[2]).toContain(`,0x80000000,"'=cmd, ""quoted""",`)
  })
})
