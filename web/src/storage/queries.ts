import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { get } from '../api/client'
import { usePlant, useSeriesOf, useTemplates } from '../api/queries'
import type { Assignment, Disk, PlantNode, Retention, Series } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { usePlaces } from '../sources/places'

export const storageKeys = {
  disk: () => ['storage'] as const,
  rules: (org: string) => ['retention', org] as const,
}

export const useDisk = () =>
  useQuery({
    queryKey: storageKeys.disk(),
    queryFn: ({ signal }) => get<Disk>('/retention/storage', {}, signal),
    refetchInterval: 30_000,
  })

export const useRules = (org: string) =>
  useQuery({
    queryKey: storageKeys.rules(org),
    queryFn: ({ signal }) => get<Retention>('/retention', { org }, signal),
    refetchInterval: 60_000,
  })

const noSeries: Series[] = []
const noNodes: PlantNode[] = []

export interface Things {
  series: readonly Series[]
  nodes: readonly PlantNode[]
  /** The whole name of what a class is assigned to; its id where it is not there any more. */
  nameOf: (target: Assignment['target'], of: string) => string
  seriesOptions: { value: string; label: string }[]
}

/** useThings names what an assignment or a hold may be about. */
export function useThings(): Things {
  const { org } = useHere()
  const { n } = useI18n()
  const series = useSeriesOf(org.id).data ?? noSeries
  const nodes = usePlant(org.id).data ?? noNodes
  const templates = useTemplates().data
  const { path } = usePlaces()
  return useMemo(() => {
    const label = (s: Series) => [path(s.machine), n(s.name)].filter(Boolean).join(' › ')
    const byId = new Map(series.map((s) => [s.id, s]))
    return {
      series,
      nodes,
      nameOf: (target, of) => {
        if (target === 'org') return n(org.name)
        if (target === 'node') return path(of) || of
        if (target === 'template') return n(templates?.find((x) => x.id === of)?.name) || of
        const found = byId.get(of)
        return found ? label(found) : of
      },
      seriesOptions: series.map((s) => ({ value: s.id, label: label(s) })),
    }
  }, [series, nodes, templates, path, n, org.name])
}
