import { useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'

type S = components['schemas']

export type NodeBelow = S['NodeBelow']
export type NodeStatus = S['BelowStatus']
export type NodeEntry = S['NodeEntry']
export type NodeState = NodeBelow['state']
export type Volume = S['Volume']
export type Above = S['AboveNode']
export type Sent = S['SentReturn']
export type Taken = S['TakenReturn']
export type Guide = S['Guide']

export const dockingKeys = { all: () => ['docking'] as const }

const key = (...rest: unknown[]) => [...dockingKeys.all(), ...rest]

/** The register and its probes move by themselves: they are asked for again while they are looked at. */
const lookAgain = 30_000

export const useGuide = () =>
  useQuery({
    queryKey: key('guide'),
    queryFn: ({ signal }) => get<Guide>('/docking/guide', {}, signal),
    staleTime: Infinity,
  })

export const useNodesBelow = (org: string) =>
  useQuery({
    queryKey: key('nodes', org),
    queryFn: ({ signal }) => all<NodeBelow>('/docking/nodes', { org }, signal),
    refetchInterval: lookAgain,
  })

export const useNodeBelow = (id: string) =>
  useQuery({
    queryKey: key('node', id),
    queryFn: ({ signal }) => get<NodeStatus>(`/docking/nodes/${id}`, {}, signal),
    refetchInterval: lookAgain,
  })

export const useRevisions = (id: string) =>
  useQuery({
    queryKey: key('node', id, 'revisions'),
    queryFn: ({ signal }) => all<NodeBelow>(`/docking/nodes/${id}/revisions`, {}, signal),
  })

const shown = 50

export const useReturns = (id: string, cursor: string) =>
  useQuery({
    queryKey: key('node', id, 'returns', cursor),
    queryFn: ({ signal }) => get<Page<Taken>>(`/docking/nodes/${id}/returns`, { limit: shown, cursor }, signal),
  })

export const useVolumes = (org: string, from: string, to: string) =>
  useQuery({
    queryKey: key('volumes', org, from, to),
    queryFn: ({ signal }) => all<Volume>('/docking/volumes', { org, firstDay: from, lastDay: to }, signal),
  })

export const useAbove = (org: string) =>
  useQuery({ queryKey: key('above', org), queryFn: ({ signal }) => get<Above>('/docking/above', { org }, signal) })

export const useSent = (org: string, cursor: string) =>
  useQuery({
    queryKey: key('sent', org, cursor),
    queryFn: ({ signal }) => get<Page<Sent>>('/docking/sent', { org, limit: shown, cursor }, signal),
    refetchInterval: lookAgain,
  })
