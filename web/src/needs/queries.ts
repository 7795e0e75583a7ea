import { useQuery } from '@tanstack/react-query'

import { get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'

type S = components['schemas']

export type Need = S['NeedView']
export type Brief = NonNullable<Need['brief']>
export type Match = S['MatchView']
export type Reason = S['Reason']
export type Fitting = S['FittingView']
export type Supply = S['SupplyView']
export type Listing = S['ListingView']
export type Contact = S['ContactView']
export type ContactStep = S['ContactStepView']
export type Rated = S['Rated']
export type Rating = S['RatingView']
export type Funnel = S['Funnel']
export type Kinds = S['KindsView']
export type Meet = S['EventView']
export type Guest = S['GuestView']
export type Meeting = S['MeetingView']
export type Invitation = S['EventInvitationView']

const base = '/matching'

export const needKeys = { all: ['matching'] as const }

/** useKinds are the kinds of needs; the same for everybody. */
export const useKinds = () =>
  useQuery({
    queryKey: ['matching', 'kinds'],
    queryFn: ({ signal }) => get<Kinds>(`${base}/public/kinds`, {}, signal),
    staleTime: 3_600_000,
  })

export interface NeedFilter {
  org?: string
  state?: string
  kind?: string
  cursor?: string
}

export const useNeeds = (filter: NeedFilter) =>
  useQuery({
    queryKey: ['matching', 'needs', filter],
    queryFn: ({ signal }) => get<Page<Need>>(`${base}/needs`, { ...filter, limit: 50 }, signal),
  })

export const useNeed = (id: string) =>
  useQuery({
    queryKey: ['matching', 'need', id],
    queryFn: ({ signal }) => get<Need>(`${base}/needs/${id}`, {}, signal),
  })

export const useMatches = (id: string, on: boolean) =>
  useQuery({
    queryKey: ['matching', 'matches', id],
    queryFn: async ({ signal }) => (await get<Page<Match>>(`${base}/needs/${id}/matches`, {}, signal)).items ?? [],
    enabled: on,
  })

export const useFitting = (org: string) =>
  useQuery({
    queryKey: ['matching', 'fitting', org],
    queryFn: async ({ signal }) =>
      (await get<Page<Fitting>>(`${base}/fitting-needs`, { org, limit: 50 }, signal)).items ?? [],
  })

export const useListings = (org: string) =>
  useQuery({
    queryKey: ['matching', 'listings', org],
    queryFn: async ({ signal }) => (await get<Page<Listing>>(`${base}/supplies`, { org }, signal)).items ?? [],
  })

export const useContacts = (filter: { org?: string; need?: string; all?: boolean }) =>
  useQuery({
    queryKey: ['matching', 'contacts', filter],
    queryFn: async ({ signal }) =>
      (await get<Page<Contact>>(`${base}/contacts`, { ...filter, limit: 100 }, signal)).items ?? [],
  })

export const useContact = (id: string, org: string) =>
  useQuery({
    queryKey: ['matching', 'contact', id, org],
    queryFn: ({ signal }) => get<Contact>(`${base}/contacts/${id}`, { org }, signal),
  })

export const useSteps = (id: string) =>
  useQuery({
    queryKey: ['matching', 'steps', id],
    queryFn: async ({ signal }) =>
      (await get<Page<ContactStep>>(`${base}/contacts/${id}/steps`, { limit: 500 }, signal)).items ?? [],
  })

export const useRated = (provider: string) =>
  useQuery({
    queryKey: ['matching', 'rated', provider],
    queryFn: ({ signal }) => get<Rated>(`${base}/providers/${provider}/rating`, {}, signal),
  })

export const useRatings = (provider: string) =>
  useQuery({
    queryKey: ['matching', 'ratings', provider],
    queryFn: async ({ signal }) =>
      (await get<Page<Rating>>(`${base}/providers/${provider}/ratings`, { limit: 50 }, signal)).items ?? [],
  })

export const useFunnel = (on: boolean) =>
  useQuery({
    queryKey: ['matching', 'funnel'],
    queryFn: ({ signal }) => get<Funnel>(`${base}/funnel`, {}, signal),
    enabled: on,
    retry: false,
  })

export const useMeets = () =>
  useQuery({
    queryKey: ['matching', 'events'],
    queryFn: async ({ signal }) => (await get<Page<Meet>>(`${base}/events`, { limit: 50 }, signal)).items ?? [],
  })

export const useMeet = (id: string) =>
  useQuery({
    queryKey: ['matching', 'event', id],
    queryFn: ({ signal }) => get<Meet>(`${base}/events/${id}`, {}, signal),
  })

export const useGuests = (id: string, org: string) =>
  useQuery({
    queryKey: ['matching', 'guests', id, org],
    queryFn: async ({ signal }) => (await get<Page<Guest>>(`${base}/events/${id}/guests`, { org }, signal)).items ?? [],
  })

export const useMeetings = (id: string) =>
  useQuery({
    queryKey: ['matching', 'meetings', id],
    queryFn: async ({ signal }) => (await get<Page<Meeting>>(`${base}/events/${id}/table`, {}, signal)).items ?? [],
  })

export const useInvitations = (id: string, on: boolean) =>
  useQuery({
    queryKey: ['matching', 'invitations', id],
    queryFn: async ({ signal }) =>
      (await get<Page<Invitation>>(`${base}/events/${id}/invitations`, {}, signal)).items ?? [],
    enabled: on,
  })

export interface Shown {
  items: Supply[]
  total: number
}

export const useShowWindow = (filter: Record<string, string | number | undefined>) =>
  useQuery({
    queryKey: ['matching', 'window', filter],
    queryFn: ({ signal }) => get<Shown>(`${base}/public/supplies`, filter, signal),
    placeholderData: (before) => before,
  })
