import { get, post, put } from '../api/client'
import type { Connection, GatewayLink, Machine, PlantNode, Point, Text } from '../api/types'
import type { Draft, Made, Setup } from './draft'

export type StepName = 'site' | 'area' | 'line' | 'machine' | 'points' | 'link' | 'connection'

export interface Order {
  org: string
  draft: Draft
  gateway: string
  /** The link's name and configuration, where a new one is made. */
  linkName: string
  config: Record<string, unknown>
  name: Text
  /** The places to make, from the top; empty where an existing one was chosen. */
  places: Partial<Record<'site' | 'area' | 'line', Text>>
}

export interface Step {
  name: StepName
  done: (made: Made) => boolean
  run: (made: Made, told: (made: Made) => void) => Promise<Made>
}

/** stepsOf lists what a save has to do, in this order; each step knows whether an earlier try has done it. */
export function stepsOf(o: Order): Step[] {
  const { draft } = o
  const steps: Step[] = []
  const levels = (['site', 'area', 'line'] as const).filter((kind) => o.places[kind])
  levels.forEach((kind, i) => {
    steps.push({
      name: kind,
      done: (made) => made[kind] !== undefined,
      run: async (made) => {
        const above = levels[i - 1]
        const node = await post<PlantNode>('/plant/nodes', {
          org: o.org,
          kind,
          parent: above && made[above],
          name: o.places[kind],
        })
        return { ...made, [kind]: node.id }
      },
    })
  })
  steps.push({
    name: 'machine',
    done: (made) => made.machine !== undefined,
    run: async (made) => {
      const lowest = levels.at(-1)
      const node = await post<PlantNode>('/plant/nodes', {
        org: o.org,
        kind: 'machine',
        parent: lowest ? made[lowest] : draft.parent,
        name: o.name,
        template: draft.template,
      })
      return { ...made, machine: node.id }
    },
  })
  const changed = Object.keys(draft.changes)
  if (changed.length + draft.added.length > 0) {
    const has = (made: Made, key: string) => made.points?.includes(key) ?? false
    steps.push({
      name: 'points',
      done: (made) => [...changed, ...draft.added.map((p) => p.key)].every((key) => has(made, key)),
      run: async (made, told) => {
        let now = made
        const tell = (key: string) => {
          now = { ...now, points: [...(now.points ?? []), key] }
          told(now)
        }
        const machine = await get<Machine>(`/plant/machines/${made.machine ?? ''}`)
        for (const key of changed) {
          const point = machine.points.find((p) => p.key === key)
          if (has(made, key) || !point) continue
          await put(`/plant/points/${point.id}`, { ...setupOf(point), ...draft.changes[key] })
          tell(key)
        }
        for (const p of draft.added) {
          if (has(made, p.key)) continue
          await post(`/plant/machines/${machine.id}/points`, p)
          tell(p.key)
        }
        return now
      },
    })
  }
  if (!draft.link) {
    steps.push({
      name: 'link',
      done: (made) => made.link !== undefined,
      run: async (made) => {
        const link = await post<GatewayLink>(`/gateways/${o.gateway}/links`, {
          driver: draft.driver,
          name: o.linkName,
          config: o.config,
        })
        return { ...made, link: link.id }
      },
    })
  }
  steps.push({
    name: 'connection',
    done: () => false,
    run: async (made) => {
      await put<Connection>(`/plant/machines/${made.machine ?? ''}/connection`, {
        link: draft.link ?? made.link,
        unit: draft.unit || undefined,
      })
      return made
    },
  })
  return steps
}

/** setupOf leaves out of a point what the node alone says of it. */
export function setupOf(p: Point): Setup {
  const setup: Partial<Point> = { ...p }
  for (const member of ['id', 'machine', 'from', 'to', 'etag'] as const) Reflect.deleteProperty(setup, member)
  return setup as Setup
}
