export interface Pair {
  t: number
  /** NaN where nothing counts. */
  before: number
  after: number
}

export interface Overlay {
  before: string
  after: string
  /** Where something counted and does no more. */
  lost: [number, number][]
  /** Values after that no line would show, having none beside them. */
  dots: [number, number][]
  low: number
  high: number
}

const edge = 6

/** overlay lays values before and after over each other; nothing where there is no number at all. */
export function overlay(pairs: Pair[], box: { width: number; height: number }): Overlay | undefined {
  let low = Infinity
  let high = -Infinity
  for (const p of pairs) {
    for (const v of [p.before, p.after]) {
      if (Number.isNaN(v)) continue
      low = Math.min(low, v)
      high = Math.max(high, v)
    }
  }
  const [first, last] = [pairs.at(0), pairs.at(-1)]
  if (!first || !last || low > high) return undefined
  const length = last.t - first.t
  const round = (n: number) => Math.round(n * 10) / 10
  const x = (t: number) => round(length > 0 ? edge + ((t - first.t) / length) * (box.width - 2 * edge) : box.width / 2)
  // Halves, because the distance of two great numbers may be beyond all numbers.
  const y = (v: number) =>
    round(
      high > low
        ? box.height - edge - ((v / 2 - low / 2) / (high / 2 - low / 2)) * (box.height - 2 * edge)
        : box.height / 2,
    )
  const path = (of: (p: Pair) => number) => {
    let out = ''
    let pen = false
    for (const p of pairs) {
      const v = of(p)
      if (!Number.isNaN(v)) out += `${pen ? 'L' : 'M'}${x(p.t)} ${y(v)}`
      pen = !Number.isNaN(v)
    }
    return out
  }
  const alone = (i: number) => Number.isNaN(pairs[i - 1]?.after ?? NaN) && Number.isNaN(pairs[i + 1]?.after ?? NaN)
  return {
    before: path((p) => p.before),
    after: path((p) => p.after),
    lost: pairs.flatMap((p): [number, number][] =>
      !Number.isNaN(p.before) && Number.isNaN(p.after) ? [[x(p.t), y(p.before)]] : [],
    ),
    dots: pairs.flatMap((p, i): [number, number][] =>
      !Number.isNaN(p.after) && alone(i) ? [[x(p.t), y(p.after)]] : [],
    ),
    low,
    high,
  }
}
