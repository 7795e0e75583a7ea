import { base, search } from '../api/client'
import { accepted, lost, refused } from '../files/transfer'
import type { Lang } from '../format/time'

/** sendFile gives the node a file as it is. It throws a Problem for every failure. */
export async function sendFile<T>(
  path: string,
  query: Record<string, string | boolean | undefined>,
  file: Blob,
  lang: Lang,
  signal?: AbortSignal,
): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(base + path + search(query), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/octet-stream',
        Accept: 'application/json',
        'Accept-Language': accepted(lang),
      },
      credentials: 'same-origin',
      body: file,
      signal,
    })
  } catch (e) {
    if (signal?.aborted) throw e
    throw lost(lang)
  }
  const text = await answer.text()
  if (!answer.ok) throw await refused(answer.status, text)
  return JSON.parse(text) as T
}

/** fetchFile takes a file of the node. It throws a Problem for every failure. */
export async function fetchFile(path: string, lang: Lang): Promise<Blob> {
  let answer: Response
  try {
    answer = await fetch(base + path, { headers: { 'Accept-Language': accepted(lang) }, credentials: 'same-origin' })
  } catch {
    throw lost(lang)
  }
  if (!answer.ok) throw await refused(answer.status, await answer.text())
  return answer.blob()
}

/** withQuery is an address with what it asks; a word may stand there more than once. */
export function withQuery(path: string, query: [string, string | undefined][]): string {
  const p = new URLSearchParams(query.filter((pair): pair is [string, string] => Boolean(pair[1])))
  const s = p.toString()
  return s ? `${path}?${s}` : path
}
