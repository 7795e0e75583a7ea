import { useQuery } from '@tanstack/react-query'

import { get } from '../api/client'
import type { components } from '../api/schema'

type S = components['schemas']

export type Quality = S['EnergyQuality']
export type Verdict = S['EnergyVerdict']
export type Rules = S['EnergyRules']
export type Meter = S['EnergyMeter']
export type MeterDay = S['EnergyMeterDay']
export type Gap = S['EnergyGap']
export type Board = S['EnergyBoard']
export type Firm = S['EnergyFirm']
export type Candidate = S['MeterCandidate']
export type Naming = S['MainMeter']

export const energyKeys = {
  every: () => ['energy'] as const,
  quality: (org: string, month: string, rules: string) => ['energy', 'quality', org, month, rules] as const,
  board: (org: string, month: string, rules: string) => ['energy', 'board', org, month, rules] as const,
  meters: (org: string) => ['energy', 'meters', org] as const,
  rules: () => ['energy', 'rules'] as const,
}

export const useQuality = (org: string, month: string, rules: string, on: boolean) =>
  useQuery({
    queryKey: energyKeys.quality(org, month, rules),
    queryFn: ({ signal }) => get<Quality>('/energy/quality', { org, month, rules }, signal),
    staleTime: 60_000,
    enabled: on,
  })

export const useBoard = (org: string, month: string, rules: string, on: boolean) =>
  useQuery({
    queryKey: energyKeys.board(org, month, rules),
    queryFn: ({ signal }) => get<Board>('/energy/quality/board', { org, month, rules }, signal),
    staleTime: 60_000,
    enabled: on,
  })

export const useRules = () =>
  useQuery({
    queryKey: energyKeys.rules(),
    queryFn: async ({ signal }) => (await get<{ items: Rules[] }>('/energy/quality/rules', {}, signal)).items,
    staleTime: Infinity,
  })

export const useMeters = (org: string) =>
  useQuery({
    queryKey: energyKeys.meters(org),
    queryFn: async ({ signal }) => (await get<{ items: Candidate[] }>('/energy/main-meters', { org }, signal)).items,
  })
