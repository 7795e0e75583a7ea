import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'

import { all, call, get } from '../api/client'
import type {
  Bucket,
  Calendar,
  CalendarDefinition,
  CalendarPreset,
  CalendarSummary,
  NodeCalendar,
  Page,
} from '../api/types'

/** What is cached of calendars; a key without its last part names all of the kind. */
export const calendarKeys = {
  list: (org: string) => ['calendars', org] as const,
  one: (id: string) => ['calendar', id] as const,
  site: (site?: string) => (site ? (['site-calendar', site] as const) : (['site-calendar'] as const)),
}

export const useCalendars = (org: string) =>
  useQuery({
    queryKey: calendarKeys.list(org),
    queryFn: ({ signal }) => all<CalendarSummary>('/plant/calendars', { org }, signal),
  })

/** useCalendar holds still while somebody edits it. */
export const useCalendar = (id: string) =>
  useQuery({
    queryKey: calendarKeys.one(id),
    queryFn: ({ signal }) => get<Calendar>(`/plant/calendars/${id}`, {}, signal),
    refetchOnWindowFocus: false,
    staleTime: 60_000,
  })

export const usePresets = (zone: string) =>
  useQuery({
    queryKey: ['calendar-presets', zone],
    queryFn: ({ signal }) => all<CalendarPreset>('/plant/calendars/presets', { zone }, signal),
    staleTime: 300_000,
    placeholderData: keepPreviousData,
  })

/** useSiteCalendars tells what each site works by now; undefined where it has not come. */
export const useSiteCalendars = (sites: readonly string[]) =>
  useQueries({
    queries: sites.map((site) => ({
      queryKey: calendarKeys.site(site),
      queryFn: ({ signal }: { signal: AbortSignal }) => get<NodeCalendar>(`/plant/nodes/${site}/calendar`, {}, signal),
    })),
  })

/** useNext tells what a site works by once something else holds. */
export const useNext = (site: string, at: string | undefined) =>
  useQuery({
    queryKey: [...calendarKeys.site(site), at],
    queryFn: ({ signal }) => get<NodeCalendar>(`/plant/nodes/${site}/calendar`, { at }, signal),
    enabled: at !== undefined,
  })

/** usePreview asks for the shifts of a definition before it is saved; its problems tell what is wrong with it. */
export const usePreview = (definition: CalendarDefinition, from: number, to: number) =>
  useQuery({
    queryKey: ['calendar-preview', JSON.stringify(definition), from, to],
    queryFn: async ({ signal }) => {
      const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), level: 'shift' }
      const page = await call<Page<Bucket>>('POST', '/plant/calendars/preview', { query, body: { definition }, signal })
      return page.items ?? []
    },
    placeholderData: keepPreviousData,
    staleTime: 300_000,
    refetchOnWindowFocus: false,
  })
