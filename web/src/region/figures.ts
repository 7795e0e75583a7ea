import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import { figureKeys, useKeeper } from '../figures/queries'
import { millis } from '../format/time'
import { useProgress, useTarget, useTargets, type Progress, type Target } from '../targets/queries'
import { nameOf } from './places'

// Everything that the region's page and the wall show comes through this file: figures that are kept where an organisation keeps some of its
// region, and else figures that are worked out when they are asked for.

type S = components['schemas']

export type Grid = S['TileGrid']
export type LoadedMap = S['LoadedMap']
export type Division = Progress['divisions'][number]

/** A target by figures that are kept. Integers of 64 bits come as strings of digits. */
export type Kept = Omit<S['FigureTarget'], 'revision'> & { revision?: string }
export type Source = Kept['absent'][number]
export type KeptFirm = S['FigureFirm']

/** Where a target stands, with the figure that says so where one is kept. */
export type Actual = Progress & Partial<Pick<Kept, 'figure' | 'revision' | 'at' | 'absent'>>

/** Earlier periods of a trajectory. */
const past = 4

/** How often kept figures are asked for anew, ms: they are restated by themselves. */
const again = 30_000

export interface Region {
  code: string
  name: Target['region']['name']
}

export interface RegionFigures {
  /** The one that is shown; '' where there is none yet. */
  region: string
  /** The organisation's own first, then those that have targets on the day. */
  regions: Region[]
  /** By figures that are kept: all targets that the organisation has adopted, within its own region. */
  kept: boolean
  /** Whether the organisation has adopted policies; undefined while that is not known. */
  adopts?: boolean
  /** Of the region, in the policies' order. */
  targets: Target[]
  progress: Map<string, Actual>
  /** Answers that have come, and that are asked for. */
  done: number
  asked: number
  /** When the oldest of the answers came, or the newest of the kept figures was written down, ms. */
  since?: number
}

/**
 * useRegion is where the targets of a region stand on a day, for the keeper of its register; of kept figures as they were seen at asOf. The
 * region that is asked for, or else the keeper's own, or else the demo's, or the first.
 */
export function useRegion(asked: string, org: { id: string; name: Region['name'] }, on: string, asOf: string) {
  const keeper = useKeeper(org.id)
  const targets = useTargets(on)
  const grids = useGrids()
  const list = targets.data ?? []
  const adopted = keeper.data?.adopted ?? []
  const places = [...new Map(list.map((x) => [x.region.code, x.region])).values()]
  const code =
    adopted.length > 0 ? keeper.data?.scope || list.find((x) => adopted.includes(x.policy))?.region.code : undefined
  const own = code ? { code, name: nameOf(code, places, grids.data ?? []) ?? org.name } : undefined
  const regions = keeper.isPending ? [] : [...(own ? [own] : []), ...places.filter((r) => r.code !== code)]
  const region = asked || ((own ?? regions.find((r) => r.code.startsWith('99')) ?? regions[0])?.code ?? '')
  const kept = code !== undefined && region === code
  const stored = useKept(org.id, on, asOf, kept)
  const mine = kept || keeper.isPending ? [] : list.filter((x) => x.region.code === region)
  const answers = useProgress(
    mine.map((x) => x.id),
    org.id,
    on,
  )
  const came = answers.filter((a) => a.data)
  const common = { region, regions, kept, adopts: keeper.isPending ? undefined : adopted.length > 0 }
  const figures: RegionFigures = kept
    ? {
        ...common,
        targets: stored.data ?? [],
        progress: new Map((stored.data ?? []).map((x) => [x.id, x])),
        done: stored.data?.length ?? 0,
        asked: stored.data?.length ?? 0,
        since: newest(stored.data ?? []),
      }
    : {
        ...common,
        targets: mine,
        progress: new Map(answers.flatMap((a) => (a.data ? [[a.data.id, a.data] as const] : []))),
        done: answers.filter((a) => !a.isPending).length,
        asked: answers.length,
        since: came.length > 0 ? Math.min(...came.map((a) => a.dataUpdatedAt)) : undefined,
      }
  return {
    targets: kept ? stored : targets,
    figures,
    refused: (kept ? stored.error : answers.find((a) => a.error)?.error) ?? keeper.error ?? undefined,
  }
}

const newest = (list: Kept[]) => {
  const times = list.flatMap((x) => (x.at ? [millis(x.at)] : []))
  return times.length > 0 ? Math.max(...times) : undefined
}

/** All adopted targets with their trajectories and places: one question. */
const useKept = (org: string, on: string, asOf: string, enabled: boolean) =>
  useQuery({
    queryKey: [...keptKeys.targets(), org, on, asOf],
    queryFn: ({ signal }) => all<Kept>('/figures/targets', { org, on, past, asOf }, signal),
    enabled,
    refetchInterval: asOf ? false : again,
    placeholderData: keepPreviousData,
  })

export const keptKeys = {
  targets: () => [...figureKeys.all(), 'targets'] as const,
}

/** The most enterprises that are ranked. */
const ranked = 200

/** The enterprises of a kept figure: all of them, or none where they are too many to be ranked. */
export const useKeptFirms = (figure: string | undefined, asOf: string) =>
  useQuery({
    queryKey: [...figureKeys.all(), 'ranked', figure, asOf],
    queryFn: async ({ signal }) => {
      const page = await get<S['PageFigureFirm']>(`/figures/${figure}/enterprises`, { limit: ranked, asOf }, signal)
      return page.next ? { list: [], many: true } : { list: page.items, many: false }
    },
    enabled: figure !== undefined,
  })

/** useCourse is one target with its earlier periods; a kept one has them already. */
export const useCourse = (id: string, keeper: string, on: string, enabled: boolean) =>
  useTarget(id, keeper, on, past, enabled)

export const useGrids = () =>
  useQuery({
    queryKey: ['tile-grids'],
    queryFn: ({ signal }) => all<Grid>('/tile-grids', {}, signal),
    staleTime: Infinity,
  })

export const mapKeys = {
  all: ['maps'] as const,
  list: (org: string) => ['maps', org] as const,
  one: (org: string, region: string) => ['maps', org, region] as const,
}

/** useMaps are the maps that an organisation has loaded, without their outlines. */
export const useMaps = (org: string) =>
  useQuery({
    queryKey: mapKeys.list(org),
    queryFn: ({ signal }) => all<LoadedMap>('/maps', { org }, signal),
    staleTime: 60_000,
  })

/** useMap is the loaded map of a region; undefined where there is none. */
export function useMap(org: string, region: string) {
  const there = useMaps(org).data?.some((m) => m.region === region) ?? false
  const map = useQuery({
    queryKey: mapKeys.one(org, region),
    queryFn: ({ signal }) => get<LoadedMap>(`/maps/${region}`, { org }, signal),
    enabled: there,
    staleTime: Infinity,
  })
  return there ? map.data : undefined
}
