import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { all, get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { withQuery } from '../fields/transfer'

type S = components['schemas']

export type Prefix = S['PrefixView']
export type Identifier = S['IdentifierView']
export type Value = S['IdentifierValue']
export type Template = S['IdentifierTemplateView']
export type Item = S['TemplateItem']
export type Content = S['TemplateContent']
export type Job = S['Job']

export const identifierKeys = { all: () => ['identifiers'] as const }

const key = (...rest: unknown[]) => [...identifierKeys.all(), ...rest]

export const usePrefixes = (org: string) =>
  useQuery({
    queryKey: key('prefixes', org),
    queryFn: ({ signal }) => all<Prefix>('/prefixes', { org }, signal),
  })

export const useTemplates = (prefix: string) =>
  useQuery({
    queryKey: key('templates', prefix),
    queryFn: ({ signal }) => all<Template>('/identifier-templates', { prefix }, signal),
    enabled: prefix !== '',
  })

/** What identifiers of a prefix are looked for by. */
export interface Sought {
  prefix: string
  /** in the name, and in the texts of records that follow a template */
  words: string
  begins: string
  /** such as "diameter>=45"; of the template's items */
  where: string[]
  template: string
}

const asked = (s: Sought): [string, string | undefined][] => [
  ['prefix', s.prefix],
  ['q', s.words],
  ['begins', s.begins],
  ...s.where.map((w): [string, string] => ['where', w]),
  ['template', s.where.length > 0 ? s.template : ''],
]

const shown = 50

export const useFound = (s: Sought, cursor: string) =>
  useQuery({
    queryKey: key('found', s, cursor),
    queryFn: ({ signal }) =>
      get<Page<Identifier>>(
        withQuery('/identifiers', [...asked(s), ['limit', String(shown)], ['cursor', cursor]]),
        {},
        signal,
      ),
    enabled: s.prefix !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })

export const useCount = (s: Sought) =>
  useQuery({
    queryKey: key('count', s),
    queryFn: ({ signal }) => get<S['IdentifierCount']>(withQuery('/identifiers/count', asked(s)), {}, signal),
    enabled: s.prefix !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })

/** exportPath is where the file of what is found comes from. */
export const exportPath = (s: Sought, format: string) =>
  withQuery('/identifiers/export', [...asked(s), ['format', format]])

export const useVersions = (name: string, cursor: string) =>
  useQuery({
    queryKey: key('versions', name, cursor),
    queryFn: ({ signal }) =>
      get<Page<Identifier>>('/identifiers/versions', { identifier: name, limit: 20, cursor }, signal),
  })

/** useRecord is an identifier as it stood at a time (RFC 3339); as it stands without one. */
export const useRecord = (name: string, asOf: string) =>
  useQuery({
    queryKey: key('record', name, asOf),
    queryFn: ({ signal }) => get<Identifier>('/identifiers/record', { identifier: name, asOf }, signal),
    retry: false,
  })

const isOpen = (j: Job) => j.status === 'queued' || j.status === 'running'

/** useImports are files of an organisation, the last first; asked for often while one is under way. */
export const useImports = (org: string, cursor: string) =>
  useQuery({
    queryKey: key('imports', org, cursor),
    queryFn: ({ signal }) => get<Page<Job>>('/identifiers/imports', { org, limit: 20, cursor }, signal),
    refetchInterval: (q) => (q.state.data?.items?.some(isOpen) ? 700 : 30_000),
  })

/** What a file was asked for, and what came of it. */
export interface ImportInput {
  prefix: string
  template?: string
  format: string
  mode: 'whole' | 'proceed'
}
export interface ImportOutput {
  rows: string
  accepted: string
  refused: string
  faults: string
  undone?: boolean
}

/** suffixOf is a name without its prefix. */
export const suffixOf = (name: string) => name.slice(name.indexOf('/') + 1)

/** isPublic tells whether anybody may read a value. Without permissions it is as usual. */
export const isPublic = (v: Pick<Value, 'permissions'>) => (v.permissions ?? '1110').charAt(2) === '1'

/** publicPath is where anybody resolves an identifier. */
export const publicPath = (name: string) => `/i/${name.split('/').map(encodeURIComponent).join('/')}`
