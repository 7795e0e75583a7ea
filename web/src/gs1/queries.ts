import { useQuery } from '@tanstack/react-query'

import { call, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'

type S = components['schemas']

export type DeclaredSet = S['DeclaredSet']
export type DeclaredLink = S['DeclaredLink']
export type Reading = S['GS1Reading']
export type LinkType = S['GS1LinkType']
export type CompanyPrefix = S['CompanyPrefix']
export type LabelSheet = S['LabelSheet']
export type Kind = 'qr' | 'datamatrix' | 'gs1-128'

export const gs1Keys = { all: ['gs1'] as const }

export const useSets = (org: string, q: string) =>
  useQuery({
    queryKey: ['gs1', 'links', org, q],
    queryFn: ({ signal }) => get<Page<DeclaredSet>>('/gs1/links', { org, q, limit: 200 }, signal),
  })

/** useVersions are the versions of a thing's links, the last first. */
export const useVersions = (anchor: string) =>
  useQuery({
    queryKey: ['gs1', 'versions', anchor],
    queryFn: async ({ signal }) => (await get<Page<DeclaredSet>>('/gs1/link-versions', { anchor }, signal)).items ?? [],
  })

export const usePrefixes = (org: string) =>
  useQuery({
    queryKey: ['gs1', 'prefixes', org],
    queryFn: async ({ signal }) => (await get<Page<CompanyPrefix>>('/gs1/prefixes', { org }, signal)).items ?? [],
  })

export const useLinkTypes = () =>
  useQuery({
    queryKey: ['gs1', 'types'],
    queryFn: async ({ signal }) => (await get<Page<LinkType>>('/gs1/link-types', {}, signal)).items ?? [],
    staleTime: 3_600_000,
  })

/** useReading reads what was typed or scanned. */
export const useReading = (text: string, stem: string) =>
  useQuery({
    queryKey: ['gs1', 'read', text, stem],
    queryFn: ({ signal }) => get<Reading>('/gs1/read', { text, stem }, signal),
    enabled: text !== '',
    retry: false,
  })

export const declare = (org: string, anchor: string, body: { description: object; links: DeclaredLink[] }) =>
  call<DeclaredSet>('PUT', '/gs1/links', { query: { org, anchor }, body })

export const withdraw = (org: string, anchor: string) =>
  call<undefined>('DELETE', '/gs1/links', { query: { org, anchor } })

/** here is the stem of Digital Links that this node resolves. */
export const here = () => `${location.origin}/id`

/** bracketed writes an anchor as an element string: /01/…/10/… as (01)…(10)…. */
export function bracketed(anchor: string): string {
  const parts = anchor.split('/').slice(1)
  let out = ''
  for (let i = 0; i + 1 < parts.length; i += 2)
    out += `(${parts[i]})${decodeURIComponent(parts[i + 1] ?? '').replaceAll('(', '\\(')}`
  return out
}

/** gs1: for GS1's own types; others stay as they are. */
export const shortType = (uri: string) => uri.replace('https://gs1.org/voc/', 'gs1:')
