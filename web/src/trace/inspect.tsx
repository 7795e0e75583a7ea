import { Drawer, Tabs } from 'antd'

import type { Gateway, GatewayLink } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Blank } from '../ui/states'
import { useApprove } from './approve'
import { Frames } from './frames'
import { Plan } from './plan'
import { Read } from './read'
import './trace.css'

/** Inspect looks into a link: what goes over the wire, what is asked in each scan, and what one address holds. */
export function Inspect({ gateway: g, link: l, close }: { gateway: Gateway; link: GatewayLink; close: () => void }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const approve = useApprove(l)
  const change = may('configure')
  return (
    <Drawer open title={t('trace.of', { name: n(l.name) || l.endpoint })} onClose={close} size={980} destroyOnHidden>
      <Tabs
        destroyOnHidden
        items={[
          {
            key: 'frames',
            label: t('trace.frames'),
            children: change ? (
              <Frames link={l.id} approve={approve} />
            ) : (
              <Blank title={t('trace.mayNot')}>{t('trace.mayNotHelp')}</Blank>
            ),
          },
          { key: 'plan', label: t('trace.plan'), children: <Plan link={l.id} approve={approve} /> },
          {
            key: 'read',
            label: t('trace.read'),
            children: change ? (
              <Read gateway={g.id} link={l} approve={approve} />
            ) : (
              <Blank title={t('trace.mayNotRead')}>{t('trace.mayNotHelp')}</Blank>
            ),
          },
        ]}
      />
    </Drawer>
  )
}
