import { Problem, problemFrom } from './problem'
import type { Page } from './types'

/** Where the API is. Same origin in the product; a build for a test may name another with VITE_API. */
export const base = `${(import.meta.env.VITE_API as string | undefined) ?? ''}/api/v1`

type Query = Record<string, string | number | boolean | undefined>

export interface CallOptions {
  query?: Query
  body?: unknown
  etag?: string
  signal?: AbortSignal
  /** Reads a long answer in slices, where JSON.parse would hold the page up. */
  read?: (text: string) => Promise<unknown>
}

let language = 'zh-CN'
let onSignedOut: () => void = () => undefined

/** setLanguage names the language in which the node shall tell its problems. */
export function setLanguage(lang: string): void {
  language = lang
}

/** whenSignedOut is told once a call finds that there is no session (any more). */
export function whenSignedOut(f: () => void): void {
  onSignedOut = f
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>('GET', path, { query, signal })
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, { body })
export const put = <T>(path: string, body?: unknown) => call<T>('PUT', path, { body })
export const patch = <T>(path: string, body?: unknown, etag?: string) => call<T>('PATCH', path, { body, etag })
export const del = (path: string) => call<undefined>('DELETE', path, {})

/** How long to wait before each further try of a call that met a busy or starting node, in ms. */
const waits = [400, 1200, 3000]

/**
 * call makes one request and returns the decoded answer. It throws a Problem for every failure, and the signal's
 * reason when aborted. A 503 is tried again; so is a lost line for GET. A POST carries one idempotency key through all
 * its tries, so that a try whose answer was lost does not act twice.
 */
export async function call<T>(method: string, path: string, o: CallOptions): Promise<T> {
  const key = method === 'POST' ? randomKey() : undefined
  for (let attempt = 0; ; attempt++) {
    try {
      return await once<T>(method, path, o, key)
    } catch (e) {
      const wait = waits[attempt]
      if (!(e instanceof Problem) || wait === undefined || !mayRepeat(method, e)) throw e
      await sleep(wait, o.signal)
    }
  }
}

function mayRepeat(method: string, p: Problem): boolean {
  if (p.status === 503) return true
  return p.status === 0 && method === 'GET'
}

async function once<T>(method: string, path: string, o: CallOptions, key?: string): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language }
  if (o.body !== undefined) headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  if (o.etag) headers['If-Match'] = o.etag
  let answer: Response
  try {
    answer = await fetch(base + path + search(o.query), {
      method,
      headers,
      body: o.body === undefined ? undefined : JSON.stringify(o.body),
      credentials: 'same-origin',
      signal: o.signal,
    })
  } catch (e) {
    if (o.signal?.aborted) throw e
    throw new Problem(0, 'no_answer', language === 'en' ? 'The node does not answer.' : '节点没有响应。')
  }
  if (answer.status === 204) return undefined as T
  const body = answer.ok && o.read ? await o.read(await answer.text()) : await decode(answer)
  if (answer.ok) return body as T
  if (answer.status === 401 && !path.startsWith('/session')) onSignedOut()
  throw problemFrom(answer.status, body)
}

async function decode(answer: Response): Promise<unknown> {
  const text = await answer.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text.slice(0, 300)
  }
}

export function search(query?: Query): string {
  const p = new URLSearchParams()
  for (const [k, v] of Object.entries(query ?? {})) if (v !== undefined && v !== '') p.set(k, String(v))
  const s = p.toString()
  return s && `?${s}`
}

/** all walks a list to its end, page by page. `most` bounds what a screen will ever hold. */
export async function all<T>(path: string, query: Query, signal?: AbortSignal, most = 20_000): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await get<Page<T>>(path, { ...query, limit: 1000, cursor }, signal)
    items.push(...(page.items ?? []))
    cursor = page.next
  } while (cursor && items.length < most)
  return items
}

/** randomKey works on plain HTTP too, where crypto.randomUUID does not exist. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
}
