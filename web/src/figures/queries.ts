import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import { targetKeys, type Target } from '../targets/queries'
import { keyOf, type Explanation, type Fact, type Sample, type Where } from './explain'

type S = components['schemas']

/** Integers of 64 bits come as strings of digits. */
type Digits<T> = Omit<T, 'revision'> & { revision: string }

export type Manual = Digits<S['ManualView']>
export type Figure = Omit<Digits<S['FigureBrief']>, 'manual'> & { manual: Manual[] }
export type FigureDetail = Omit<Digits<S['FigureDetail']>, 'manual' | 'revisions'> & {
  manual: Manual[]
  revisions: Digits<S['FigureRevision']>[]
}
export type Kind = Figure['period']['kind']
export type Seal = S['SealView']
export type Handed = S['HandedView']
export type Keeper = S['KeeperView']

export const figureKeys = {
  all: () => ['figures'] as const,
}

/** What a board may be narrowed to. */
export interface BoardQuery {
  kind?: string
  since?: string
  latest?: boolean
  indicator?: string
  asOf?: string
}

export const useFigures = (org: string, query: BoardQuery, enabled = true) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'board', org, query],
    queryFn: ({ signal }) => all<Figure>('/figures', { org, ...query }, signal),
    enabled,
  })

export const useFigure = (id: string, asOf: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'one', id, asOf],
    queryFn: ({ signal }) => get<FigureDetail>(`/figures/${id}`, { asOf }, signal),
  })

export const useKeeper = (org: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'keeper', org],
    queryFn: ({ signal }) => get<Keeper>(`/figure-keepers/${org}`, {}, signal),
  })

export const useKeeperVersions = (org: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'keeper', org, 'versions'],
    queryFn: ({ signal }) => all<Keeper>(`/figure-keepers/${org}/versions`, {}, signal),
  })

export const useSeals = (org: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'seals', org],
    queryFn: ({ signal }) => all<Seal>('/figure-seals', { org }, signal),
  })

/** All steps of one period, the newest first or as the node tells them. */
export const useSealSteps = (org: string, kind: string, period: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'seals', org, kind, period],
    queryFn: ({ signal }) => all<Seal>('/figure-seals', { org, kind, period }, signal),
  })

/** Where the periods stand that givers on other nodes have handed in to an organisation. */
export const useHanded = (org: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'handed', org],
    queryFn: ({ signal }) => all<Handed>('/figure-seals/given', { org }, signal),
    refetchInterval: (q) => (q.state.data?.some((h) => h.waiting) ? 5000 : false),
  })

export const useHandedSteps = (org: string, of: { agreement: string; kind: string; period: string }) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'handed', org, of],
    queryFn: ({ signal }) => all<S['HandedStep']>('/figure-seals/given/steps', { org, ...of }, signal),
  })

export const useManuals = (org: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'manual', org],
    queryFn: ({ signal }) => all<Manual>('/manual-figures', { org }, signal),
  })

export const useManualRevisions = (id: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'manual', 'one', id],
    queryFn: ({ signal }) => all<Manual>(`/manual-figures/${id}`, {}, signal),
  })

export const useIndicators = () =>
  useQuery({
    queryKey: ['indicators'],
    queryFn: ({ signal }) => all<S['IndicatorBrief']>('/indicators', {}, signal),
    staleTime: 300_000,
  })

/** Days on which some policy held that holds no more. */
const past = ['2018-12-31', '2020-12-31']

/** Targets of all policies, also of those that hold no more: a policy may be adopted whenever its figures are wanted. */
export const useEveryTarget = (today: string) =>
  useQueries({
    queries: [...past, today].map((on) => ({
      queryKey: targetKeys.list(on),
      queryFn: ({ signal }: { signal: AbortSignal }) => all<Target>('/targets', { on }, signal),
      staleTime: 300_000,
    })),
    combine: (answers) => ({
      data: [...new Map(answers.flatMap((a) => a.data ?? []).map((x) => [x.id, x])).values()],
      isPending: answers.some((a) => a.isPending),
      error: answers.find((a) => a.error)?.error ?? null,
    }),
  })

/** How many enterprises of a level are listed at a time. */
const page = 100

const at = (w: Where) => ({ via: w.via.join(','), code: w.code })

/** A level of a figure, on whichever node it lives. Its enterprises come page by page. */
export const useExplained = (figure: string, asOf: string, where: Where, enabled = true) =>
  useInfiniteQuery({
    queryKey: [...figureKeys.all(), 'explain', figure, asOf, keyOf(where)],
    queryFn: ({ signal, pageParam }) =>
      get<Explanation>(`/figures/${figure}/explain`, { ...at(where), asOf, after: pageParam, limit: page }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? null,
    // What this node says itself is asked for again; questions to other nodes are noted there, each one.
    staleTime: where.via.length > 0 || where.code ? 60_000 : 0,
    refetchInterval: where.via.length > 0 || where.code ? false : 30_000,
    enabled,
  })

export const useSample = (figure: string, where: Where, series: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'sample', figure, keyOf(where), series],
    queryFn: ({ signal }) => get<Sample>('/figures/sample', { figure, ...at(where), series }, signal),
    refetchInterval: 15_000,
  })

export const useFactOf = (figure: string, where: Where, id: string, revision?: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'fact', figure, keyOf(where), id, revision],
    queryFn: ({ signal }) => get<Fact>('/figures/fact', { figure, ...at(where), id, revision }, signal),
  })
