import { base, search } from '../api/client'
import { Problem, problemFrom } from '../api/problem'
import type { Lang } from '../format/time'

/** downloadMachines has the browser save the list of machines that are counted, with headings in the shown language. */
export async function downloadMachines(org: string, lang: Lang): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(`${base}/scale.csv${search({ org })}`, {
      headers: { 'Accept-Language': lang === 'en' ? 'en' : 'zh-CN' },
      credentials: 'same-origin',
    })
  } catch {
    throw new Problem(0, 'no_answer', lang === 'en' ? 'The node does not answer.' : '节点没有响应。')
  }
  if (!answer.ok) throw problemFrom(answer.status, await answer.json().catch(() => undefined))
  const file = URL.createObjectURL(await answer.blob())
  const link = document.createElement('a')
  link.href = file
  link.download = `machines-${new Date().toISOString().slice(0, 10)}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(file), 60_000)
}
