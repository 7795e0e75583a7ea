/** Scale sorts values into classes of equal width whose edges are round numbers. */
export interface Scale {
  /** Ascending, one more than there are classes. */
  edges: number[]
}

/** How many shades there are (region.css, --shade-0 …). */
export const shades = 5

/** scaleOf lays a scale over values; undefined where there are none. */
export function scaleOf(values: number[]): Scale | undefined {
  const known = values.filter(Number.isFinite)
  if (known.length === 0) return undefined
  const low = Math.min(...known)
  const high = Math.max(...known)
  const step = round((high - low || Math.abs(high) || 1) / shades)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step))
  // A sum of decimals is not what people wrote: 3 × 0.1 is not 0.3.
  return { edges: Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12))) }
}

/** round is the least 1, 2, 2.5 or 5 times a power of ten that is not below a width. */
function round(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width))
  return ([1, 2, 2.5, 5].find((m) => m * power >= width * (1 - 1e-9)) ?? 10) * power
}

/** classOf is the class of a value: an edge belongs to the class above it, the last one to the last. */
export function classOf(scale: Scale, value: number): number {
  const last = scale.edges.length - 2
  const above = scale.edges.findIndex((e) => e > value)
  return above < 0 ? last : Math.max(0, above - 1)
}

/** shadeOf is the shade of a class: the first and the last are the lightest and the darkest. */
export function shadeOf(scale: Scale, of: number): number {
  const last = scale.edges.length - 2
  return last === 0 ? Math.floor(shades / 2) : Math.round((of * (shades - 1)) / last)
}
