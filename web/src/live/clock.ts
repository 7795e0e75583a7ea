import { useSyncExternalStore } from 'react'

// Ages are told by the node's clock: a desk computer that is minutes wrong must not show every value as stale.
let offset = 0

/** setNodeTime is told what the node's clock said and when (ms, this computer's clock) the question went and came. */
export function setNodeTime(node: number, asked: number, answered: number): void {
  if (Number.isFinite(node)) offset = node - (asked + answered) / 2
}

/** nodeNow is the present by the node's clock, in ms. */
export const nodeNow = (): number => Date.now() + offset

const listeners = new Set<() => void>()
let tick = 0
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(f: () => void): () => void {
  listeners.add(f)
  timer ??= setInterval(() => {
    tick = Math.floor(nodeNow() / 1000)
    for (const l of listeners) l()
  }, 1000)
  return () => {
    listeners.delete(f)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** useSecond renders again at each second and returns the present by the node's clock, in whole seconds as ms. */
export function useSecond(): number {
  return useSyncExternalStore(subscribe, () => tick || (tick = Math.floor(nodeNow() / 1000))) * 1000
}
