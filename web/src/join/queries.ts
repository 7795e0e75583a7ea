import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import type { Key } from '../i18n'

type S = components['schemas']

export type Application = S['JoinApplication']
export type Detail = S['JoinDetail']
export type Mandate = S['MandateView']
export type Industry = S['Industry']
export type Ways = S['SignInWays']

export type Content = Record<string, string | number | undefined>
export const contentOf = (a: Application): Content => (a.content ?? {}) as Content

export const joinKeys = {
  ways: () => ['ways'] as const,
  mine: () => ['applications', 'mine'] as const,
  one: (id: string) => ['applications', 'one', id] as const,
  reviews: (...asked: unknown[]) => ['applications', 'reviews', ...asked] as const,
  industries: () => ['industries'] as const,
  mandates: (...asked: unknown[]) => ['mandates', ...asked] as const,
}

export const useWays = () =>
  useQuery({
    queryKey: joinKeys.ways(),
    queryFn: ({ signal }) => get<Ways>('/session/ways', {}, signal),
    staleTime: 300_000,
  })

export const useIndustries = () =>
  useQuery({
    queryKey: joinKeys.industries(),
    queryFn: ({ signal }) => all<Industry>('/join/industries', {}, signal),
    staleTime: Infinity,
  })

export const useMine = () =>
  useQuery({
    queryKey: joinKeys.mine(),
    queryFn: ({ signal }) => all<Application>('/join/applications', {}, signal, 100),
  })

export const useApplication = (id: string) =>
  useQuery({
    queryKey: joinKeys.one(id),
    queryFn: ({ signal }) => get<Detail>(`/join/applications/${id}`, {}, signal),
    enabled: id !== '',
  })

export const useMyMandates = () =>
  useQuery({
    queryKey: joinKeys.mandates('me'),
    queryFn: ({ signal }) => all<Mandate>('/me/mandates', {}, signal, 100),
  })

export const reviewSize = 50

export interface Narrow {
  org?: string
  state?: string
  kind?: string
  q?: string
}

export const useReviews = (f: Narrow, cursor: string | undefined) =>
  useQuery({
    queryKey: joinKeys.reviews(f, cursor),
    queryFn: ({ signal }) => get<Page<Application>>('/join/reviews', { ...f, cursor, limit: reviewSize }, signal),
    placeholderData: (before) => before,
  })

export const useMandates = (org: string | undefined, cursor: string | undefined) =>
  useQuery({
    queryKey: joinKeys.mandates(org, cursor),
    queryFn: ({ signal }) => get<Page<Mandate>>('/mandates', { org, cursor, limit: reviewSize }, signal),
    placeholderData: (before) => before,
  })

export const stateKey: Record<Application['state'], Key> = {
  draft: 'join.draft',
  submitted: 'join.submitted',
  returned: 'join.returned',
  approved: 'join.approved',
  refused: 'join.refused',
  withdrawn: 'join.withdrawn',
}

const tones: Record<Application['state'], string> = {
  draft: 'tag',
  submitted: 'tag info',
  returned: 'tag warning',
  approved: 'tag good',
  refused: 'tag error',
  withdrawn: 'tag',
}
export const toneOf = (state: Application['state']) => tones[state]
