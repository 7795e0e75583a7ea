import type { Progress } from '../targets/queries'

/** A value at a day; without a value where it is not known. */
export interface Dot {
  day: string
  label: string
  value?: number
}

/** Course is what a chart of a target draws. */
export interface Course {
  dots: Dot[]
  /** What is to be reached: of a range its lower end. */
  wanted?: number
  deadline?: string
  /** The straight way from the baseline, or the first known value, to the target. */
  path?: [Dot, Dot]
  /** The straight line through known values, from the last of them to the deadline. */
  forecast?: [Dot, Dot]
}

const changes = ['increase-by', 'decrease-by', 'multiply-by']

/** courseOf reads the course out of what the node says of a target. */
export function courseOf(x: Progress): Course {
  const read = (s: string | undefined) => (s === undefined ? undefined : Number(s))
  const dots: Dot[] = [...x.past, { period: x.period, number: x.number }].map((p) => ({
    day: p.period.to,
    label: p.period.label,
    value: read(p.number?.value),
  }))
  const wanted = read(x.value ?? x.low)
  const known = dots.filter((d) => d.value !== undefined)
  const start: Dot | undefined =
    changes.includes(x.comparator) && x.baseline
      ? { day: x.baseline, label: x.baseline, value: x.comparator === 'multiply-by' ? 1 : 0 }
      : known[0]
  const end = x.deadline
  const last = known.at(-1)
  return {
    dots,
    wanted,
    deadline: end,
    // The node says whether there is a path and a line: one that is each year's own has none.
    path:
      x.path && end && start && wanted !== undefined && start.day < end
        ? [start, { day: end, label: end, value: wanted }]
        : undefined,
    forecast:
      x.forecast && end && last && last.day < end
        ? [last, { day: end, label: end, value: read(x.forecast.value) }]
        : undefined,
  }
}

/** The box that a chart is drawn in, px. */
export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** Plotted are the axes of a course in a box. */
export interface Plotted {
  x: (day: string) => number
  y: (value: number) => number
  ticks: number[]
}

const dayOf = (s: string) => Date.parse(`${s}T00:00:00Z`) / 86_400_000

/** plotted lays days and values over a box; the values' axis begins at 0 unless some lie below it. */
export function plotted(c: Course, box: Box): Plotted {
  const days = [...c.dots.map((d) => d.day), ...(c.deadline ? [c.deadline] : []), ...(c.path ? [c.path[0].day] : [])]
  const first = Math.min(...days.map(dayOf))
  const last = Math.max(...days.map(dayOf))
  const values = [...c.dots, ...(c.path ?? []), ...(c.forecast ?? [])].flatMap((d) => d.value ?? [])
  const all = [...values, c.wanted ?? 0, 0]
  const step = stepOf(Math.max(...all) - Math.min(...all))
  const low = Math.floor(Math.min(...all) / step)
  const high = Math.max(low + 1, Math.ceil(Math.max(...all) / step))
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => Number(((low + i) * step).toPrecision(12)))
  const share = (at: number, from: number, to: number) => (to === from ? 0.5 : (at - from) / (to - from))
  return {
    x: (day) => box.left + share(dayOf(day), first, last) * (box.right - box.left),
    y: (v) => box.bottom - share(v, low * step, high * step) * (box.bottom - box.top),
    ticks,
  }
}

function stepOf(width: number): number {
  const rough = (width || 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 2.5, 5].find((m) => m * power >= rough * (1 - 1e-9)) ?? 10) * power
}
