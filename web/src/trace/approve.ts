import { patch } from '../api/client'
import { keys } from '../api/queries'
import type { GatewayLink } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { grouped } from './frame'

/** useApprove pins a device's certificate to its link, once a person has said yes. Secrets go back masked, as they came. */
export function useApprove(l: GatewayLink): (fingerprint: string) => void {
  const { org } = useHere()
  const { t } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  return (fingerprint) =>
    confirm({
      title: t('trace.approveAsk'),
      text: t('trace.approveText', { fingerprint: grouped(fingerprint) }),
      ok: t('wizard.approve'),
      work: async () => {
        await patch(
          `/links/${l.id}`,
          { config: { ...((l.config ?? {}) as Record<string, unknown>), serverFingerprint: fingerprint } },
          l.etag,
        )
        await refreshed(keys.gateways(org.id), keys.connection())
      },
    })
}
