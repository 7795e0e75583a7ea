import type { Source, SourceDevice } from '../api/types'
import { useI18n, type Key } from '../i18n'
import { Shape } from '../ui/marks'

type ShapeName = Parameters<typeof Shape>[0]['of']

const stateLook: Record<Source['state'], [look: string, shape: ShapeName, word: Key]> = {
  listening: ['online', 'full', 'sources.listening'],
  connected: ['online', 'full', 'sources.connected'],
  connecting: ['waiting', 'half', 'sources.connecting'],
  failed: ['offline', 'cross', 'sources.failed'],
  off: ['silent', 'ring', 'sources.off'],
}

/** SourceMark shows how a source does, by form and word. */
export function SourceMark({ state }: { state: Source['state'] }) {
  return <Mark look={stateLook[state]} />
}

const deviceLook: Record<SourceDevice['state'], [look: string, shape: ShapeName, word: Key]> = {
  online: ['online', 'full', 'sources.deviceOnline'],
  offline: ['offline', 'cross', 'sources.deviceOffline'],
  unknown: ['silent', 'ring', 'sources.deviceUnknown'],
}

export function DeviceMark({ state }: { state: SourceDevice['state'] }) {
  return <Mark look={deviceLook[state]} />
}

function Mark({ look: [look, shape, word] }: { look: [string, ShapeName, Key] }) {
  const { t } = useI18n()
  return (
    <span className={`state is-${look}`}>
      <Shape of={shape} />
      <span className="word">{t(word)}</span>
    </span>
  )
}

export const transportKey: Record<Source['transport'], Key> = {
  broker: 'sources.viaBroker',
  remote: 'sources.viaRemote',
  http: 'sources.viaHttp',
}
