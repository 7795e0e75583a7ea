import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'

type S = components['schemas']

export type Item = S['InboxItem']
export type Channel = S['InboxChannel']
export type Undelivered = S['InboxUndelivered']

export const inboxKeys = {
  all: () => ['inbox'] as const,
  channels: () => ['inbox', 'channels'] as const,
  dead: () => ['inbox', 'dead'] as const,
}

/** How much waits, for the frame; it is asked for again every minute. */
export const useInboxCount = (org: string) =>
  useQuery({
    queryKey: [...inboxKeys.all(), 'count', org],
    queryFn: ({ signal }) => get<S['InboxCount']>('/inbox/count', { org }, signal),
    refetchInterval: 60_000,
  })

export const pageSize = 50

export const useInbox = (org: string, kind: 'todo' | 'note', state: string | undefined, cursor: string | undefined) =>
  useQuery({
    queryKey: [...inboxKeys.all(), 'list', org, kind, state, cursor],
    queryFn: async ({ signal }) => {
      const page = await get<Page<Item>>('/inbox', { org, kind, state, cursor, limit: pageSize }, signal)
      return { items: page.items ?? [], next: page.next }
    },
  })

/** Channels of an organisation, or one's own where none is named. */
export const useChannels = (org?: string) =>
  useQuery({
    queryKey: [...inboxKeys.channels(), org ?? ''],
    queryFn: ({ signal }) => all<Channel>('/inbox/channels', { org }, signal),
  })

export const useUndelivered = (org?: string, enabled = true) =>
  useQuery({
    queryKey: [...inboxKeys.dead(), org ?? ''],
    queryFn: ({ signal }) => all<Undelivered>('/inbox/undelivered', { org }, signal, 200),
    enabled,
  })

export const usePreference = () =>
  useQuery({
    queryKey: [...inboxKeys.all(), 'preference'],
    queryFn: ({ signal }) => get<S['InboxPreference']>('/inbox/preference', {}, signal),
  })

export const useSenders = () =>
  useQuery({
    queryKey: [...inboxKeys.all(), 'senders'],
    queryFn: ({ signal }) => get<S['InboxSenders']>('/inbox/senders', {}, signal),
  })
