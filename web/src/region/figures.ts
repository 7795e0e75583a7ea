import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import { useProgress, useTarget, useTargets, type Progress, type Target } from '../targets/queries'

// Everything that the region's page and the wall show comes through this file: where figures that are stored take the place of those that are
// worked out when they are asked for, only this file changes.

type S = components['schemas']

export type Grid = S['TileGrid']
export type LoadedMap = S['LoadedMap']
export type Division = Progress['divisions'][number]

/** Earlier periods of a trajectory. */
const past = 4

export interface RegionFigures {
  /** That have targets on the day. */
  regions: { code: string; name: Target['region']['name'] }[]
  /** Of the region, in the policies' order. */
  targets: Target[]
  progress: Map<string, Progress>
  /** Answers that have come, and that are asked for. */
  done: number
  asked: number
  /** When the oldest of the answers came, ms. */
  since?: number
}

/** useRegion is where the targets of a region stand on a day, for the keeper of its register. */
export function useRegion(region: string, keeper: string, on: string) {
  const targets = useTargets(on)
  const list = targets.data ?? []
  const mine = list.filter((x) => x.region.code === region)
  const answers = useProgress(
    mine.map((x) => x.id),
    keeper,
    on,
  )
  const came = answers.filter((a) => a.data)
  const figures: RegionFigures = {
    regions: [...new Map(list.map((x) => [x.region.code, x.region])).values()],
    targets: mine,
    progress: new Map(answers.flatMap((a) => (a.data ? [[a.data.id, a.data] as const] : []))),
    done: answers.filter((a) => !a.isPending).length,
    asked: answers.length,
    since: came.length > 0 ? Math.min(...came.map((a) => a.dataUpdatedAt)) : undefined,
  }
  return { targets, figures, refused: answers.find((a) => a.error)?.error ?? undefined }
}

/** useCourse is one target with its earlier periods. */
export const useCourse = (id: string, keeper: string, on: string) => useTarget(id, keeper, on, past)

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
