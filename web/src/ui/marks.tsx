import type { Gateway, LiveState, Origin, Status, StatusClass } from '../api/types'
import { useI18n, type Key } from '../i18n'
import { statusWords } from './statuswords'

const shapes = {
  full: <circle cx="5" cy="5" r="4.5" fill="currentColor" />,
  half: (
    <>
      <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" strokeWidth="1.4" />
      <path d="M5 1a4 4 0 0 1 0 8z" fill="currentColor" />
    </>
  ),
  ring: <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  cross: <path d="M1.500 1.500l7 7M8.500 1.500l-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  warn: <path d="M5 .8 9.700 9.200H.3z" fill="currentColor" />,
}

export function Shape({ of }: { of: keyof typeof shapes }) {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      {shapes[of]}
    </svg>
  )
}

const stateShape: Record<LiveState, keyof typeof shapes> = { live: 'full', stale: 'half', silent: 'ring' }
export const stateKey: Record<LiveState, Key> = { live: 'state.live', stale: 'state.stale', silent: 'state.silent' }

/** StateMark shows live, stale or silent by form and colour, and by word where `word` is set. */
export function StateMark({ state, word }: { state: LiveState; word?: boolean }) {
  const { t } = useI18n()
  return (
    <span className={`state is-${state}`} title={word ? undefined : t(stateKey[state])}>
      <Shape of={stateShape[state]} />
      <span className={word ? 'word' : 'hidden-text'}>{t(stateKey[state])}</span>
    </span>
  )
}

/** StateCounts shows how many are live, stale and silent; zeros are left out, except for live. */
export function StateCounts({ counts }: { counts: Record<LiveState, number> }) {
  const { t } = useI18n()
  return (
    <span className="counts">
      {(['live', 'stale', 'silent'] as const).map((s) =>
        counts[s] > 0 || s === 'live' ? (
          <span key={s} className={`state is-${counts[s] > 0 ? s : 'silent'}`} title={t(stateKey[s])}>
            <Shape of={stateShape[s]} />
            {counts[s]}
            <span className="hidden-text">{t(stateKey[s])}</span>
          </span>
        ) : null,
      )}
    </span>
  )
}

const classShape: Record<StatusClass, keyof typeof shapes> = { good: 'full', uncertain: 'warn', bad: 'cross' }
const classKey: Record<StatusClass, Key> = { good: 'class.good', uncertain: 'class.uncertain', bad: 'class.bad' }

/** StatusMark shows a sample's OPC UA status: form and colour for its class, and its name. */
export function StatusMark({ status }: { status: Status }) {
  const { t } = useI18n()
  const words = statusWords[status.name.replace(/_/g, '')]
  const title = `${words ? `${t(words)} · ` : ''}${t(classKey[status.class])} · ${codeText(status.code)}`
  return (
    <span className={`state is-${status.class}`} title={title}>
      <Shape of={classShape[status.class]} />
      <span className="word cut">{status.name}</span>
    </span>
  )
}

export const codeText = (code: number): string => `0x${code.toString(16).toUpperCase().padStart(8, '0')}`

const originKey: Record<Origin, Key> = {
  measured: 'origin.measured',
  replayed: 'origin.replayed',
  manual: 'origin.manual',
  imported: 'origin.imported',
  computed: 'origin.computed',
  unknown: 'origin.unknown',
}

export function useOriginName(): (origin: Origin) => string {
  const { t } = useI18n()
  return (origin) => t(originKey[origin])
}

/** OriginTag stands wherever values are shown that no device is telling now. */
export function OriginTag({ origin, short }: { origin: Origin | undefined; short?: boolean }) {
  const { t } = useI18n()
  if (!origin || origin === 'measured') return null
  const text = origin === 'replayed' && !short ? t('origin.replayedData') : t(originKey[origin])
  return (
    <span className={`tag ${origin}`} title={origin === 'replayed' ? t('origin.replayedHelp') : undefined}>
      {text}
    </span>
  )
}

const gatewayKey: Record<Gateway['state'], Key> = {
  online: 'gateway.online',
  offline: 'gateway.offline',
  waiting: 'gateway.waiting',
}
const gatewayShape: Record<Gateway['state'], keyof typeof shapes> = {
  online: 'full',
  offline: 'cross',
  waiting: 'half',
}

export function GatewayMark({ state }: { state: Gateway['state'] }) {
  const { t } = useI18n()
  return (
    <span className={`state is-${state}`}>
      <Shape of={gatewayShape[state]} />
      <span className="word">{t(gatewayKey[state])}</span>
    </span>
  )
}

/** LinkMark shows the state of a line to machines: connected or not, in the words of the supervisor. */
export function LinkMark({ state }: { state: string }) {
  const { t } = useI18n()
  const known = linkKeys[state]
  const [look, shape] = linkLook(state)
  return (
    <span className={`state is-${look}`}>
      <Shape of={shape} />
      <span className="word">{known ? t(known) : state}</span>
    </span>
  )
}

// The phases of the driver's supervisor.
const linkKeys: Partial<Record<string, Key>> = {
  starting: 'link.starting',
  connecting: 'link.connecting',
  connected: 'link.connected',
  resting: 'link.resting',
  waiting: 'link.waiting',
  stopped: 'link.stopped',
  unknown: 'link.unknown',
}

function linkLook(state: string): [string, keyof typeof shapes] {
  if (state === 'connected' || state === 'resting') return ['online', 'full']
  if (state === 'waiting') return ['offline', 'cross']
  if (state === 'stopped' || state === 'unknown') return ['silent', 'ring']
  return ['waiting', 'half']
}

/** Weave is the mark of the house: warp and weft. */
export function Weave() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="6" fill="#1d4a68" />
      <g fill="none" strokeWidth="3.2" strokeLinecap="round">
        <path stroke="#e8b04b" d="M6 11h4.500M14.500 11H26M6 21h11.500M21.500 21H26" />
        <path stroke="#7cc4e8" d="M12.500 6v11.500M12.500 21.500V26M19.500 6v1.500M19.500 11.500V26" />
      </g>
    </svg>
  )
}
