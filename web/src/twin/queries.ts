import { useQuery } from '@tanstack/react-query'

import { get } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { lost } from '../files/transfer'
import type { Lang } from '../format/time'

type S = components['schemas']

export type Twin = S['Twin']
export type TwinSubmodel = S['TwinSubmodel']
export type TwinVersion = S['TwinVersion']

export const twinKeys = { all: ['twins'] as const }

export const useTwin = (thing: string) =>
  useQuery({ queryKey: ['twins', thing], queryFn: ({ signal }) => get<Twin>(`/twins/${thing}`, {}, signal) })

export const useTwinVersions = (thing: string) =>
  useQuery({
    queryKey: ['twins', thing, 'versions'],
    queryFn: async ({ signal }) =>
      (await get<Page<TwinVersion>>(`/twins/${thing}/versions`, { limit: 50 }, signal)).items ?? [],
  })

/** encoded writes an identifier as the AAS API wants it in a path: base64url of its UTF-8. */
export function encoded(id: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(id))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The AAS API stands beside the node's own; its refusals are of another form. */
async function aas(path: string, lang: Lang, init: RequestInit): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(`${(import.meta.env.VITE_API as string | undefined) ?? ''}${path}`, {
      credentials: 'same-origin',
      ...init,
    })
  } catch {
    throw lost(lang)
  }
  if (answer.ok) return answer
  const body = (await answer.json().catch(() => ({}))) as { messages?: { code: string; text: string }[] }
  const first = body.messages?.[0]
  throw new Problem(answer.status, first?.code ?? 'refused', first?.text ?? '')
}

/** download fetches a twin with all its submodels and files as an AASX package. */
export async function download(twin: Twin, lang: Lang): Promise<Blob> {
  const answer = await aas(`${twin.base}/serialization?aasIds=${encoded(twin.id)}`, lang, {
    headers: { Accept: 'application/asset-administration-shell-package+xml' },
  })
  return answer.blob()
}

/** What people most often put on a nameplate beside what the plant model knows (IDTA 02006-3-0-1). */
export const plateFields = {
  SerialNumber: { semantic: '0112/2///61987#ABA951#009', type: 'xs:string' },
  YearOfConstruction: { semantic: '0112/2///61987#ABP000#002', type: 'xs:string' },
  DateOfManufacture: { semantic: '0112/2///61987#ABB757#007', type: 'xs:date' },
  OrderCodeOfManufacturer: { semantic: '0112/2///61987#ABA950#008', type: 'xs:string' },
  CountryOfOrigin: { semantic: '0112/2///61987#ABP462#001', type: 'xs:string' },
  HardwareVersion: { semantic: '0112/2///61987#ABA926#008', type: 'xs:string' },
  FirmwareVersion: { semantic: '0112/2///61987#ABA302#006', type: 'xs:string' },
  SoftwareVersion: { semantic: '0112/2///61987#ABA601#008', type: 'xs:string' },
  URIOfTheProduct: { semantic: '0112/2///61987#ABN590#002', type: 'xs:anyURI' },
} as const

export type PlateField = keyof typeof plateFields

/** putPlate puts one value on the nameplate, in place of the one that an organisation has put there before. */
export async function putPlate(
  twin: Twin,
  plate: TwinSubmodel,
  field: PlateField,
  value: string,
  reason: string,
  lang: Lang,
): Promise<void> {
  const { semantic, type } = plateFields[field]
  const there = field in plate.value
  const path = `${twin.base}/submodels/${encoded(plate.id)}/submodel-elements${there ? `/${field}` : ''}`
  await aas(`${path}?reason=${encodeURIComponent(reason)}`, lang, {
    method: there ? 'PUT' : 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      modelType: 'Property',
      idShort: field,
      semanticId: { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: semantic }] },
      valueType: type,
      value,
    }),
  })
}

/** Line is one value of a submodel with where it stands. */
export interface Line {
  path: string
  value: string
}

/** lines flattens the value-only form: languages of one text become one line in the reader's language. */
export function lines(value: unknown, lang: string, path = ''): Line[] {
  if (typeof value === 'string') return [{ path, value }]
  if (typeof value === 'number' || typeof value === 'boolean') return [{ path, value: String(value) }]
  if (typeof value !== 'object' || value === null) return []
  const text = inLanguage(value, lang)
  if (text !== undefined) return [{ path, value: text }]
  if (Array.isArray(value)) return value.flatMap((v, i) => lines(v, lang, `${path}[${i}]`))
  return Object.entries(value).flatMap(([k, v]) => lines(v, lang, path ? `${path}.${k}` : k))
}

/** inLanguage is a text in languages ([{"zh": …}, {"en": …}]) in one of them; undefined for anything else. */
function inLanguage(value: object, lang: string): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const texts = new Map<string, string>()
  for (const v of value as unknown[]) {
    const [entry, more] = typeof v === 'object' && v !== null ? Object.entries(v) : []
    if (!entry || more || typeof entry[1] !== 'string' || !/^[a-z]{2,3}(-|$)/.test(entry[0])) return undefined
    texts.set(entry[0], entry[1])
  }
  return texts.get(lang) ?? [...texts.values()][0]
}
