import { PlusOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'

import { del, post } from '../api/client'
import { Problem } from '../api/problem'
import { keys, useGateways, useMachines, usePlant } from '../api/queries'
import type { EnrolCode, Gateway, GatewayLink, Problemlike } from '../api/types'
import { useHere } from '../app/org'
import { ConnectMachine } from '../connect/connectmachine'
import { LinkDialog } from '../connect/linkdialog'
import { bytes, rate, whole } from '../format/number'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed, useWant } from '../live/live'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { GatewayMark, LinkMark } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Copied } from '../ui/secret'
import { Blank, Bones, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

export function GatewayPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t } = useI18n()
  useWant(org.id)
  const gateways = useGateways(org.id)
  const gateway = gateways.data?.find((g) => g.id === id)
  if (gateway) return <View key={id} gateway={gateway} />
  if (gateways.data) {
    return (
      <Blank title={t('gateway.notFound')} actions={<Link to={at('gateways')}>{t('nav.gateways')}</Link>}>
        {t('gateway.notFoundHelp')}
      </Blank>
    )
  }
  if (gateways.error) return <Fault problem={gateways.error} retry={() => void gateways.refetch()} />
  return (
    <div className="panel">
      <Bones />
    </div>
  )
}

function View({ gateway: g }: { gateway: Gateway }) {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const navigate = useNavigate()
  const change = may('configure')
  const remove = () =>
    confirm({
      title: t('gateway.removeAsk', { name: n(g.name) }),
      text: t('gateway.removeText'),
      ok: t('gateway.remove'),
      work: async () => {
        await del(`/gateways/${g.id}`)
        await refreshed(keys.gateways(org.id))
        await navigate(at('gateways'))
      },
    })
  return (
    <>
      <PageHead
        title={n(g.name)}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('nav.gateways'), to: at('gateways') },
        ]}
        after={<GatewayMark state={g.state} />}
      >
        {change && (
          <Button danger onClick={remove}>
            {t('gateway.remove')}
          </Button>
        )}
      </PageHead>
      <div className="stack">
        {change && !g.enrolled && <Enrolment gateway={g} />}
        {g.lastError && <LastError error={g.lastError} />}
        <section className="panel" aria-label={t('gateway.state')}>
          <header>
            <h2>{t('gateway.state')}</h2>
          </header>
          <div className="body">
            <dl className="figures">
              <Figure label={t('gateway.rtt')}>
                {g.rttMs !== undefined && g.state === 'online' ? (
                  <>
                    {rate(lang, g.rttMs)} <small>ms</small>
                  </>
                ) : (
                  '–'
                )}
              </Figure>
              <Figure label={t('gateway.rate')}>
                {rate(lang, g.samplesPerSecond ?? 0)} <small>{t('perSecond')}</small>
              </Figure>
              <Figure label={t('gateway.spool')}>
                {g.spool ? bytes(lang, g.spool.bytes) : '–'}
                {g.spool?.maxBytes && <small> / {bytes(lang, g.spool.maxBytes)}</small>}
                {g.spool?.full && <span className="tag error">{t('gateway.spoolFull')}</span>}
              </Figure>
              <Figure label={t('gateway.spoolRecords')}>
                {g.spool ? whole(lang, g.spool.samples ?? g.spool.records) : '–'}
              </Figure>
              <Figure label={t('gateway.spoolOldest')}>
                {g.spool?.oldest ? <Age of={millis(g.spool.oldest)} /> : t('gateway.spoolEmpty')}
              </Figure>
              {g.spool?.dropped && g.spool.dropped !== '0' && (
                <Figure label={t('gateway.dropped')}>
                  <span className="is-bad">{whole(lang, g.spool.dropped)}</span>
                </Figure>
              )}
              {g.spool?.quarantined && g.spool.quarantined !== '0' && (
                <Figure label={t('gateway.quarantined')}>
                  <span className="is-bad">{whole(lang, g.spool.quarantined)}</span>
                </Figure>
              )}
              <Figure label={t('gateway.clock')}>
                {g.clockOffsetMs === undefined ? '–' : `${rate(lang, g.clockOffsetMs)} ms`}
              </Figure>
              <Figure label={t('gateway.lastSeen')}>
                {g.lastSeen ? <Age of={millis(g.lastSeen)} /> : t('gateway.never')}
              </Figure>
              <Figure label={t('gateway.version')}>{g.version ?? '–'}</Figure>
              {g.memory && <Figure label={t('gateway.memory')}>{bytes(lang, g.memory)}</Figure>}
              {g.configCurrent !== undefined && g.state === 'online' && (
                <Figure label={t('gateway.config')}>
                  {g.configCurrent ? t('gateway.configCurrent') : t('gateway.configPending')}
                </Figure>
              )}
              {g.certificateUntil && (
                <Figure label={t('gateway.certificate')}>{date(millis(g.certificateUntil))}</Figure>
              )}
              <Figure label={t('gateway.enrolled')}>
                {g.enrolled ? dateTime(millis(g.enrolled)) : t('gateway.notYet')}
              </Figure>
            </dl>
          </div>
        </section>
        <Links gateway={g} />
        <Machines gateway={g} />
        {change && g.enrolled && <Enrolment gateway={g} />}
      </div>
    </>
  )
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd style={{ fontSize: 14 }}>{children}</dd>
    </div>
  )
}

function LastError({ error }: { error: Problemlike }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('gateway.lastError')}>
      <div className="body">
        <h2>{t('gateway.lastError')}</h2>
        <p>{n(error.text)}</p>
        <p className="muted">
          <code>{error.code}</code>
          {error.time && (
            <>
              {' · '}
              {dateTime(millis(error.time))} (<Age of={millis(error.time)} />)
            </>
          )}
        </p>
      </div>
    </section>
  )
}

/** Enrolment makes the one-time code and shows the command that uses it. */
function Enrolment({ gateway: g }: { gateway: Gateway }) {
  const { t } = useI18n()
  const [params, setParams] = useSearchParams()
  const [code, setCode] = useState<EnrolCode>()
  const submit = useSubmit()
  const fresh = params.has('code')
  const make = () => submit.run(async () => setCode(await post<EnrolCode>(`/gateways/${g.id}/code`, {})))
  useEffect(() => {
    if (!fresh) return
    setParams({}, { replace: true })
    void make()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, for the gateway that was just created
  }, [fresh])
  if (code) {
    return (
      <section className="once" aria-label={t('enrol.title')}>
        <h2>{t('enrol.title')}</h2>
        <p>{t('enrol.once', { until: dateTime(millis(code.expires)) })}</p>
        <p style={{ marginTop: 8 }}>{t('enrol.run')}</p>
        <Copied label={t('enrol.command')} text={`jingwei edge --code ${code.code}`} />
        <p style={{ marginTop: 8 }}>{t('enrol.code')}</p>
        <Copied label={t('enrol.code')} text={code.code} />
        <Button size="small" style={{ marginTop: 10 }} onClick={() => setCode(undefined)}>
          {t('enrol.done')}
        </Button>
      </section>
    )
  }
  if (submit.problem) return <Fault problem={submit.problem} retry={() => void make()} />
  return (
    <section className="panel" aria-label={t('enrol.title')}>
      <div className="body row wrap">
        <span className="grow">{g.enrolled ? t('enrol.again') : t('enrol.waiting')}</span>
        <Button type={g.enrolled ? 'default' : 'primary'} loading={submit.busy} onClick={() => void make()}>
          {t('enrol.make')}
        </Button>
      </div>
    </section>
  )
}

function Links({ gateway: g }: { gateway: Gateway }) {
  const { org, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [editing, setEditing] = useState<GatewayLink | 'new'>()
  const change = may('configure')
  const links = g.links ?? []
  const nameOf = (l: GatewayLink) => n(l.name) || l.endpoint
  const again = () => refreshed(keys.gateways(org.id), keys.machine())
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
    <Button size="small" icon={<PlusOutlined />} onClick={() => setEditing('new')}>
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
        <div className="tablebox">
          <table className="data cards roomy">
            <caption className="hidden-text">{t('gateway.links')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('name')}</th>
                <th scope="col">{t('link.driver')}</th>
                <th scope="col">{t('link.endpoint')}</th>
                <th scope="col">{t('state')}</th>
                <th scope="col" className="num">
                  {t('link.rate')}
                </th>
                <th scope="col" className="num">
                  {t('link.errors')}
                </th>
                <th scope="col">{t('gateway.lastError')}</th>
                {change && (
                  <th scope="col">
                    <span className="hidden-text">{t('actions')}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {links.map((l) => (
                <tr key={l.id}>
                  <th scope="row">{nameOf(l)}</th>
                  <td data-label={t('link.driver')}>{l.driver}</td>
                  <td data-label={t('link.endpoint')}>
                    <code>{l.endpoint}</code>
                  </td>
                  <td data-label={t('state')}>
                    <LinkMark state={l.state} />
                  </td>
                  <td data-label={t('link.rate')} className="num">
                    {l.requestsPerSecond === undefined ? '–' : rate(lang, l.requestsPerSecond)}
                  </td>
                  <td data-label={t('link.errors')} className="num">
                    {l.errors === undefined ? '–' : whole(lang, l.errors)}
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
                  {change && (
                    <td data-label="" className="nowrap">
                      <Button size="small" type="link" onClick={() => setEditing(l)}>
                        {t('edit')}
                      </Button>
                      <Button size="small" type="link" danger onClick={() => remove(l)}>
                        {t('link.remove')}
                      </Button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
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

const mostAsked = 200

function Machines({ gateway: g }: { gateway: Gateway }) {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const plant = usePlant(org.id)
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [connecting, setConnecting] = useState(false)
  const links = g.links ?? []
  // Where the links do not tell their machines, the machines are asked for theirs; a page bounds how many.
  const told = links.some((l) => l.machines)
  const nodes = (plant.data ?? []).filter((x) => x.kind === 'machine')
  const asked = useMachines(told || links.length === 0 ? [] : nodes.slice(0, mostAsked).map((x) => x.id))
  const connected = told
    ? links.flatMap((link) =>
        (link.machines ?? []).map(({ id, unit }) => ({ id, unit, link, name: nodes.find((x) => x.id === id)?.name })),
      )
    : asked.flatMap(({ id, name, connection }) => {
        const link = links.find((l) => l.id === connection?.link)
        return link && connection ? [{ id, name, unit: connection.unit, link }] : []
      })
  const change = may('configure')
  const disconnect = (id: string, name: string) =>
    confirm({
      title: t('connect.endAsk', { name }),
      text: t('connect.endText'),
      ok: t('connect.end'),
      work: async () => {
        await del(`/plant/machines/${id}/connection`)
        await refreshed(keys.machine(id), keys.gateways(org.id))
      },
    })
  const add = change && links.length > 0 && (
    <Button size="small" icon={<PlusOutlined />} onClick={() => setConnecting(true)}>
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
        <div className="tablebox">
          <table className="data">
            <caption className="hidden-text">{t('connect.machines')}</caption>
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
                    <Link to={at(`m/${m.id}`)}>{n(m.name) || m.id}</Link>
                  </th>
                  <td>{n(m.link.name) || m.link.endpoint}</td>
                  <td>{m.unit || '–'}</td>
                  {change && (
                    <td className="num">
                      <Button size="small" type="link" danger onClick={() => disconnect(m.id, n(m.name))}>
                        {t('connect.end')}
                      </Button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {connecting && <ConnectMachine gateway={g} close={() => setConnecting(false)} />}
    </section>
  )
}
