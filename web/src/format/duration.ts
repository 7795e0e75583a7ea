const units: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * durationMillis reads a duration of the API into ms: Go's form ("1m30s", "250ms"), ISO 8601 ("PT5M"), or days ("7d").
 * NaN when it is none of them.
 */
export function durationMillis(text: string | undefined): number {
  if (!text) return NaN
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text)
  if (iso && text.length > 1) {
    const [d, h, m, s] = iso.slice(1).map((v) => (v ? Number(v) : 0))
    return (((d ?? 0) * 24 + (h ?? 0)) * 60 + (m ?? 0)) * 60_000 + (s ?? 0) * 1000
  }
  let sum = 0
  let rest = text
  while (rest !== '') {
    const m = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/.exec(rest)
    if (!m) return NaN
    sum += Number(m[1]) * (units[m[2] ?? ''] ?? NaN)
    rest = rest.slice(m[0].length)
  }
  return sum
}

/** shortDuration writes ms as the shortest exact form of at most two units: "90s" → "1m30s", "24h" → "1d". */
export function shortDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms < 1000) return `${Math.round(ms)}ms`
  let rest = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const n = Math.floor(rest / seconds)
    if (n > 0) parts.push(`${n}${unit}`)
    rest -= n * seconds
  }
  return parts.slice(0, 2).join('') || '0s'
}
