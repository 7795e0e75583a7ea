import type { components } from '../api/schema'
import { dateTimeMillis, millis } from '../format/time'

export type Frame = components['schemas']['LinkFrame']

/** grouped writes hexadecimal in groups of two bytes. */
export const grouped = (hex: string): string => (hex.match(/.{1,4}/g) ?? []).join(' ')

/** matching gives the frames that hold a text in their decoding, their direction's word or, spaces aside, their bytes. */
export function matching(frames: readonly Frame[], text: string, word: (f: Frame) => string): readonly Frame[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return frames
  const bytes = wanted.replaceAll(/\s/g, '')
  return frames.filter(
    (f) => f.note.toLowerCase().includes(wanted) || word(f).toLowerCase() === wanted || f.hex.includes(bytes),
  )
}

/** asText writes frames one to a line: time, direction, bytes, decoding, with tabs between. */
export const asText = (frames: readonly Frame[], word: (f: Frame) => string): string =>
  frames.map((f) => `${dateTimeMillis(millis(f.time))}\t${word(f)}\t${grouped(f.hex)}\t${f.note}\n`).join('')
