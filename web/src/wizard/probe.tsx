import { useQuery } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { probe, type Via } from './ask'
import { keyOf, suits, type Change, type Reading, type Setup } from './draft'
import { DeviceFault } from './fault'

const useProbe = (via: Via, address: string) =>
  useQuery({
    queryKey: ['probe', via, address],
    queryFn: () => probe(via, address),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    enabled: address !== '',
  })

/** Decodings shows what stands at a point's address in every reading, and takes the one that makes sense. */
export function Decodings({
  via,
  point,
  changed,
  choose,
  undo,
}: {
  via: Via
  point: Setup
  changed: boolean
  choose: (to: Change) => void
  undo: () => void
}) {
  const { t, n } = useI18n()
  return (
    <>
      <div className="row wrap">
        <span className="muted">{t('wizard.decodingsHelp', { name: n(point.name) })}</span>
        {changed && (
          <Button size="small" type="link" onClick={undo}>
            {t('wizard.asTemplate')}
          </Button>
        )}
      </div>
      <Readings
        via={via}
        address={point.address}
        current={point}
        may={(r) => suits(point.type, r.type)}
        choose={(r) => choose({ encoding: r.encoding, order: r.order })}
      />
    </>
  )
}

function Readings({
  via,
  address,
  current,
  may,
  choose,
}: {
  via: Via
  address: string
  current?: Pick<Setup, 'encoding' | 'order'>
  may?: (r: Reading) => boolean
  choose: (r: Reading) => void
}) {
  const { t } = useI18n()
  const asked = useProbe(via, address)
  // A point without an order takes the link's, which is big-endian where nobody says otherwise.
  const order = (r: { order?: string }) => r.order ?? 'ABCD'
  return (
    <Answer query={asked} rows={2}>
      {(answer) => {
        if (answer.fault) return <DeviceFault fault={answer.fault} approve={() => undefined} />
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
                return (
                  <button
                    key={`${r.encoding} ${r.order}`}
                    type="button"
                    aria-pressed={chosen}
                    disabled={!fits}
                    title={fits ? undefined : t('wizard.unsuited')}
                    onClick={() => choose(r)}
                  >
                    <span className="value">{r.value}</span>
                    {r.likely && <span className="tag good">{t('wizard.likely')}</span>}
                    <span className="how">
                      <code>
                        {r.encoding} {r.order}
                      </code>
                    </span>
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

/** ProbeAny looks at any address of a device that has no template, and makes a point of it. */
export function ProbeAny({ via, taken, add }: { via: Via; taken: ReadonlySet<string>; add: (p: Setup) => void }) {
  const { t } = useI18n()
  const [address, setAddress] = useState('')
  const [asked, setAsked] = useState('')
  return (
    <div>
      <p>
        <label htmlFor="wizard-address">{t('wizard.probeAddress')}</label>
      </p>
      <Input.Search
        id="wizard-address"
        style={{ maxWidth: 360 }}
        value={address}
        placeholder="holding:0"
        enterButton={t('wizard.probe')}
        onChange={(e) => setAddress(e.target.value)}
        onSearch={(v) => setAsked(v.trim())}
      />
      {asked && (
        <Readings
          key={asked}
          via={via}
          address={asked}
          choose={(r) =>
            add({
              key: keyOf(asked, taken),
              name: { zh: asked, en: asked },
              type: r.type,
              unit: r.type === 'float64' || r.type === 'int64' ? '1' : undefined,
              address: asked,
              encoding: r.encoding,
              order: r.order,
            })
          }
        />
      )}
    </div>
  )
}
