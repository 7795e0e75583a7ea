import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { get } from '../api/client'
import type { components } from '../api/schema'
import { withQuery } from '../fields/transfer'

type S = components['schemas']

export type Hit = S['HitView']
export type Span = S['Span']
export type Facet = S['FacetView']
export type Found = S['FoundView']

/** facets by which an answer is narrowed, as they are called in the address and by the node. */
export const facets = ['kind', 'collection', 'state', 'region', 'industry', 'year'] as const

export interface Ask {
  q: string
  typing?: boolean
  limit?: number
  /** [facet, value] */
  narrow?: [string, string][]
  cursor?: string
}

const path = (of: string, a: Ask) =>
  withQuery(of, [
    ['q', a.q],
    ['typing', a.typing ? 'true' : undefined],
    ['limit', String(a.limit ?? 20)],
    ['cursor', a.cursor],
    ...(a.narrow ?? []),
  ])

/** useFound asks the node; of "public" what anybody may see. */
export const useFound = (ask: Ask, of: 'search' | 'public' = 'search', enabled = true) =>
  useQuery({
    queryKey: ['search', of, ask],
    queryFn: ({ signal }) => get<Found>(path(of === 'public' ? '/public/search' : '/search', ask), {}, signal),
    placeholderData: keepPreviousData,
    enabled,
  })

/** whereTo is the address of a hit inside an organisation; nothing where it has no page of its own. */
export function whereTo(h: Hit): string | undefined {
  if (h.kind === 'entry') return `registers/${h.collection}/${h.id}`
  if (h.kind === 'case') return `cases/${h.id}`
  if (h.kind === 'fact') return `facts/${h.id}`
  return undefined
}
