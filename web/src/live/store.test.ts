import { describe, expect, it, vi } from 'vitest'

import type { Latest } from '../api/types'
import { LiveStore, stateAt } from './store'

const at = (series: string, second: number, value: number): Latest => ({
  series,
  state: 'live',
  sample: {
    time: new Date(second * 1000).toISOString(),
    gatewayTime: new Date(second * 1000).toISOString(),
    origin: 'replayed',
    revision: 0,
    commit: '1',
    value,
    status: { code: 0, name: 'Good', class: 'good' },
  },
})

describe('LiveStore', () => {
  it('hands out what came between two frames at once, to those whom it concerns', () => {
    const frames: (() => void)[] = []
    const store = new LiveStore((f) => frames.push(f))
    const a = vi.fn()
    const b = vi.fn()
    const batch = vi.fn()
    store.subscribe('a', a)
    store.subscribe('b', b)
    store.onBatch(batch)
    store.apply([at('a', 1, 10)])
    store.apply([at('a', 2, 20)])
    expect(frames).toHaveLength(1)
    expect(store.get('a')).toBeUndefined()
    frames[0]?.()
    expect(a).toHaveBeenCalledTimes(1)
    expect(b).not.toHaveBeenCalled()
    expect(batch).toHaveBeenCalledTimes(1)
    expect(store.get('a')?.sample?.value).toBe(20)
  })
  it('never goes back in source time', () => {
    const store = new LiveStore((f) => f())
    store.apply([at('a', 5, 50)])
    store.apply([at('a', 4, 40)])
    expect(store.get('a')?.sample?.value).toBe(50)
  })
  it('forgets listeners that left', () => {
    const store = new LiveStore((f) => f())
    const f = vi.fn()
    store.subscribe('a', f)()
    store.apply([at('a', 1, 1)])
    expect(f).not.toHaveBeenCalled()
  })
})

describe('stateAt', () => {
  const store = new LiveStore((f) => f())
  store.apply([at('a', 100, 1), { series: 'never', sample: null, state: 'silent' }])
  it('turns stale by itself when the source keeps silent', () => {
    expect(stateAt(store.get('a'), 5000, 104_000)).toBe('live')
    expect(stateAt(store.get('a'), 5000, 108_000)).toBe('stale')
  })
  it('is silent where nothing ever came', () => {
    expect(stateAt(store.get('never'), 5000, 0)).toBe('silent')
    expect(stateAt(store.get('unknown'), 5000, 0)).toBe('silent')
  })
})
