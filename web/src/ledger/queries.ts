import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'

type S = components['schemas']

export type Fund = S['LedgerFund']
export type Line = S['LedgerLine']
export type Commitment = S['LedgerCommitment']
export type Movement = S['LedgerMovement']
export type LedgerEntry = S['LedgerEntry']
export type Difference = S['LedgerDifference']
export type Taken = S['StatementTaken']

const list = <T>(what: string, org: string, most = 500) => ({
  queryKey: ['ledger', what, org],
  queryFn: ({ signal }: { signal: AbortSignal }) => all<T>(`/ledger/${what}`, { org }, signal, most),
})

export const useFunds = (org: string) => useQuery(list<Fund>('funds', org))
export const useLines = (org: string) => useQuery(list<Line>('budget', org))
export const useCommitments = (org: string) => useQuery(list<Commitment>('commitments', org))
export const useMovements = (org: string) => useQuery(list<Movement>('movements', org))
export const useEntriesOf = (org: string) => useQuery(list<LedgerEntry>('entries', org, 200))
export const useDifferences = (org: string) => useQuery(list<Difference>('differences', org))

export const useTrial = (org: string) =>
  useQuery({
    queryKey: ['ledger', 'trial', org],
    queryFn: ({ signal }) => get<S['LedgerTrial']>('/ledger/trial', { org }, signal),
  })

export const useChart = () =>
  useQuery({
    queryKey: ['ledger-chart'],
    queryFn: ({ signal }) => get<S['LedgerChart']>('/ledger/chart', {}, signal),
    staleTime: Infinity,
  })
