import { keepPreviousData, useQuery } from '@tanstack/react-query'

import { base, get, search } from '../api/client'
import { Problem, problemFrom } from '../api/problem'
import type { Lang } from '../format/time'
import { nodeNow } from '../live/clock'
import { asked, type HealthSpan } from './span'
import type { PlantHealth, SeriesGaps } from './types'

const refetch = (span: HealthSpan) => ('last' in span ? 30_000 : false)

/** usePlantHealth asks for a part of the plant. What would cost too much is asked again for coverage alone. */
export const usePlantHealth = (of: { org: string } | { node: string }, span: HealthSpan) =>
  useQuery({
    queryKey: ['health', of, span],
    queryFn: async ({ signal }) => {
      const query = { ...of, ...asked(span, nodeNow()) }
      try {
        return await get<PlantHealth>('/health/plant', query, signal)
      } catch (e) {
        if (!(e instanceof Problem) || e.code !== 'health-too-costly') throw e
        return await get<PlantHealth>('/health/plant', { ...query, only: 'coverage' }, signal)
      }
    },
    placeholderData: keepPreviousData,
    refetchInterval: refetch(span),
  })

/** useSeriesHealth asks for one series and its longest gaps. */
export const useSeriesHealth = (id: string, span: HealthSpan, limit: number) =>
  useQuery({
    queryKey: ['health', 'series', id, span, limit],
    queryFn: ({ signal }) => get<SeriesGaps>(`/health/series/${id}`, { ...asked(span, nodeNow()), limit }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: refetch(span),
  })

/** download has the browser save a list as CSV, with headings in the shown language. */
export async function download(
  path: string,
  of: Record<string, string>,
  span: HealthSpan,
  name: string,
  lang: Lang,
): Promise<void> {
  let answer: Response
  try {
    answer = await fetch(`${base}${path}${search({ ...of, ...asked(span, nodeNow()), format: 'csv' })}`, {
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
  link.download = `${name}-${new Date(nodeNow()).toISOString().slice(0, 10)}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(file), 60_000)
}
