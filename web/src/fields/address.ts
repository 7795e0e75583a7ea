import { useSearchParams } from 'react-router'

/** Filters of a list stand in the address: they can be kept, sent, and gone back to. */
export interface Filters {
  get: (key: string) => string
  where: string[]
  set: (changes: Record<string, string | string[] | undefined>) => void
  /** Something narrows the list. */
  any: boolean
  clear: () => void
}

export function useFilters(keys: readonly string[]): Filters {
  const [params, setParams] = useSearchParams()
  const where = params.getAll('where')
  return {
    get: (key) => params.get(key) ?? '',
    where,
    set: (changes) =>
      setParams(
        (now) => {
          const next = new URLSearchParams(now)
          for (const [key, value] of Object.entries(changes)) {
            next.delete(key)
            for (const v of Array.isArray(value) ? value : [value ?? '']) if (v) next.append(key, v)
          }
          return next
        },
        { replace: true, flushSync: true }, // a box is ticked at once, however busy the browser is
      ),
    any: where.length > 0 || keys.some((k) => params.get(k)),
    clear: () => setParams({}, { replace: true }),
  }
}
