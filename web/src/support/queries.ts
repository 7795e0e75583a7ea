import { useQueries, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Text } from '../api/types'

type S = components['schemas']

export type Inquiry = S['SupportInquiry']
export type Ask = S['SupportAsk']
export type Need = S['SupportNeed']
export type Fact = S['SupportKnown']
export type Voucher = S['SupportVoucher']
export type Filing = Omit<S['SupportFiling'], 'outcome'> & { outcome?: Outcome }
export type Award = S['SupportAward']
export type Recovery = S['SupportRecovery']
export type PolicyDocument = S['SupportDocument']
export type Measure = S['SupportMeasure']
export type Draft = S['SupportDraft']
export type Lab = Omit<S['SupportLab'], 'finding'> & { finding?: Finding }

/** The canonical report; amounts are whole fen as text. */
export interface Report {
  outcomes: Outcome[]
  groups?: { group: string; rule: string; open?: string[]; paid?: string }[]
  totals: { instrument: string; granted: string; ifProven: string }[]
}

export interface Outcome {
  measure: string
  name: Text
  eligible: 'true' | 'false' | 'unknown'
  declared: 'true' | 'false' | 'unknown'
  amount?: string
  ifProven?: string
  granted?: string
  reason: string
  by?: string
  missing?: { fact: string; name: Text; need: string; have?: string; evidence: Text }[]
  notCalculable?: Text
  explanation: Step
}

export interface Step {
  kind: string
  result: string
  text: Text
  clause?: { id: string; title: string; section: string; quote: string; sha256: string; verified: boolean }
  steps?: Step[]
}

export interface Side {
  set: string
  paid: number
  total: string
  open: number
  measures: { measure: string; granted: number; amount: string }[]
  lines: { line: string; claims: number; due: string; payable: string; short: string }[]
}

export interface Finding {
  subjects: number
  registered: number
  generated: number
  seed: number
  day: string
  region: string
  by: string
  a: Side
  b: Side
  winners: number
  losers: number
  gain: string
  loss: string
  classes: { class: string; subjects: number; a: string; b: string; winners: number; losers: number }[]
}

export type Opinion = Omit<S['SupportOpinion'], 'report'> & { report: Report }

export const supportKeys = {
  all: () => ['support'] as const,
  inquiries: (org: string) => ['support', 'inquiries', org] as const,
  opinion: (id: string) => ['support', 'opinion', id] as const,
  vouchers: (org: string) => ['support', 'vouchers', org] as const,
  labs: (org: string) => ['support', 'labs', org] as const,
}

export const useInquiries = (org: string) =>
  useQuery({
    queryKey: supportKeys.inquiries(org),
    queryFn: ({ signal }) => all<Inquiry>('/support/inquiries', { org }, signal, 200),
  })

const opinion = (id: string) => ({
  queryKey: supportKeys.opinion(id),
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Opinion>(`/support/inquiries/${id}`, {}, signal),
})

export const useOpinion = (id: string) => useQuery(opinion(id))
export const useOpinions = (ids: string[]) => useQueries({ queries: ids.map(opinion) })

const list = <T>(what: string, org: string) => ({
  queryKey: ['support', what, org],
  queryFn: ({ signal }: { signal: AbortSignal }) => all<T>(`/support/${what}`, { org }, signal, 500),
})

export const useFilings = (org: string) => useQuery(list<Filing>('filings', org))
export const useAwards = (org: string) => useQuery(list<Award>('awards', org))
export const useRecoveries = (org: string) => useQuery(list<Recovery>('recoveries', org))
export const useVouchers = (org: string) => useQuery(list<Voucher>('vouchers', org))
export const useDrafts = (org: string) => useQuery(list<Draft>('drafts', org))

export const useLabs = (org: string) =>
  useQuery({
    ...list<Lab>('labs', org),
    // A run that has not ended is looked at again.
    refetchInterval: (q) =>
      q.state.data?.some((l) => !l.finding && l.status !== 'failed' && l.status !== 'cancelled') ? 1500 : false,
  })

export const usePolicies = () =>
  useQuery({
    queryKey: ['support', 'policies'],
    queryFn: ({ signal }) => all<PolicyDocument>('/public/policies', {}, signal),
    staleTime: 60_000,
  })

export const useProviders = () =>
  useQuery({
    queryKey: ['support', 'providers'],
    queryFn: ({ signal }) => all<S['SupportParty']>('/support/providers', {}, signal),
  })

export const useCauses = () =>
  useQuery({
    queryKey: ['support', 'causes'],
    queryFn: ({ signal }) => all<S['SupportCause']>('/support/recovery-causes', {}, signal),
  })

/** total is what a report gives of an instrument, in fen. */
export function total(r: Report, instrument = 'grant'): { granted: string; ifProven: string } {
  return r.totals.find((x) => x.instrument === instrument) ?? { granted: '0', ifProven: '0' }
}
