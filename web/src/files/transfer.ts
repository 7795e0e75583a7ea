import { base, get, search } from '../api/client'
import { Problem, problemFrom } from '../api/problem'
import type { components } from '../api/schema'
import type { Lang } from '../format/time'
import { save } from '../trend/csv'

type S = components['schemas']

export type Imported = S['PlantImported']
export type Change = S['Change']
export type RowError = S['RowError']
export type Action = Change['action']

export const formats = ['xlsx', 'csv', 'yaml'] as const
export type Format = (typeof formats)[number]

/** What the node takes at most. */
export const mostBytes = 16 * 1024 * 1024

/** formatOf tells the format of a file by its name; undefined for one that the node does not read. */
export function formatOf(name: string): Format | undefined {
  const ending = /\.(\w+)$/.exec(name.toLowerCase())?.[1]
  if (ending === 'yml') return 'yaml'
  return formats.find((f) => f === ending)
}

export const accepted = (lang: Lang) => (lang === 'en' ? 'en' : 'zh-CN')

// A file is neither sent nor received as JSON, so it does not go through the client's call.
export const lost = (lang: Lang) =>
  new Problem(0, 'no_answer', lang === 'en' ? 'The node does not answer.' : '节点没有响应。')

export async function refused(status: number, text: string): Promise<Problem> {
  // The client notices that there is no session any more.
  if (status === 401) await get('/me').catch(() => undefined)
  let body: unknown = text.slice(0, 300)
  try {
    body = JSON.parse(text)
  } catch {
    // As it came.
  }
  return problemFrom(status, body)
}

/** download saves a file of the node under the name that the node gives it. The headings are in the page's language. */
export async function download(path: string, query: Record<string, string>, lang: Lang): Promise<string> {
  let answer: Response
  try {
    answer = await fetch(base + path + search(query), {
      headers: { 'Accept-Language': accepted(lang) },
      credentials: 'same-origin',
    })
  } catch {
    throw lost(lang)
  }
  if (!answer.ok) throw await refused(answer.status, await answer.text())
  const name =
    /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? `plant.${query.format}`
  save(await answer.blob(), name)
  return name
}

export interface ImportAsk {
  org: string
  format: Format
  dryRun: boolean
  prune: boolean
  reason: string
}

/**
 * send gives the node a file to import, or to say what it would do. sent is told the share that has gone over the line,
 * from 0 to 1. It throws a Problem for every failure.
 */
export function send(
  ask: ImportAsk,
  file: Blob,
  lang: Lang,
  signal: AbortSignal,
  sent: (share: number) => void,
): Promise<Imported> {
  const { org, format, dryRun, prune, reason } = ask
  const query = search({ org, format, dryRun, prune: prune || undefined, reason: reason.trim() })
  return new Promise((resolve, reject) => {
    // fetch does not tell how much of a body has been sent.
    const call = new XMLHttpRequest()
    call.open('POST', `${base}/plant/import${query}`)
    call.setRequestHeader('Content-Type', 'application/octet-stream')
    call.setRequestHeader('Accept', 'application/json')
    call.setRequestHeader('Accept-Language', accepted(lang))
    call.upload.onprogress = (e) => sent(e.total > 0 ? e.loaded / e.total : 0)
    call.onload = () => {
      if (call.status === 200) resolve(JSON.parse(call.responseText) as Imported)
      else void refused(call.status, call.responseText).then(reject)
    }
    call.onerror = () => reject(lost(lang))
    call.onabort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', () => call.abort())
    call.send(file)
  })
}
