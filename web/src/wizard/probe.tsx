import { Button, Input } from 'antd'
import { useState } from 'react'

import { Readings } from '../connect/readings'
import { useI18n } from '../i18n'
import type { Via } from './ask'
import { keyOf, suits, type Change, type Setup } from './draft'

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
