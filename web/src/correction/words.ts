import type { Status, ValueType } from '../api/types'
import { float } from '../format/number'
import { dateTime, dateTimeMillis, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { codeText } from '../ui/marks'
import { statusWords } from '../ui/statuswords'
import { isUndo, spanOf, type Correction, type Kind } from './asked'

export const kindKey: Record<Kind, Key> = {
  status: 'correction.kind.status',
  scale: 'correction.kind.scale',
  withdraw: 'correction.kind.withdraw',
  set: 'correction.kind.set',
  enter: 'correction.kind.enter',
}

export const kindHelp: Record<Kind, Key> = {
  status: 'correction.help.status',
  scale: 'correction.help.scale',
  withdraw: 'correction.help.withdraw',
  set: 'correction.help.set',
  enter: 'correction.help.enter',
}

export const typeKey: Record<ValueType, Key> = {
  float64: 'correction.type.float64',
  int64: 'correction.type.int64',
  bool: 'correction.type.bool',
  string: 'correction.type.string',
}

/** Statuses that people give samples (OPC 10000-6 A.2), the worst first. */
export const offered: (Pick<Status, 'code' | 'name'> & { words: Key })[] = [
  { code: 0x80000000, name: 'Bad', words: 'class.bad' },
  { code: 0x808c0000, name: 'BadSensorFailure', words: 'correction.status.BadSensorFailure' },
  { code: 0x808b0000, name: 'BadDeviceFailure', words: 'status.BadDeviceFailure' },
  { code: 0x80890000, name: 'BadConfigurationError', words: 'status.BadConfigurationError' },
  { code: 0x808d0000, name: 'BadOutOfService', words: 'status.BadOutOfService' },
  { code: 0x40000000, name: 'Uncertain', words: 'class.uncertain' },
  { code: 0x40930000, name: 'UncertainSensorNotAccurate', words: 'correction.status.UncertainSensorNotAccurate' },
  { code: 0, name: 'Good', words: 'class.good' },
]

/** What of a correction, or of one that is asked for, says what it does. */
export type What = Pick<Correction, 'kind' | 'factor' | 'offset' | 'status' | 'undoes'>

export interface CorrectionWords {
  /** What it does, short: "status → Bad", "× 0.1 + 3". */
  short: (c: What) => string
  span: (c: Correction, undone?: Correction) => string
}

/** useWords tells corrections in words. */
export function useWords(): CorrectionWords {
  const { t, lang } = useI18n()
  return {
    short: (c) => {
      if (c.kind === 'undo' || isUndo(c)) return t('correction.kind.undo')
      if (c.kind === 'scale') {
        const by = c.factor === undefined || c.factor === 1 ? '' : ` × ${float(lang, c.factor)}`
        const o = c.offset ?? 0
        const plus = o === 0 ? '' : ` ${o < 0 ? '−' : '+'} ${float(lang, Math.abs(o))}`
        return `${t(kindKey.scale)}${by}${plus}`
      }
      if (c.kind === 'status') {
        const held = offered.find((s) => s.code === c.status)
        const name = held?.name ?? codeText(c.status ?? 0)
        const words = held?.words ?? statusWords[name]
        return `${t(kindKey.status)} → ${words ? t(words) : name}`
      }
      return t(kindKey[c.kind])
    },
    span: (c, undone) => {
      const s = spanOf(c, undone)
      return s ? spanText(millis(s.from), millis(s.to)) : '–'
    },
  }
}

/** spanText leaves out the milliseconds where there are none, and the day at the end where it is the same one. */
export function spanText(from: number, to: number): string {
  const write = from % 1000 === 0 && to % 1000 === 0 ? dateTime : dateTimeMillis
  const [begin, end] = [write(from), write(to)]
  if (begin === end) return begin
  return `${begin} – ${begin.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`
}
