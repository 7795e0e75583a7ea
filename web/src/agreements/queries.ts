import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'

type S = components['schemas']

export type Agreement = S['AgreementView']
export type Version = S['AgreementVersion']
export type Terms = Omit<Version, 'version' | 'hash' | 'giverAccepted' | 'takerAccepted'>
export type Party = S['AgreementParty']
export type Acceptance = S['AgreementAcceptance']
export type Act = S['AgreementActView']
export type StreamOf = S['StreamView']
export type Question = S['QuestionView']
export type Peer = S['PeerView']
export type Side = 'giver' | 'taker'

export const agreementKeys = {
  all: () => ['agreements'] as const,
  peers: () => ['neighbours'] as const,
}

export const useAgreements = (org: string, side?: Side, standing?: boolean) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'list', org, side, standing],
    queryFn: ({ signal }) =>
      all<Agreement>('/agreements', { org, side, standing: standing === true ? true : undefined }, signal, 5000),
  })

export const useAgreement = (id: string) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'one', id],
    queryFn: ({ signal }) => get<Agreement>(`/agreements/${id}`, {}, signal),
  })

export const useVersions = (id: string) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'one', id, 'versions'],
    queryFn: ({ signal }) => all<Version>(`/agreements/${id}/versions`, {}, signal),
  })

export const useActs = (id: string) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'one', id, 'acts'],
    queryFn: ({ signal }) => all<Act>(`/agreements/${id}/acts`, {}, signal),
  })

/** The stream moves by itself: it is asked for again while it is looked at. */
export const useStreamOf = (id: string, enabled: boolean) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'one', id, 'stream'],
    queryFn: ({ signal }) => get<StreamOf>(`/agreements/${id}/stream`, {}, signal),
    enabled,
    refetchInterval: 5_000,
  })

/** How many questions a page shows. */
const questionsShown = 50

export const useQuestions = (id: string, side: Side | undefined, cursor: string) =>
  useQuery({
    queryKey: [...agreementKeys.all(), 'one', id, 'questions', side, cursor],
    queryFn: ({ signal }) =>
      get<Page<Question>>(`/agreements/${id}/questions`, { side, limit: questionsShown, cursor }, signal),
  })

export const usePeers = (enabled = true) =>
  useQuery({
    queryKey: agreementKeys.peers(),
    queryFn: ({ signal }) => all<Peer>('/neighbours', {}, signal),
    enabled,
    refetchInterval: 5_000,
  })
