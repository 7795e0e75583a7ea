import { Button } from 'antd'

import type { components } from '../api/schema'
import { date, millis } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { Problem } from '../api/problem'
import { Fault } from '../ui/states'
import type { LinkFault } from './draft'

// What to do where the device or the network is in the way, by the stable code of the fault.
const mends: Partial<Record<string, Key>> = {
  refused: 'wizard.mend.refused',
  unreachable: 'wizard.mend.unreachable',
  name: 'wizard.mend.name',
  timeout: 'wizard.mend.timeout',
  silent: 'wizard.mend.timeout',
  reset: 'wizard.mend.closed',
  closed: 'wizard.mend.closed',
  unit: 'wizard.mend.unit',
  noUnit: 'wizard.mend.unit',
  protocol: 'wizard.mend.protocol',
  'signin.refused': 'wizard.mend.signIn',
  'security.none': 'wizard.mend.security',
  'certificate.rejected': 'wizard.mend.rejected',
}

/** DeviceFault tells what stands between the gateway and the device, and what to do about it. */
export function DeviceFault({ fault, approve }: { fault: LinkFault; approve: (fingerprint: string) => void }) {
  const { t, n } = useI18n()
  if (fault.attention) return <Certificate attention={fault.attention} approve={approve} />
  return (
    <div className="fault" role="alert">
      <p>
        <strong>{n(fault.text)}</strong>
      </p>
      <p>{t(mends[fault.code] ?? 'wizard.mend.other')}</p>
      <p className="muted">
        <small>
          <code>{fault.code}</code> {fault.detail}
        </small>
      </p>
    </div>
  )
}

/** Certificate shows what a device identified itself with, for a person to compare and approve. */
export function Certificate({
  attention: a,
  approve,
}: {
  attention: components['schemas']['Attention']
  /** Left out: whoever looks may not decide. */
  approve?: (fingerprint: string) => void
}) {
  const { t, n } = useI18n()
  return (
    <div className="once" role="alert">
      <p>
        <strong>{n(a.text)}</strong>
      </p>
      <dl className="facts" style={{ margin: '8px 0' }}>
        <dt>{t('wizard.fingerprint')}</dt>
        <dd>
          <code>{(a.fingerprint.match(/.{1,4}/g) ?? [a.fingerprint]).join(' ')}</code>
        </dd>
        {a.subject && (
          <>
            <dt>{t('wizard.subject')}</dt>
            <dd>{a.subject}</dd>
          </>
        )}
        {a.notAfter && (
          <>
            <dt>{t('gateway.certificate')}</dt>
            <dd>{date(millis(a.notAfter))}</dd>
          </>
        )}
      </dl>
      {approve && (
        <Button type="primary" size="small" onClick={() => approve(a.fingerprint)}>
          {t('wizard.approve')}
        </Button>
      )}
    </div>
  )
}

/** Trouble is whatever a question came to grief with. */
export function Trouble({
  fault,
  problem,
  approve,
}: {
  fault?: LinkFault
  problem?: Problem
  approve: (fingerprint: string) => void
}) {
  if (problem) return <Fault problem={problem} />
  return fault ? <DeviceFault fault={fault} approve={approve} /> : null
}
