import { useQueries, useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'

import { all, get } from '../api/client'
import { keys, useConnection, useGateways } from '../api/queries'
import type { Page, Source, SourceDevice } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'

export interface Through {
  label: string
  to: string
}

// Whoever has more sources finds the way from the source's page.
const mostSources = 20

/** useSourceOf tells through which source a machine's values are pushed. */
export function useSourceOf(): (machine: string) => Through | undefined {
  const { org, at } = useHere()
  const { n } = useI18n()
  const sources = useQuery({
    queryKey: keys.sources(org.id),
    queryFn: ({ signal }) => all<Source>('/sources', { org: org.id }, signal),
  })
  const devices = useQueries({
    queries: (sources.data ?? []).slice(0, mostSources).map((s) => ({
      queryKey: ['source-machines', s.id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const page = await get<Page<SourceDevice>>(`/sources/${s.id}/devices`, { limit: 1000 }, signal)
        const machines = (page.items ?? []).flatMap((d) => d.machine ?? [])
        return { id: s.id, name: s.name, machines: new Set(machines) }
      },
      staleTime: 60_000,
    })),
    combine: come,
  })
  return useCallback(
    (machine: string) => {
      const found = devices.find((s) => s.machines.has(machine))
      return found && { label: n(found.name), to: at(`sources/${found.id}`) }
    },
    [devices, n, at],
  )
}

const come = <T>(results: { data: T | undefined }[]): T[] => results.flatMap((r) => r.data ?? [])

/** useGatewayOf tells through which gateway a machine is read: asked once for each machine that comes into view. */
export function useGatewayOf(machine: string): Through | undefined {
  const { org, at } = useHere()
  const { n } = useI18n()
  const gateways = useGateways(org.id)
  const connection = useConnection(machine)
  const gateway = gateways.data?.find((g) => g.id === connection.data?.gateway)
  return gateway && { label: n(gateway.name), to: at(`gateways/${gateway.id}`) }
}
