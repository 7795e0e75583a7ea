import { useI18n } from '../i18n'
import { Shape } from '../ui/marks'
import { useGuide, type NodeState, type NodeStatus } from './queries'

const looks: Record<NodeState, string> = {
  applied: 'tag info',
  testing: 'tag info',
  serving: 'tag good',
  suspended: 'tag warning',
  ended: 'tag',
}

/** NodeStateTag is how far the docking of a node is. */
export function NodeStateTag({ of }: { of: NodeState }) {
  const { t } = useI18n()
  return <span className={looks[of]}>{t(`docking.state.${of}`)}</span>
}

/** HealthMark is what the probes say, by form, colour and word. */
export function HealthMark({ of: s }: { of: Pick<NodeStatus, 'known' | 'down'> }) {
  const { t } = useI18n()
  const [look, shape, word] = !s.known
    ? (['silent', 'ring', 'docking.notProbed'] as const)
    : s.down
      ? (['offline', 'cross', 'docking.silent'] as const)
      : (['online', 'full', 'docking.well'] as const)
  return (
    <span className={`state is-${look}`}>
      <Shape of={shape} />
      <span className="word">{t(word)}</span>
    </span>
  )
}

/** useTableName tells the name of a table of the guide. */
export function useTableName(): (id: string) => string {
  const { n } = useI18n()
  const guide = useGuide()
  return (id) => n(guide.data?.tables?.find((x) => x.id === id)?.name) || id
}
