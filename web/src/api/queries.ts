import { keepPreviousData, QueryClient, useQueries, useQuery } from '@tanstack/react-query'

import { setNodeTime } from '../live/clock'
import { readItems } from '../live/slices'
import { millis } from '../format/time'
import { all, call, get } from './client'
import { Problem } from './problem'
import type {
  ApiToken,
  AuditEntry,
  Condition,
  Connection,
  Driver,
  EquipmentClass,
  Feed,
  Gateway,
  Latest,
  Machine,
  Me,
  NodeInfo,
  Org,
  Page,
  Person,
  PlantNode,
  Series,
  TemplateSummary,
} from './types'

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: Problem
    // live: to be asked for again when the stream comes back.
    queryMeta: { live?: boolean }
  }
}

/** newQueryClient is the cache of answers. The client has its own tries again, so the cache makes none. */
export const newQueryClient = (): QueryClient =>
  new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 10_000, refetchOnWindowFocus: true } } })

/** keys name what is cached; a key without its last part names all of the kind. */
export const keys = {
  me: () => ['me'] as const,
  orgs: () => ['orgs'] as const,
  node: () => ['node'] as const,
  plant: (org?: string) => (org ? (['plant', org] as const) : (['plant'] as const)),
  machine: (id?: string) => (id ? (['machine', id] as const) : (['machine'] as const)),
  series: (org?: string) => (org ? (['series', org] as const) : (['series'] as const)),
  latest: (scope?: string) => (scope ? (['latest', scope] as const) : (['latest'] as const)),
  gateways: (org?: string) => (org ? (['gateways', org] as const) : (['gateways'] as const)),
  sources: (org?: string) => (org ? (['sources', org] as const) : (['sources'] as const)),
  conditions: (org?: string) => (org ? (['conditions', org] as const) : (['conditions'] as const)),
  connection: (machine?: string) => (machine ? (['connection', machine] as const) : (['connection'] as const)),
  feed: (machine: string) => ['feed', machine] as const,
  templates: () => ['templates'] as const,
  people: (org?: string) => (org ? (['people', org] as const) : (['people'] as const)),
  tokens: (org?: string) => (org ? (['tokens', org] as const) : (['tokens'] as const)),
  audit: (org: string, cursor?: string) => ['audit', org, cursor] as const,
}

const live = { live: true }

export const useMe = () =>
  useQuery({ queryKey: keys.me(), queryFn: ({ signal }) => get<Me>('/me', {}, signal), staleTime: 60_000 })

export const useOrgs = () =>
  useQuery({
    queryKey: keys.orgs(),
    queryFn: ({ signal }) => all<Org>('/orgs', {}, signal),
    staleTime: 60_000,
  })

export const useNode = () =>
  useQuery({
    queryKey: keys.node(),
    queryFn: async ({ signal }) => {
      const asked = Date.now()
      const node = await get<NodeInfo>('/node', {}, signal)
      setNodeTime(millis(node.now), asked, Date.now())
      return node
    },
    refetchInterval: 5_000,
  })

export const usePlant = (org: string) =>
  useQuery({
    queryKey: keys.plant(org),
    queryFn: ({ signal }) => all<PlantNode>('/plant/nodes', { org }, signal),
  })

export const useMachine = (id: string) =>
  useQuery({ queryKey: keys.machine(id), queryFn: ({ signal }) => get<Machine>(`/plant/machines/${id}`, {}, signal) })

export const useSeriesOf = (org: string) =>
  useQuery({
    queryKey: keys.series(org),
    queryFn: ({ signal }) => all<Series>('/series', { org }, signal),
    staleTime: 60_000,
  })

export const useLatest = (scope: { org: string } | { machine: string }) =>
  useQuery({
    queryKey: keys.latest('org' in scope ? scope.org : scope.machine),
    queryFn: ({ signal }) => call<Latest[]>('GET', '/latest', { query: { ...scope }, signal, read: readItems }),
    // Nearly every value differs from the last answer's: looking for equal ones would cost more than it spares.
    structuralSharing: false,
    meta: live,
    // The stream carries the changes; this asks anew only when it was away.
    staleTime: 15_000,
  })

export const useGateways = (org: string) =>
  useQuery({
    queryKey: keys.gateways(org),
    queryFn: ({ signal }) => all<Gateway>('/gateways', { org }, signal),
    meta: live,
    refetchInterval: 10_000,
  })

export const useConditions = (org: string) =>
  useQuery({
    queryKey: keys.conditions(org),
    queryFn: ({ signal }) => all<Condition>('/conditions', { org }, signal),
    meta: live,
    refetchInterval: 30_000,
  })

export const useTemplates = () =>
  useQuery({
    queryKey: keys.templates(),
    queryFn: ({ signal }) => all<TemplateSummary>('/templates', {}, signal),
    staleTime: 300_000,
  })

export const useClasses = () =>
  useQuery({
    queryKey: ['classes'],
    queryFn: ({ signal }) => all<EquipmentClass>('/plant/classes', {}, signal),
    staleTime: 300_000,
  })

export const useDrivers = () =>
  useQuery({
    queryKey: ['drivers'],
    queryFn: ({ signal }) => all<Driver>('/drivers', {}, signal),
    staleTime: 300_000,
  })

const connection = (machine: string) => ({
  queryKey: keys.connection(machine),
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Connection | null> => {
    try {
      return await get<Connection>(`/plant/machines/${machine}/connection`, {}, signal)
    } catch (e) {
      if (e instanceof Problem && e.status === 404) return null
      throw e
    }
  },
  staleTime: 60_000,
})

/** useConnection tells how a machine is read; null when through no link. */
export const useConnection = (machine: string) => useQuery(connection(machine))

/** useFeed tells which device of which source feeds a machine; null when none does. Asked where nothing is connected. */
export const useFeed = (machine: string, asked: boolean) =>
  useQuery({
    queryKey: keys.feed(machine),
    queryFn: async ({ signal }) => {
      try {
        return await get<Feed>(`/plant/machines/${machine}/feed`, {}, signal)
      } catch (e) {
        if (e instanceof Problem && e.status === 404) return null
        throw e
      }
    },
    enabled: asked,
  })

/** useConnections asks for many machines at once; what has not come yet, or is not read, is left out. */
export const useConnections = (machines: string[]) => useQueries({ queries: machines.map(connection), combine: come })

const come = (results: { data: Connection | null | undefined }[]) => results.flatMap((r) => r.data ?? [])

export const usePeople = (org: string) =>
  useQuery({ queryKey: keys.people(org), queryFn: ({ signal }) => all<Person>('/people', { org }, signal) })

export const useTokens = (org: string) =>
  useQuery({ queryKey: keys.tokens(org), queryFn: ({ signal }) => all<ApiToken>('/tokens', { org }, signal) })

export const useAudit = (org: string, cursor?: string) =>
  useQuery({
    queryKey: keys.audit(org, cursor),
    queryFn: ({ signal }) => get<Page<AuditEntry>>('/audit', { org, limit: 50, cursor }, signal),
    placeholderData: keepPreviousData,
  })
