import { describe, expect, it } from 'vitest'

import type { Bucket } from '../api/types'
import { rowsOf, shiftsIn } from './bars'
import {
  addPattern,
  addShift,
  byCycle,
  byWeek,
  clockOf,
  endAfter,
  lengthOf,
  resized,
  toDefinition,
  toDraft,
  turned,
  withoutCrew,
  withoutShift,
  worked,
  type Pattern,
} from './draft'
import { merged, parseList } from './exceptions'
import { fileName, fileText, readFile } from './transfer'
import { addDays, dateIn, instant, isDate, wall, weekday, within } from './zone'

const name = (zh: string) => ({ zh, en: zh })
const shanghai = 'Asia/Shanghai'
const berlin = 'Europe/Berlin'

describe('the clocks of a zone', () => {
  it('show what they show there, not here', () => {
    expect(new Date(wall(berlin, Date.UTC(2026, 6, 1, 10))).toISOString()).toBe('2026-07-01T12:00:00.000Z')
    expect(dateIn(shanghai, Date.UTC(2026, 10, 22, 16))).toBe('2026-11-23')
    expect(instant(shanghai, '2026-11-22', 480)).toBe(Date.UTC(2026, 10, 22))
  })
  it('change, and the instants of their times with them', () => {
    expect(instant(berlin, '2026-03-29', 0)).toBe(Date.UTC(2026, 2, 28, 23))
    expect(instant(berlin, '2026-03-29', 360)).toBe(Date.UTC(2026, 2, 29, 4))
    expect(instant(berlin, '2026-10-25', 360)).toBe(Date.UTC(2026, 9, 25, 5))
    expect(within(shanghai, '2026-11-22')).toBe('2026-11-22T15:59:00.000Z')
  })
  it('are UTC where the zone is unknown', () => {
    expect(wall('Mars/Base', 5000)).toBe(5000)
  })
  it('count days', () => {
    expect(addDays('2026-02-27', 2)).toBe('2026-03-01')
    expect([weekday('2026-11-23'), weekday('2026-11-22')]).toEqual([0, 6])
    expect(['2026-02-29', '2026-2-1', '2026-11-22'].map(isDate)).toEqual([false, false, true])
  })
})

const pattern: Pattern = {
  shifts: [
    { id: 'early', name: name('早班'), start: '08:00', end: '16:00' },
    { id: 'night', name: name('夜班'), start: '22:00', end: '06:00' },
  ],
  crews: [{ id: 'a', name: name('甲班') }],
  week: { mon: [{ shift: 'early', crew: 'a' }, { shift: 'night' }] },
}

describe('a draft', () => {
  it('measures shifts over midnight', () => {
    expect(pattern.shifts.map(lengthOf)).toEqual([480, 480])
    expect(lengthOf({ start: '08:00', end: '08:00' })).toBe(1440)
    expect(lengthOf({ start: '08:00', end: '' })).toBeNaN()
    expect(endAfter('22:30', 480)).toBe('06:30')
    expect(['8', '8:30', '0830', ' 22：15', 'noon', ''].map(clockOf)).toEqual([
      '08:00',
      '08:30',
      '08:30',
      '22:15',
      'noon',
      '',
    ])
  })
  it('comes from a definition and goes back into the same', () => {
    const d = {
      zone: shanghai,
      dayStart: '08:00',
      patterns: [{ shifts: pattern.shifts, crews: [], cycle: { days: [[{ shift: 'early' }]] } }],
      exceptions: [{ date: '2026-10-01', off: true, name: name('国庆节') }],
    }
    expect(toDefinition(toDraft(d))).toEqual(d)
    const lengths = {
      zone: 'UTC',
      patterns: [{ shifts: [{ id: 'x', name: name('x'), start: '22:00', length: '7h30m' }] }],
    }
    expect(toDraft(lengths).patterns[0]?.shifts[0]?.end).toBe('05:30')
    expect(toDraft({ zone: 'UTC' })).toEqual({
      zone: 'UTC',
      dayStart: '00:00',
      monthStart: 1,
      patterns: [],
      exceptions: [],
    })
  })
  it('loses the turns of a shift with it, but keeps those of a crew', () => {
    expect(withoutShift(pattern, 'early').week?.mon).toEqual([{ shift: 'night' }])
    expect(withoutCrew(pattern, 'a').week?.mon).toEqual([{ shift: 'early' }, { shift: 'night' }])
  })
  it('adds shifts that begin when the last one ends', () => {
    const more = addShift(addShift({ shifts: [], crews: [] }, name('x')), name('y'))
    expect(more.shifts.map((s) => [s.id, s.start, s.end])).toEqual([
      ['shift-1', '08:00', '16:00'],
      ['shift-2', '16:00', '00:00'],
    ])
  })
  it('says who works a shift of a day', () => {
    const mon = pattern.week?.mon ?? []
    expect([worked(mon, 'early'), worked(mon, 'night'), worked(mon, 'late')]).toEqual(['a', '', undefined])
    expect(turned(mon, 'early', undefined)).toEqual([{ shift: 'night' }])
    expect(turned(mon, 'early', '')).toEqual([{ shift: 'night' }, { shift: 'early' }])
    expect(turned([], 'early', 'a')).toEqual([{ shift: 'early', crew: 'a' }])
  })
  it('changes between weeks and cycles', () => {
    const cycle = byCycle(pattern, '2026-11-23')
    expect(cycle.week).toBeUndefined()
    expect(cycle.cycle?.first).toBe('2026-11-23')
    expect(cycle.cycle?.days.map((d) => d.length)).toEqual([2, 0, 0, 0, 0, 0, 0])
    expect(byWeek(cycle).week?.mon).toEqual(pattern.week?.mon)
    expect(byWeek({ shifts: [], crews: [], cycle: { days: [[{ shift: 'x' }]] } }).week?.sun).toEqual([{ shift: 'x' }])
    expect(resized([[{ shift: 'x' }], []], 3)).toEqual([[{ shift: 'x' }], [], [{ shift: 'x' }]])
    const d = addPattern({ zone: 'UTC', dayStart: '00:00', monthStart: 1, patterns: [], exceptions: [] }, '2026-01-01')
    expect(d.patterns[0]?.from).toBeUndefined()
    expect(addPattern(d, '2026-12-01').patterns[1]?.from).toBe('2026-12-01')
  })
})

describe('a pasted list', () => {
  it('is read as people write it', () => {
    const { found, faults } = parseList(`# 2026 年放假
2026-10-01..2026-10-07 off 国庆节
2026/1/1, 元旦
2026-10-10 as wed 调休上班
2026-10-11\tas=2026-10-02
2026年9月27日 按周五 调休

2026-05-01~2026-05-01 休`)
    expect(faults).toEqual([])
    expect(found).toEqual([
      { date: '2026-10-01', last: '2026-10-07', off: true, name: name('国庆节') },
      { date: '2026-01-01', last: undefined, off: true, name: name('元旦') },
      { date: '2026-10-10', last: undefined, as: 'wed', name: name('调休上班') },
      { date: '2026-10-11', last: undefined, as: '2026-10-02' },
      { date: '2026-09-27', last: undefined, as: 'fri', name: name('调休') },
      { date: '2026-05-01', last: undefined, off: true },
    ])
  })
  it('tells which line is wrong and why', () => {
    const { found, faults } = parseList(
      'tomorrow\n2026-02-30 off\n2026-10-07..2026-10-01\n2026-10-10 as caturday\n2026-10-12',
    )
    expect(found.map((x) => x.date)).toEqual(['2026-10-12'])
    expect(faults.map((f) => [f.line, f.why])).toEqual([
      [1, 'date'],
      [2, 'date'],
      [3, 'order'],
      [4, 'as'],
    ])
  })
  it('takes the place of what was there on the same date', () => {
    const held = [
      { date: '2026-10-01', off: true },
      { date: '2026-12-31', off: true },
    ]
    expect(
      merged(held, [
        { date: '2026-10-01', as: 'mon' },
        { date: '2026-01-01', off: true },
      ]),
    ).toEqual([
      { date: '2026-01-01', off: true },
      { date: '2026-10-01', as: 'mon' },
      { date: '2026-12-31', off: true },
    ])
  })
})

describe('the preview', () => {
  const bucket = (from: string, to: string, day: string, shift?: string, exception?: string): Bucket => ({
    from,
    to,
    hours: (Date.parse(to) - Date.parse(from)) / 3_600_000,
    name: name(''),
    day,
    works: shift !== undefined,
    shift: shift === undefined ? undefined : name(shift),
    exception: exception === undefined ? undefined : name(exception),
  })
  it('lays shifts out by production day, and goes on in the next row', () => {
    const rows = rowsOf(
      [
        bucket('2026-11-22T14:00:00Z', '2026-11-22T22:00:00Z', '2026-11-22', '夜班'),
        bucket('2026-11-22T22:00:00Z', '2026-11-23T16:00:00Z', '2026-11-23', undefined, '停产'),
      ],
      shanghai,
      0,
      '2026-11-22',
      2,
    )
    expect(rows.map((r) => [r.date, r.works, r.bars.map((b) => [b.from, b.to, b.goesOn])])).toEqual([
      ['2026-11-22', true, [[22 / 24, 1, false]]],
      ['2026-11-23', false, [[0, 0.25, true]]],
    ])
    expect(rows[1]?.exception).toEqual(name('停产'))
    expect(rows[0]?.bars[0]?.clock).toBe('22:00–06:00')
    expect(shiftsIn(rows)).toEqual(['夜班/夜班'])
  })
  it('begins rows with the production day', () => {
    const rows = rowsOf(
      [bucket('2026-11-22T16:00:00Z', '2026-11-23T00:00:00Z', '2026-11-22', '夜班')],
      shanghai,
      480,
      '2026-11-22',
      1,
    )
    expect(rows[0]?.bars.map((b) => [b.from, b.to, b.goesOn])).toEqual([[16 / 24, 1, false]])
  })
})

describe('a calendar in a file', () => {
  const c = { name: name('三班'), definition: { zone: shanghai, patterns: [] } }
  it('is read again as it was written, or bare', () => {
    expect(readFile(fileText(c))).toEqual(c)
    expect(readFile('{"zone":"UTC"}')).toEqual({ name: undefined, definition: { zone: 'UTC' } })
    expect(readFile('{"name":{"zh":"甲"},"definition":{"zone":"UTC"}}')).toMatchObject({ name: name('甲') })
  })
  it('is refused where it is none', () => {
    expect(readFile('{')).toMatchObject({ fault: 'json' })
    for (const bad of ['[]', '{}', '{"zone":5}', '{"zone":"UTC","patterns":{}}']) {
      expect(readFile(bad)).toEqual({ fault: 'form' })
    }
    expect(readFile(' '.repeat(300_000))).toEqual({ fault: 'long' })
  })
  it('has a name that every system takes', () => {
    expect(fileName('一厂 三班/两休')).toBe('一厂-三班-两休.json')
    expect(fileName('')).toBe('calendar.json')
  })
})
