/** How many axes stand beside one another: two at the left, two at the right. */
export const maxAxes = 4

export interface Axis {
  /** 0 to 3. */
  slot: number
  /** UCUM codes, in the order of their series. */
  units: string[]
  series: string[]
}

export interface Sided {
  id: string
  unit: string
  /** Where a person put it. */
  axis?: number
}

/**
 * assignAxes gives each series an axis: the one that a person chose, else the one of its unit. A unit takes the first
 * axis that nobody has; once all four are taken, further units share the last.
 */
export function assignAxes(series: Sided[]): Axis[] {
  const axes = new Map<number, Axis>()
  const put = (slot: number, s: Sided) => {
    const axis = axes.get(slot) ?? { slot, units: [], series: [] }
    if (!axis.units.includes(s.unit)) axis.units.push(s.unit)
    axis.series.push(s.id)
    axes.set(slot, axis)
  }
  const chosen = (s: Sided) => s.axis !== undefined && s.axis >= 0 && s.axis < maxAxes
  for (const s of series) if (chosen(s)) put(s.axis ?? 0, s)
  const ofUnit = new Map<string, number>()
  for (const s of series) {
    if (chosen(s)) continue
    let slot = ofUnit.get(s.unit)
    if (slot === undefined) {
      const free = [0, 1, 2, 3].find((i) => !axes.has(i))
      slot = free ?? maxAxes - 1
      ofUnit.set(s.unit, slot)
    }
    put(slot, s)
  }
  const order = new Map(series.map((s, i) => [s.id, i]))
  for (const axis of axes.values()) axis.series.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
  return [...axes.values()].sort((a, b) => a.slot - b.slot)
}

/** axisOf is the slot of a series; undefined where it has none, as texts do. */
export const axisOf = (axes: Axis[], id: string): number | undefined => axes.find((a) => a.series.includes(id))?.slot

/** sideOf tells where an axis stands and how many of its side stand between it and the drawing. */
export function sideOf(axes: Axis[], slot: number): { side: 'left' | 'right'; place: number } {
  const side = slot % 2 === 0 ? 'left' : 'right'
  const place = axes.filter((a) => a.slot % 2 === slot % 2 && a.slot < slot).length
  return { side, place }
}

/** sides counts the axes at the left and at the right. */
export function sides(axes: Axis[]): { left: number; right: number } {
  return {
    left: axes.filter((a) => a.slot % 2 === 0).length,
    right: axes.filter((a) => a.slot % 2 === 1).length,
  }
}
