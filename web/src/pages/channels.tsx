import { useHere } from '../app/org'
import { runsNode } from '../backups/run'
import { useI18n } from '../i18n'
import { Channels } from '../inbox/channels'
import { HowTold } from '../inbox/preference'
import { NodeSenders } from '../inbox/senders'
import { DeadLetters } from '../inbox/undelivered'
import { PageHead } from '../ui/page'
import '../fields/fields.css'

/** ChannelsPage is where messages go: one's own channels, the organisation's, what could not be delivered. */
export function ChannelsPage() {
  const { org, orgs, me, may, at } = useHere()
  const { t, n } = useI18n()
  return (
    <>
      <PageHead
        title={t('inbox.channels')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('inbox.title'), to: at('inbox') },
        ]}
      />
      <div className="stack">
        <Channels title={t('inbox.myChannels')} change />
        <HowTold />
        <Channels org={org.id} title={t('inbox.orgChannels')} change={may('configure')} />
        {may('configure') && <DeadLetters org={org.id} />}
        {runsNode(me, orgs) && <NodeSenders />}
      </div>
    </>
  )
}
