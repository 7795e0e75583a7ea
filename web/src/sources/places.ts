import { useMemo } from 'react'

import { usePlant } from '../api/queries'
import type { PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'

interface Option {
  value: string
  label: string
}

interface Places {
  parents: Option[]
  machines: Option[]
  path: (id: string) => string
}

const none: PlantNode[] = []

/** usePlaces are the nodes of the plant as choices, by their whole paths: where a machine may stand, and the machines. */
export function usePlaces(): Places {
  const { org } = useHere()
  const { n } = useI18n()
  const nodes = usePlant(org.id).data ?? none
  return useMemo(() => {
    const byId = new Map(nodes.map((x) => [x.id, x]))
    const told = new Map<string, string>()
    const path = (id: string): string => {
      const held = told.get(id)
      if (held !== undefined) return held
      const node = byId.get(id)
      if (!node) return ''
      told.set(id, n(node.name)) // for a tree that is none
      const above = node.parent ? path(node.parent) : ''
      const whole = above ? `${above} › ${n(node.name)}` : n(node.name)
      told.set(id, whole)
      return whole
    }
    const options = (machine: boolean) =>
      nodes.filter((x) => (x.kind === 'machine') === machine).map((x) => ({ value: x.id, label: path(x.id) }))
    return { parents: options(false), machines: options(true), path }
  }, [nodes, n])
}
