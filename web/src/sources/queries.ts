import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import { keys } from '../api/queries'
import type { Credential, Metric, Page, Source, SourceDevice, SourceKind } from '../api/types'

/** What is cached of one source; without a device or metric part, all of the kind. */
export const sourceKeys = {
  devices: (source: string) => ['source-devices', source] as const,
  metrics: (source: string, device?: string) =>
    device === undefined ? (['source-metrics', source] as const) : (['source-metrics', source, device] as const),
  credentials: (source: string) => ['source-credentials', source] as const,
}

export const useSources = (org: string) =>
  useQuery({
    queryKey: keys.sources(org),
    queryFn: ({ signal }) => all<Source>('/sources', { org }, signal),
    meta: { live: true },
    refetchInterval: 15_000,
  })

export const useSourceKinds = () =>
  useQuery({
    queryKey: ['source-kinds'],
    queryFn: ({ signal }) => all<SourceKind>('/sources/kinds', {}, signal),
    staleTime: 300_000,
  })

export const useCredentials = (source: string) =>
  useQuery({
    queryKey: sourceKeys.credentials(source),
    queryFn: ({ signal }) => all<Credential>(`/sources/${source}/credentials`, {}, signal),
    refetchInterval: 30_000,
  })

const devicesAtOnce = 200

/** useDevices holds the devices of a source page by page; few enough of them are asked for again while they show. */
export const useDevices = (source: string) =>
  useInfiniteQuery({
    queryKey: sourceKeys.devices(source),
    queryFn: ({ signal, pageParam }) =>
      get<Page<SourceDevice>>(`/sources/${source}/devices`, { limit: devicesAtOnce, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 5 ? false : 3_000),
  })

export const useMetrics = (source: string, device: string) =>
  useQuery({
    queryKey: sourceKeys.metrics(source, device),
    queryFn: ({ signal }) => all<Metric>(`/sources/${source}/metrics`, { device }, signal, 5_000),
    refetchInterval: (query) => ((query.state.data?.length ?? 0) > 1_000 ? 15_000 : 3_000),
  })
