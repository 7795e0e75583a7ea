/** A division's polygons of rings of [longitude, latitude], in degrees. */
export interface Outline {
  code: string
  polygons: number[][][][]
}

/** Drawn is a division as a path, with the middle of its largest polygon. */
export interface Drawn {
  code: string
  path: string
  middle: [number, number]
}

/**
 * drawn brings outlines into a box of a width and height, px: longitudes shrink by the cosine of the middle latitude, so that a region of a
 * few degrees keeps its shape.
 */
export function drawn(list: Outline[], width: number, height: number): Drawn[] {
  const all = list.flatMap((o) => o.polygons.flat(2))
  if (all.length === 0) return []
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const [lon = 0, lat = 0] of all) {
    west = Math.min(west, lon)
    east = Math.max(east, lon)
    south = Math.min(south, lat)
    north = Math.max(north, lat)
  }
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const scale = Math.min(width / Math.max((east - west) * shrink, 1e-9), height / Math.max(north - south, 1e-9))
  const [marginX, marginY] = [(width - (east - west) * shrink * scale) / 2, (height - (north - south) * scale) / 2]
  const at = ([lon = 0, lat = 0]: number[]): [number, number] => [
    Math.round(10 * (marginX + (lon - west) * shrink * scale)) / 10,
    Math.round(10 * (marginY + (north - lat) * scale)) / 10,
  ]
  return list.map((o) => {
    const rings = o.polygons.map((p) => p.map((r) => r.map(at)))
    const edges = rings.map((p) => p[0] ?? [])
    const largest = edges.reduce((a, b) => (area(b) > area(a) ? b : a), edges[0] ?? [])
    return {
      code: o.code,
      path: rings
        .flat()
        .map((r) => `M${r.map((p) => p.join(' ')).join('L')}Z`)
        .join(''),
      middle: middle(largest),
    }
  })
}

function area(ring: [number, number][]): number {
  let sum = 0
  ring.forEach(([x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length] ?? [x, y]
    sum += x * ny - nx * y
  })
  return Math.abs(sum) / 2
}

function middle(ring: [number, number][]): [number, number] {
  const xs = ring.map(([x]) => x)
  const ys = ring.map(([, y]) => y)
  return [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2]
}
