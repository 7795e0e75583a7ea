import type { CalendarDefinition, Text } from '../api/types'

/** A calendar in a file. */
export interface File {
  name?: Text
  definition: CalendarDefinition
}

/** The node reads no longer ones. */
export const maxFile = 256 * 1024

/** fileText is a calendar as JSON, to be kept, compared or taken to another node. */
export const fileText = (c: { name: Text; definition: CalendarDefinition }): string =>
  JSON.stringify({ name: c.name, definition: c.definition }, null, 2) + '\n'

/** readFile takes what fileText wrote, or a bare definition. It judges only the form; the node judges the rest. */
export function readFile(text: string): File | { fault: 'long' | 'json' | 'form'; detail?: string } {
  if (text.length > maxFile) return { fault: 'long' }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (e) {
    return { fault: 'json', detail: e instanceof Error ? e.message : undefined }
  }
  const whole = object(read)
  const inner = object(whole?.definition) ?? whole
  if (!whole || typeof inner?.zone !== 'string') return { fault: 'form' }
  for (const list of [inner.patterns, inner.exceptions]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) return { fault: 'form' }
  }
  const name = object(whole.name)
  const given = { zh: words(name?.zh), en: words(name?.en) }
  return {
    name: given.zh || given.en ? { zh: given.zh || given.en, en: given.en || given.zh } : undefined,
    definition: inner as unknown as CalendarDefinition,
  }
}

const object = (v: unknown): Record<string, unknown> | undefined =>
  typeof v === 'object' && v !== null && !Array.isArray(v) ? { ...v } : undefined
const words = (v: unknown): string => (typeof v === 'string' ? v : '')

/** fileName is safe on every system. */
export const fileName = (name: string): string =>
  `${name.replace(/[\\/:*?"<>|\s]+/g, '-').slice(0, 60) || 'calendar'}.json`
