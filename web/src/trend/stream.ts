import { base, search } from '../api/client'
import { Problem, problemFrom } from '../api/problem'
import { iso } from './csv'
import type { Interval } from './segments'

export type FileFormat = 'csv' | 'xlsx' | 'arrow'

/** nodeFile has the node write the raw samples of the series into a file, and tells how many bytes have come. */
export async function nodeFile(
  format: FileFormat,
  series: string[],
  span: Interval,
  asOf: string | undefined,
  lang: string,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<Blob> {
  const query = { format, from: iso(span.from), to: iso(span.to), asOf, bom: format === 'csv' || undefined }
  const each = series.map((id) => `&series=${id}`).join('')
  let answer: Response
  try {
    answer = await fetch(`${base}/samples/export${search(query)}${each}`, {
      headers: { 'Accept-Language': lang },
      credentials: 'same-origin',
      signal,
    })
  } catch (e) {
    if (signal.aborted) throw e
    throw new Problem(0, 'no_answer', lang === 'en' ? 'The node does not answer.' : '节点没有响应。')
  }
  if (!answer.ok || !answer.body) {
    const body: unknown = await answer.json().catch(() => undefined)
    throw problemFrom(answer.status, body)
  }
  const parts: Blob[] = []
  let bytes = 0
  const reader = answer.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(new Blob([value]))
    bytes += value.length
    progress(bytes)
  }
  return new Blob(parts, { type: answer.headers.get('Content-Type') ?? 'application/octet-stream' })
}
