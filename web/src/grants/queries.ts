import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'

type S = components['schemas']

export type Grant = S['GrantView']
export type Choices = S['GrantChoices']

export const grantKeys = {
  all: () => ['grants'] as const,
}

export const useGrants = (org: string, side: 'given' | 'received', standing: boolean) =>
  useQuery({
    queryKey: [...grantKeys.all(), 'list', org, side, standing],
    queryFn: ({ signal }) => all<Grant>('/grants', { org, side, standing: standing || undefined }, signal, 1000),
  })

export const useGrantChoices = () =>
  useQuery({
    queryKey: [...grantKeys.all(), 'choices'],
    queryFn: ({ signal }) => get<Choices>('/grants/choices', {}, signal),
    staleTime: 300_000,
  })

export const useGrantReads = (id: string) =>
  useQuery({
    queryKey: [...grantKeys.all(), 'reads', id],
    queryFn: ({ signal }) => all<S['GrantReadsView']>(`/grants/${id}/reads`, {}, signal, 1000),
  })
