import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get, post } from '../api/client'
import type { components } from '../api/schema'
import type { Text } from '../api/types'

type S = components['schemas']

export type Detail = S['CheckupDetail']
export type Checkup = Detail['checkup']
export type Form = Detail['form']
export type Question = Form['questions'][number]
export type Answer = S['CheckupAnswer']
export type AnswerInput = S['CheckupAnswerInput']
export type AnswerRequest = S['CheckupAnswerRequest']
export type Outcome = S['CheckupOutcome']
export type Result = Outcome['result']
export type Standing = Result['declared']
export type Line = Standing['lines'][number]
export type Known = Outcome['facts'][number]
export type Prescription = S['CheckupPrescription']
export type Comparison = S['CheckupComparison']
export type Peers = S['CheckupPeers']
export type ExpertCheck = S['ExpertCheckView']
export type Desk = S['ExpertCheckDesk']
export type Verdict = Desk['verdicts'][number]
export type Campaign = S['CheckupCampaignView']
export type CampaignDetail = S['CheckupCampaignDetail']
export type Call = S['CheckupCallView']
/** A campaign's results, as they are or will be published. */
export type Results = NonNullable<S['PagePublished']['items'][number]>

export const checkupKeys = {
  instruments: () => ['instruments'] as const,
  list: (org: string) => ['checkups', org] as const,
  calls: (org: string) => ['checkup-calls', org] as const,
  one: (id: string) => ['checkup', id] as const,
  result: (id: string) => ['checkup', id, 'result'] as const,
  prescription: (id: string) => ['checkup', id, 'prescription'] as const,
  peers: (id: string) => ['checkup', id, 'peers'] as const,
  consent: (org: string) => ['benchmark-consent', org] as const,
  experts: (org: string) => ['expert-checks', org] as const,
  expert: (id: string) => ['expert-check', id] as const,
  campaigns: (org: string) => ['checkup-campaigns', org] as const,
  campaign: (id: string) => ['checkup-campaign', id] as const,
}

export const useInstruments = () =>
  useQuery({
    queryKey: checkupKeys.instruments(),
    queryFn: ({ signal }) => all<Form>('/instruments', {}, signal),
    staleTime: 300_000,
  })

export const useCheckups = (org: string) =>
  useQuery({
    queryKey: checkupKeys.list(org),
    queryFn: ({ signal }) => all<Checkup>('/checkups', { org }, signal, 1000),
  })

export const useCalls = (org: string) =>
  useQuery({
    queryKey: checkupKeys.calls(org),
    queryFn: ({ signal }) => all<Call>(`/orgs/${org}/checkup-calls`, {}, signal),
  })

export const useCheckup = (id: string) =>
  useQuery({
    queryKey: checkupKeys.one(id),
    queryFn: ({ signal }) => get<Detail>(`/checkups/${id}`, {}, signal),
    refetchOnWindowFocus: true,
  })

export const useOutcome = (id: string) =>
  useQuery({
    queryKey: checkupKeys.result(id),
    queryFn: ({ signal }) => get<Outcome>(`/checkups/${id}/result`, {}, signal),
    placeholderData: keepPreviousData,
  })

export const usePrescription = (id: string, target: number, grade: string, costs: string) =>
  useQuery({
    queryKey: [...checkupKeys.prescription(id), target, grade, costs],
    queryFn: () => post<Prescription>(`/checkups/${id}/prescription`, { target: target || undefined, grade }),
    placeholderData: keepPreviousData,
  })

export const useComparison = (id: string, other: string, evidenced: boolean) =>
  useQuery({
    queryKey: [...checkupKeys.one(id), 'comparison', other, evidenced],
    queryFn: ({ signal }) =>
      get<Comparison>(
        `/checkups/${id}/comparison`,
        { with: other || undefined, evidenced: evidenced || undefined },
        signal,
      ),
    placeholderData: keepPreviousData,
  })

export const useConsent = (org: string) =>
  useQuery({
    queryKey: checkupKeys.consent(org),
    queryFn: ({ signal }) => get<{ agreed: boolean }>(`/orgs/${org}/benchmark-consent`, {}, signal),
  })

export const usePeers = (id: string, on: boolean) =>
  useQuery({
    queryKey: checkupKeys.peers(id),
    queryFn: ({ signal }) => get<Peers>(`/checkups/${id}/peers`, {}, signal),
    enabled: on,
  })

export const useExperts = (org: string) =>
  useQuery({
    queryKey: checkupKeys.experts(org),
    queryFn: ({ signal }) => all<ExpertCheck>('/expert-checks', { org }, signal, 1000),
  })

export const useDesk = (id: string) =>
  useQuery({
    queryKey: checkupKeys.expert(id),
    queryFn: ({ signal }) => get<Desk>(`/expert-checks/${id}`, {}, signal),
  })

export const useCampaigns = (org: string) =>
  useQuery({
    queryKey: checkupKeys.campaigns(org),
    queryFn: ({ signal }) => all<Campaign>('/checkup-campaigns', { org }, signal, 1000),
  })

export const useCampaign = (id: string) =>
  useQuery({
    queryKey: checkupKeys.campaign(id),
    queryFn: ({ signal }) => get<CampaignDetail>(`/checkup-campaigns/${id}`, {}, signal),
  })

/** points are ten-thousandths of a point, written without zeros that mean nothing. */
export function points(p: number): string {
  const s = (Math.round(p) / 10_000).toFixed(4)
  return s.replace(/\.?0+$/, '')
}

/** choiceOf is what an answer chose, as the questionnaire shows it. */
export function chosen(a: Answer['answer']): AnswerInput | undefined {
  if (!a) return undefined
  return {
    choice: a.choice,
    choices: a.choices?.map((c) => c.option),
    none: a.none,
    number: a.number,
    part: a.part,
    of: a.of,
    notApplicable: a.notApplicable,
  }
}

/** inWords tells an answer as the questionnaire asked for it. */
export function inWords(
  q: Question,
  a: AnswerInput | undefined,
  n: (t: Text) => string,
  none: string,
  na: string,
): string {
  if (!a) return ''
  if (a.notApplicable) return na
  if (a.none) return none
  if (a.number) return `${a.number}${q.kind === 'percentage' ? ' %' : ''}`
  if (a.part !== undefined) return `${String(a.part)} / ${String(a.of ?? 0)}`
  const ids = a.choices ?? (a.choice === undefined ? [] : [a.choice])
  return ids
    .map((id) => {
      const c = q.choices.find((x) => x.id === id)
      return c ? n(c.text) : id
    })
    .join('；')
}
