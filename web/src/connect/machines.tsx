import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { del } from '../api/client'
import { keys, useConnections, usePlant } from '../api/queries'
import type { Gateway } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { ConnectMachine } from './connectmachine'

const mostAsked = 200

/** Machines shows which machines are read through a gateway's links. */
export function Machines({ gateway: g }: { gateway: Gateway }) {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const plant = usePlant(org.id)
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [connecting, setConnecting] = useState(false)
  const links = g.links
  const nodes = (plant.data ?? []).filter((x) => x.kind === 'machine')
  // The API tells a machine's link, not a link's machines; a page bounds how many are asked.
  const asked = useConnections(links.length === 0 ? [] : nodes.slice(0, mostAsked).map((x) => x.id))
  const connected = asked.flatMap(({ machine, unit, link: id }) => {
    const link = links.find((l) => l.id === id)
    return link ? [{ id: machine, unit, link }] : []
  })
  const nameOf = (id: string) => n(nodes.find((x) => x.id === id)?.name) || id
  const change = may('configure')
  const disconnect = (id: string, name: string) =>
    confirm({
      title: t('connect.endAsk', { name }),
      text: t('connect.endText'),
      ok: t('connect.end'),
      work: async () => {
        await del(`/plant/machines/${id}/connection`)
        await refreshed(keys.connection(id), keys.gateways(org.id))
      },
    })
  const add = change && links.length > 0 && (
    <Button size="small" icon={<PlusOutlined aria-hidden />} onClick={() => setConnecting(true)}>
      {t('connect.add')}
    </Button>
  )
  return (
    <section className="panel" aria-label={t('connect.machines')}>
      <header>
        <h2>{t('connect.machines')}</h2>
        <div className="actions">{connected.length > 0 && add}</div>
      </header>
      {connected.length === 0 ? (
        <Blank title={t('connect.none')} actions={add}>
          {links.length > 0 ? t('connect.noneHelp') : t('connect.noLink')}
        </Blank>
      ) : (
        <DataTable label={t('connect.machines')}>
          <thead>
            <tr>
              <th scope="col">{t('kind.machine')}</th>
              <th scope="col">{t('link.one')}</th>
              <th scope="col">{t('connect.unit')}</th>
              {change && (
                <th scope="col">
                  <span className="hidden-text">{t('actions')}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {connected.map((m) => (
              <tr key={m.id}>
                <th scope="row">
                  <Link to={at(`m/${m.id}`)}>{nameOf(m.id)}</Link>
                </th>
                <td>{n(m.link.name) || m.link.endpoint}</td>
                <td>{m.unit || '–'}</td>
                {change && (
                  <td className="num">
                    <Button size="small" type="link" danger onClick={() => disconnect(m.id, nameOf(m.id))}>
                      {t('connect.end')}
                    </Button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
      {connecting && <ConnectMachine gateway={g} close={() => setConnecting(false)} />}
    </section>
  )
}
