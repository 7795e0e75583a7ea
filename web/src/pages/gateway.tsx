import { Button } from 'antd'
import { useEffect, useState } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'

import { del, post } from '../api/client'
import { keys, useGateways } from '../api/queries'
import type { EnrolCode, Gateway, Trouble } from '../api/types'
import { useHere } from '../app/org'
import { Links } from '../connect/links'
import { Machines } from '../connect/machines'
import { bytes, rate, trip, whole } from '../format/number'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed, useWant } from '../live/live'
import { Quarantine } from '../trace/quarantine'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { Figure } from '../ui/figure'
import { GatewayMark } from '../ui/marks'
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
            <dl className="figures dense">
              <Figure word="gateway.rtt">
                {g.rttMs !== undefined && g.state === 'online' ? trip(lang, g.rttMs) : '–'}
              </Figure>
              <Figure word="gateway.rate">
                {rate(lang, g.samplesPerSecond)} <small>{t('perSecond')}</small>
              </Figure>
              <Figure word="gateway.spool">
                {g.spool ? bytes(lang, g.spool.bytes) : '–'}
                {g.spool?.maxBytes && <small> / {bytes(lang, g.spool.maxBytes)}</small>}
                {g.spool?.full && <span className="tag error">{t('gateway.spoolFull')}</span>}
              </Figure>
              <Figure word="gateway.spoolRecords">{g.spool ? whole(lang, g.spool.samples) : '–'}</Figure>
              <Figure word="gateway.spoolOldest">
                {g.spool?.oldest ? <Age of={millis(g.spool.oldest)} /> : t('gateway.spoolEmpty')}
              </Figure>
              {g.spool?.dropped && g.spool.dropped !== '0' && (
                <Figure word="gateway.dropped">
                  <span className="is-bad">{whole(lang, g.spool.dropped)}</span>
                </Figure>
              )}
              {g.spool?.quarantined && g.spool.quarantined !== '0' && (
                <Figure word="gateway.quarantined">
                  <span className="is-bad">{whole(lang, g.spool.quarantined)}</span>
                </Figure>
              )}
              <Figure word="gateway.clock">
                {g.clockOffsetMs === undefined ? '–' : `${rate(lang, g.clockOffsetMs)} ms`}
              </Figure>
              <Figure word="gateway.lastSeen">
                {g.lastSeen ? <Age of={millis(g.lastSeen)} /> : t('gateway.never')}
              </Figure>
              <Figure word="gateway.version">{g.version ?? '–'}</Figure>
              {g.memory && <Figure word="gateway.memory">{bytes(lang, g.memory)}</Figure>}
              {g.state === 'online' && (
                <Figure word="gateway.config">
                  {g.configCurrent ? t('gateway.configCurrent') : t('gateway.configPending')}
                </Figure>
              )}
              {g.certificateUntil && <Figure word="gateway.certificate">{date(millis(g.certificateUntil))}</Figure>}
              <Figure word="gateway.enrolled">{g.enrolled ? dateTime(millis(g.enrolled)) : t('gateway.notYet')}</Figure>
            </dl>
          </div>
        </section>
        {g.spool && g.spool.quarantined !== '0' && <Quarantine gateway={g} samples={g.spool.quarantined} />}
        <Links gateway={g} />
        <Machines gateway={g} />
        {change && g.enrolled && <Enrolment gateway={g} />}
      </div>
    </>
  )
}

function LastError({ error }: { error: Trouble }) {
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
        <Copied label={t('enrol.command')} text={`jingwei edge --data jingwei-edge-data --code ${code.code}`} />
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
