import { base, search } from '../api/client'
import { Problem } from '../api/problem'
import { accepted, lost, refused } from '../files/transfer'
import type { Lang } from '../format/time'
import type { Attachment } from './form'

/** How long to wait before each further try of a file whose line broke, in ms. */
const waits = [1000, 3000, 8000]

/** upload gives the node a file of a draft, again where the line breaks. sent is told the share that has gone, from 0 to 1. */
export async function upload(
  draft: string,
  kind: string,
  file: File,
  lang: Lang,
  signal: AbortSignal,
  sent: (share: number) => void,
): Promise<Attachment> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(draft, kind, file, lang, signal, sent)
    } catch (e) {
      const wait = waits[attempt]
      if (!(e instanceof Problem) || !e.passing || wait === undefined || signal.aborted) throw e
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}

function once(
  draft: string,
  kind: string,
  file: File,
  lang: Lang,
  signal: AbortSignal,
  sent: (share: number) => void,
): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much of a body has been sent.
    const call = new XMLHttpRequest()
    call.open('POST', `${base}/drafts/${draft}/attachments${search({ kind, name: file.name.trim() })}`)
    call.setRequestHeader('Content-Type', 'application/octet-stream')
    call.setRequestHeader('Accept', 'application/json')
    call.setRequestHeader('Accept-Language', accepted(lang))
    call.upload.onprogress = (e) => sent(e.total > 0 ? e.loaded / e.total : 0)
    call.onload = () => {
      if (call.status === 201) resolve(JSON.parse(call.responseText) as Attachment)
      else void refused(call.status, call.responseText).then(reject)
    }
    call.onerror = () => reject(lost(lang))
    call.onabort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', () => call.abort())
    call.send(file)
  })
}
