import { fenOf } from '../fields/field'

/** amountOf reads an amount as people of small firms write it, in yuan or in ten thousands: "50000", "5万", "1.25 万元". Whole fen. */
export function amountOf(text: string | undefined): number | undefined {
  const plain = (text ?? '').trim().replace(/元$/, '')
  const m = /^(\d[\d,，]*)(?:\.(\d{1,6}))?\s*万$/.exec(plain)
  if (!m) {
    const fen = fenOf(plain)
    return fen !== undefined && fen >= 0 ? fen : undefined
  }
  const fen = Number((m[1] ?? '').replace(/[,，]/g, '') + (m[2] ?? '').padEnd(6, '0'))
  return Number.isSafeInteger(fen) ? fen : undefined
}

/** amountRule refuses in a form what amountOf does not read. */
export const amountRule = (message: string) => ({
  validator: (_: unknown, value: string | undefined) =>
    !value?.trim() || amountOf(value) !== undefined ? Promise.resolve() : Promise.reject(new Error(message)),
})
