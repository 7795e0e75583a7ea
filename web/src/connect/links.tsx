import { PlusOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { Fragment, useState } from 'react'

import { del, post } from '../api/client'
import { Problem } from '../api/problem'
import { keys } from '../api/queries'
import type { Gateway, GatewayLink } from '../api/types'
import { useHere } from '../app/org'
import { rate, whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useApprove } from '../trace/approve'
import { Inspect } from '../trace/inspect'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { LinkMark } from '../ui/marks'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { protocolName } from '../wizard/draft'
import { Certificate } from '../wizard/fault'
import { LinkDialog } from './linkdialog'

/** Links shows a gateway's lines to machines: how they do, and what can be changed about them. */
export function Links({ gateway: g }: { gateway: Gateway }) {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [editing, setEditing] = useState<GatewayLink | 'new'>()
  const [inspected, setInspected] = useState<string>()
  const inspecting = g.links.find((l) => l.id === inspected)
  const change = may('configure')
  const links = g.links
  const nameOf = (l: GatewayLink) => n(l.name) || l.endpoint
  const again = () => refreshed(keys.gateways(org.id), keys.connection())
  const restore = async (l: GatewayLink) => {
    try {
      await post(`/gateways/${g.id}/links`, { driver: l.driver, name: l.name, config: l.config })
      await again()
    } catch (e) {
      if (e instanceof Problem) void message.error(e.message)
    }
  }
  const remove = (l: GatewayLink) =>
    confirm({
      title: t('link.removeAsk', { name: nameOf(l) }),
      text: t('link.removeText'),
      ok: t('link.remove'),
      work: async () => {
        await del(`/links/${l.id}`)
        await again()
        const key = `removed-${l.id}`
        void message.open({
          key,
          type: 'success',
          duration: 12,
          content: (
            <>
              {t('link.removed', { name: nameOf(l) })}{' '}
              {l.config && (
                <Button
                  size="small"
                  type="link"
                  onClick={() => {
                    message.destroy(key)
                    void restore(l)
                  }}
                >
                  {t('undo')}
                </Button>
              )}
            </>
          ),
        })
      },
    })
  const add = change && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setEditing('new')}>
      {t('link.add')}
    </Button>
  )
  return (
    <section className="panel" aria-label={t('gateway.links')}>
      <header>
        <h2>{t('gateway.links')}</h2>
        <span className="muted">{t('link.what')}</span>
        <div className="actions">{links.length > 0 && add}</div>
      </header>
      {links.length === 0 ? (
        <Blank title={t('link.none')} actions={add}>
          {t('link.noneHelp')}
        </Blank>
      ) : (
        <DataTable
          label={t('gateway.links')}
          className="cards roomy"
          columns={[
            'name',
            'link.driver',
            'link.endpoint',
            'state',
            { num: 'link.rate' },
            { num: 'link.errors' },
            'gateway.lastError',
            { hidden: 'actions' },
          ]}
        >
          <tbody>
            {links.map((l) => (
              <Fragment key={l.id}>
                <tr>
                  <th scope="row">{nameOf(l)}</th>
                  <td data-label={t('link.driver')}>{protocolName(l.driver)}</td>
                  <td data-label={t('link.endpoint')}>
                    <code>{l.endpoint}</code>
                  </td>
                  <td data-label={t('state')}>
                    <LinkMark state={l.state} />
                  </td>
                  <td data-label={t('link.rate')} className="num">
                    {rate(lang, l.requestsPerSecond)}
                  </td>
                  <td data-label={t('link.errors')} className="num">
                    {whole(lang, l.errors)}
                  </td>
                  <td data-label={t('gateway.lastError')} style={{ maxWidth: 360 }}>
                    {l.lastError ? (
                      <>
                        {n(l.lastError.text)}{' '}
                        {l.lastError.time && (
                          <span className="muted nowrap">
                            <Age of={millis(l.lastError.time)} />
                          </span>
                        )}
                      </>
                    ) : (
                      <span className="muted">{t('gateway.noError')}</span>
                    )}
                  </td>
                  <td data-label="" className="num nowrap">
                    <Button
                      size="small"
                      type="link"
                      aria-label={t('trace.inspectOf', { name: nameOf(l) })}
                      onClick={() => setInspected(l.id)}
                    >
                      {t('trace.inspect')}
                    </Button>
                    {change && (
                      <>
                        <Button size="small" type="link" onClick={() => setEditing(l)}>
                          {t('edit')}
                        </Button>
                        <Button size="small" type="link" danger onClick={() => remove(l)}>
                          {t('link.remove')}
                        </Button>
                      </>
                    )}
                  </td>
                </tr>
                {l.attention && <Attention link={l} attention={l.attention} columns={8} />}
              </Fragment>
            ))}
          </tbody>
        </DataTable>
      )}
      {inspecting && <Inspect gateway={g} link={inspecting} close={() => setInspected(undefined)} />}
      {editing && (
        <LinkDialog
          gateway={g}
          link={editing === 'new' ? undefined : editing}
          close={() => setEditing(undefined)}
          done={() => {
            setEditing(undefined)
            void again()
          }}
        />
      )}
    </section>
  )
}

/** Attention is what a person has to decide before the link can work, under the link's own row. */
function Attention({
  link,
  attention,
  columns,
}: {
  link: GatewayLink
  attention: NonNullable<GatewayLink['attention']>
  columns: number
}) {
  const { may } = useHere()
  const approve = useApprove(link)
  return (
    <tr>
      <td colSpan={columns} className="attention">
        <Certificate attention={attention} approve={may('configure') ? approve : undefined} />
      </td>
    </tr>
  )
}
