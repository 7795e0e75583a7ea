import { useQueries, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'

type S = components['schemas']

export type Target = S['TargetBrief']
export type Progress = S['TargetProgress']
export type Status = Progress['status']
export type Firm = Progress['enterprises'][number]
export type Missing = Progress['missing'][number]
export type Reading = Progress['readings'][number]
export type Brief = S['IndicatorBrief']
export type Indicator = S['IndicatorDetail']
export type Source = Indicator['inputs'][number]['from'][number]
export type Value = S['IndicatorValue']
export type Input = Value['inputs'][number]
export type Rest = Input['rests'][number]
export type Shown = S['FigureNumber']

export const targetKeys = {
  list: (on: string) => ['targets', on] as const,
  one: (id: string, org: string, on: string, past: number) => ['target', id, org, on, past] as const,
  indicator: (id: string) => ['indicator', id] as const,
  value: (id: string, org: string, period: string, baseline: string) =>
    ['indicator', id, org, period, baseline] as const,
}

export const useTargets = (on: string) =>
  useQuery({
    queryKey: targetKeys.list(on),
    queryFn: ({ signal }) => all<Target>('/targets', { on }, signal),
    staleTime: 60_000,
  })

/** A target is worked out of a region's enterprises while it is asked for: few at a time, so that a page of them does not press the node. */
const atOnce = 3
let running = 0
const waiting: (() => void)[] = []

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) await new Promise<void>((go) => waiting.push(go))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

const progress = (id: string, org: string, on: string, past: number) => ({
  queryKey: targetKeys.one(id, org, on, past),
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    inTurn(() => get<Progress>(`/targets/${encodeURIComponent(id)}`, { org, on, past }, signal)),
  staleTime: 60_000,
})

/** What each target is at, for those that are shown. */
export const useProgress = (ids: string[], org: string, on: string) =>
  useQueries({ queries: ids.map((id) => progress(id, org, on, 0)) })

export const useTarget = (id: string, org: string, on: string, past: number, enabled = true) =>
  useQuery({ ...progress(id, org, on, past), enabled })

export const useIndicator = (id: string) =>
  useQuery({
    queryKey: targetKeys.indicator(id),
    queryFn: ({ signal }) => get<Indicator>(`/indicators/${encodeURIComponent(id)}`, {}, signal),
    staleTime: 300_000,
  })

export const useValue = (id: string, org: string, period: string, baseline = '') =>
  useQuery({
    queryKey: targetKeys.value(id, org, period, baseline),
    queryFn: ({ signal }) =>
      get<Value>(`/indicators/${encodeURIComponent(id)}/value`, { org, period, baseline }, signal),
    staleTime: 60_000,
  })
