import { describe, expect, it } from 'vitest'

import { millis } from '../format/time'
import { instants } from './instant'
import { cutItems, inSlices, parseItems, sortInSlices } from './slices'

const hard = '},{"series":"x"},\\ ]}'
const page = (n: number) => ({
  items: Array.from({ length: n }, (_, i) => ({ series: `s${i}`, sample: { value: i % 7 ? i : hard }, state: 'live' })),
})

describe('parseItems', () => {
  it('gives what JSON.parse gives, wherever it cuts', () => {
    const { items } = page(200)
    const text = JSON.stringify({ items })
    for (const length of [0, 1, 50, 333, 100_000]) {
      const pieces = [...cutItems(text, 'series', length)]
      expect(pieces.flatMap((p) => JSON.parse(`[${p}]`) as unknown[])).toEqual(items)
    }
  })
  it('hands out in pieces, and reads what has another form at once', async () => {
    const got: unknown[] = []
    let pieces = 0
    const take = (some: unknown[]) => {
      pieces++
      got.push(...some)
    }
    const { items } = page(5000)
    await parseItems(JSON.stringify({ items }), 'series', take)
    expect(got).toEqual(items)
    expect(pieces).toBeGreaterThan(3)
    for (const other of ['{"items":null}', '{"items":[]}', '{"next":"x","items":[{"a":1}]}']) {
      got.length = 0
      await parseItems(other, 'series', take)
      expect(got).toEqual((JSON.parse(other) as { items: unknown[] | null }).items ?? [])
    }
    await expect(parseItems('no JSON', 'series', take)).rejects.toThrow()
    await expect(parseItems('{"items":[{"series":1},{"series":]}', 'series', take)).rejects.toThrow()
  })
})

describe('inSlices', () => {
  it('leaves nothing out', async () => {
    const got: number[] = []
    await inSlices(
      Array.from({ length: 1234 }, (_, i) => i),
      (some) => got.push(...some),
    )
    expect(got).toHaveLength(1234)
    expect(got.at(-1)).toBe(1233)
  })
})

describe('sortInSlices', () => {
  it('sorts as Array.sort does, equal ones in their order', async () => {
    for (const n of [0, 1, 2, 255, 256, 257, 1000, 5000]) {
      const list = Array.from({ length: n }, (_, i) => ({ key: (i * 7919) % 37, i }))
      const compare = (a: { key: number }, b: { key: number }) => a.key - b.key
      expect(await sortInSlices(list, compare)).toEqual([...list].sort(compare))
    }
  })
})

describe('instants', () => {
  it('reads as millis does', () => {
    const read = instants()
    for (const time of [
      '2026-11-22T08:00:00Z',
      '2026-11-22T08:00:00.5Z',
      '2026-11-22T08:00:00.123456789Z',
      '2026-11-22T08:00:01.000000001Z',
      '2026-11-22T16:00:01.25+08:00',
      '1999-12-31T23:59:59.999Z',
    ])
      expect(read(time), time).toBeCloseTo(millis(time), 6)
    expect(read('')).toBeNaN()
    expect(read('2026-13-45T99:00:00Z')).toBeNaN()
  })
})
