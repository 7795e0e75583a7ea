import { useQuery } from '@tanstack/react-query'

import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { probe, type Via } from '../wizard/ask'
import type { Reading, Setup } from '../wizard/draft'
import { DeviceFault } from '../wizard/fault'
import './readings.css'

const useProbe = (via: Via, address: string, turn: number) =>
  useQuery({
    queryKey: ['probe', via, address, turn],
    queryFn: () => probe(via, address),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    enabled: address !== '',
  })

/** Readings shows what stands at an address in every reading. With choose, one of them can be taken. */
export function Readings({
  via,
  address,
  current,
  may,
  choose,
  approve,
  turn = 0,
}: {
  via: Via
  address: string
  current?: Pick<Setup, 'encoding' | 'order'>
  may?: (r: Reading) => boolean
  choose?: (r: Reading) => void
  approve?: (fingerprint: string) => void
  /** Another turn asks the device anew. */
  turn?: number
}) {
  const { t } = useI18n()
  const asked = useProbe(via, address, turn)
  // A point without an order takes the link's, which is big-endian where nobody says otherwise.
  const order = (r: { order?: string }) => r.order ?? 'ABCD'
  return (
    <Answer query={asked} rows={2}>
      {(answer) => {
        if (answer.fault) return <DeviceFault fault={answer.fault} approve={approve ?? (() => undefined)} />
        if (!answer.probe || answer.probe.readings.length === 0)
          return <Blank title={t('wizard.nothingThere')}>{answer.probe?.status.name}</Blank>
        return (
          <>
            <p className="muted">
              <code>{answer.probe.address}</code> {t('wizard.raw')} <code>{answer.probe.raw}</code>
            </p>
            <div className="decodings" role="group" aria-label={t('wizard.decode')}>
              {answer.probe.readings.map((r) => {
                const chosen = current?.encoding === r.encoding && (!r.order || order(current) === order(r))
                const fits = may?.(r) ?? true
                const key = `${r.encoding} ${r.order}`
                const face = (
                  <>
                    <span className="value">{r.value}</span>
                    {r.likely && <span className="tag good">{t('wizard.likely')}</span>}
                    <span className="how">
                      <code>
                        {r.encoding} {r.order}
                      </code>
                    </span>
                  </>
                )
                if (!choose) return <div key={key}>{face}</div>
                return (
                  <button
                    key={key}
                    type="button"
                    aria-pressed={chosen}
                    disabled={!fits}
                    title={fits ? undefined : t('wizard.unsuited')}
                    onClick={() => choose(r)}
                  >
                    {face}
                  </button>
                )
              })}
            </div>
          </>
        )
      }}
    </Answer>
  )
}
