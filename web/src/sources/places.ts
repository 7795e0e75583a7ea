import { usePlant } from '../api/queries'
import type { PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { pathTo } from '../plant/tree'

interface Option {
  value: string
  label: string
}

/** usePlaces are the nodes of the plant as choices, by their whole paths: where a machine may stand, and the machines. */
export function usePlaces(): { parents: Option[]; machines: Option[]; nodes: PlantNode[]; path: (id: string) => string } {
  const { org } = useHere()
  const { n } = useI18n()
  const nodes = usePlant(org.id).data ?? []
  const path = (id: string) =>
    pathTo(nodes, id)
      .map((p) => n(p.name))
      .join(' › ')
  const options = (machine: boolean) =>
    nodes.filter((x) => (x.kind === 'machine') === machine).map((x) => ({ value: x.id, label: path(x.id) }))
  return { parents: options(false), machines: options(true), nodes, path }
}
