import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'

type S = components['schemas']

export type Mine = S['MyRound']
export type Project = S['CallProject']
export type Round = S['CallRound']
export type RoundDetail = S['RoundDetail']
export type RoundFile = S['CallFile']
export type Ranking = S['Ranking']
export type Draw = S['DrawRecord']
export type Payment = S['PaymentView']
export type Review = S['MyReview']
export type Call = S['CallDetail']
export type Indicator = S['IndicatorView']
export type Standing = S['WhoStanding']
export type PublicRound = S['PublicRound']

export const keys = {
  all: () => ['programmes'] as const,
  mine: (org: string) => ['programmes', 'mine', org] as const,
  project: (id: string) => ['programmes', 'project', id] as const,
  round: (id: string) => ['programmes', 'round', id] as const,
  reviews: () => ['programmes', 'reviews'] as const,
}

// Steps are taken on the pages of cases, by oneself and by others: these two are asked for anew whenever they are opened.
export const useMine = (org: string) =>
  useQuery({
    queryKey: keys.mine(org),
    queryFn: ({ signal }) => all<Mine>('/programmes', { org }, signal),
    staleTime: 0,
  })

export const useProject = (id: string) =>
  useQuery({
    queryKey: keys.project(id),
    queryFn: ({ signal }) => get<Project>(`/programme-applications/${id}`, {}, signal),
    staleTime: 0,
  })

export const useRounds = (org: string) =>
  useQuery({
    queryKey: ['programmes', 'rounds', org],
    queryFn: ({ signal }) => all<Round>('/public/programme-rounds', { org }, signal),
  })

export const useCalls = () =>
  useQuery({
    queryKey: ['programmes', 'calls'],
    queryFn: ({ signal }) => all<Call>('/calls', {}, signal),
    staleTime: 300_000,
  })

export const useRound = (id: string) =>
  useQuery({
    queryKey: keys.round(id),
    queryFn: ({ signal }) => get<RoundDetail>(`/programme-rounds/${id}`, {}, signal),
  })

export const useRoundPart = <T>(id: string, part: string, on = true) =>
  useQuery({
    queryKey: [...keys.round(id), part],
    queryFn: ({ signal }) => all<T>(`/programme-rounds/${id}/${part}`, {}, signal),
    enabled: on,
  })

export const useRanking = (id: string, on: boolean) =>
  useQuery({
    queryKey: [...keys.round(id), 'ranking'],
    queryFn: ({ signal }) => get<Ranking>(`/programme-rounds/${id}/ranking`, {}, signal),
    enabled: on,
  })

export const useReviews = () =>
  useQuery({ queryKey: keys.reviews(), queryFn: ({ signal }) => all<Review>('/programme-reviews', {}, signal) })

export const useReview = (id: string) =>
  useQuery({
    queryKey: [...keys.reviews(), id],
    queryFn: ({ signal }) => get<Review>(`/programme-reviews/${id}`, {}, signal),
    refetchOnWindowFocus: false,
  })

export const usePublicRound = (id: string) =>
  useQuery({
    queryKey: ['programmes', 'public', id],
    queryFn: ({ signal }) => get<PublicRound>(`/public/programme-rounds/${id}`, {}, signal),
    retry: false,
  })
