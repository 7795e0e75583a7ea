import { createContext, use } from 'react'

import type { Fault, Problem } from '../api/problem'

/** What is wrong with the definition, by the place of the field: "patterns[0].shifts[1].start". */
export type Faults = ReadonlyMap<string, Fault>

export const FaultsContext = createContext<Faults>(new Map())

/** faultsOf takes the faults of a definition out of a problem. */
export function faultsOf(problem: Problem | null | undefined): Faults {
  const out = new Map<string, Fault>()
  for (const f of problem?.faults ?? []) {
    const place = /^body\.definition\.(.+)$/.exec(f.location ?? '')?.[1]
    if (place !== undefined && !out.has(place)) out.set(place, f)
  }
  return out
}

/** useFault is what is wrong at a place of the definition, in words. */
export function useFault(place: string): string | undefined {
  const f = use(FaultsContext).get(place)
  return f && [f.message, f.mend].filter(Boolean).join(' ')
}

/** FaultText stands below a field, or below what a place holds. */
export function FaultText({ at }: { at: string }) {
  const fault = useFault(at)
  return fault === undefined ? null : (
    <p className="field-fault" role="alert">
      {fault}
    </p>
  )
}
