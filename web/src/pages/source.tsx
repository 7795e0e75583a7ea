import { Button } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'

import { del } from '../api/client'
import { keys } from '../api/queries'
import type { Source } from '../api/types'
import { useHere } from '../app/org'
import { rate, whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed, useWant } from '../live/live'
import { Credentials } from '../sources/credentials'
import { Devices } from '../sources/devices'
import { SourceMark, transportKey } from '../sources/marks'
import { usePlaces } from '../sources/places'
import { useSourceKinds, useSources } from '../sources/queries'
import { SourceDialog } from '../sources/sourcedialog'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { Figure } from '../ui/figure'
import { OriginTag } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Copied } from '../ui/secret'
import { Blank, Bones, Fault } from '../ui/states'

export function SourcePage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t } = useI18n()
  useWant(org.id)
  const sources = useSources(org.id)
  const source = sources.data?.find((s) => s.id === id)
  if (source) return <View key={id} source={source} />
  if (sources.data) {
    return (
      <>
        <PageHead title={t('sources.one')} crumbs={[{ label: t('sources.title'), to: at('sources') }]} />
        <Blank title={t('sources.notFound')} actions={<Link to={at('sources')}>{t('sources.title')}</Link>}>
          {t('gateway.notFoundHelp')}
        </Blank>
      </>
    )
  }
  if (sources.error) return <Fault problem={sources.error} retry={() => void sources.refetch()} />
  return (
    <div className="panel">
      <Bones />
    </div>
  )
}

function View({ source: s }: { source: Source }) {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const navigate = useNavigate()
  const [changing, setChanging] = useState(false)
  const remove = () =>
    confirm({
      title: t('sources.removeAsk', { name: n(s.name) }),
      text: t('sources.removeText'),
      ok: t('sources.remove'),
      work: async () => {
        await del(`/sources/${s.id}`)
        await navigate(at('sources'))
        await refreshed(keys.sources(org.id))
      },
    })
  return (
    <>
      <PageHead
        title={n(s.name)}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('sources.title'), to: at('sources') },
        ]}
        after={
          <>
            <SourceMark state={s.state} />
            <OriginTag origin={s.origin} />
          </>
        }
      >
        {may('configure') && (
          <>
            <Button onClick={() => setChanging(true)}>{t('sources.change')}</Button>
            <Button danger onClick={remove}>
              {t('sources.remove')}
            </Button>
          </>
        )}
      </PageHead>
      <div className="stack">
        {s.lastTrouble && <LastTrouble source={s} />}
        <Figures source={s} />
        <Devices source={s} />
        {s.transport !== 'remote' && <Credentials source={s} />}
        <Settings source={s} />
      </div>
      {changing && <SourceDialog source={s} close={() => setChanging(false)} done={() => setChanging(false)} />}
    </>
  )
}

function Figures({ source: s }: { source: Source }) {
  const { t, lang } = useI18n()
  return (
    <section className="panel" aria-label={t('gateway.state')}>
      <header>
        <h2>{t('gateway.state')}</h2>
      </header>
      <div className="body">
        <dl className="figures dense">
          <Figure word="sources.devicesOnline">
            {whole(lang, s.online)} <small>/ {whole(lang, s.devices)}</small>
          </Figure>
          <Figure word="sources.rate">
            {rate(lang, s.valuesPerSecond)} <small>{t('perSecond')}</small>
          </Figure>
          {s.transport !== 'http' && <Figure word="sources.connections">{whole(lang, s.connections)}</Figure>}
          <Figure word="sources.unclaimed">
            {s.unclaimed > 0 ? <span className="tag warning">{whole(lang, s.unclaimed)}</span> : '0'}
          </Figure>
          <Figure word="sources.troubles">{whole(lang, s.troubles)}</Figure>
        </dl>
      </div>
    </section>
  )
}

function LastTrouble({ source: { lastTrouble: trouble } }: { source: Source }) {
  const { t, n } = useI18n()
  if (!trouble) return null
  return (
    <section className="panel" aria-label={t('sources.lastTrouble')}>
      <div className="body">
        <h2>{t('sources.lastTrouble')}</h2>
        <p>{n(trouble.text)}</p>
        <p className="muted" style={{ overflowWrap: 'anywhere' }}>
          <code>{trouble.code}</code>
          {trouble.where && (
            <>
              {' · '}
              <code>{trouble.where}</code>
            </>
          )}
          {trouble.value && (
            <>
              {' = '}
              <code>{trouble.value}</code>
            </>
          )}
          {' · '}
          {dateTime(millis(trouble.time))} (<Age of={millis(trouble.time)} />)
        </p>
      </div>
    </section>
  )
}

/** Settings tells where devices send to and what is made of what they send. */
function Settings({ source: s }: { source: Source }) {
  const { t, n } = useI18n()
  const kinds = useSourceKinds()
  const places = usePlaces()
  const address = s.endpoint.mqtt ?? s.endpoint.http
  const { remote, ...own } = (s.config ?? {}) as { remote?: { url?: string; username?: string } }
  return (
    <section className="panel" aria-label={t('sources.settings')}>
      <header>
        <h2>{t('sources.settings')}</h2>
      </header>
      <div className="body">
        <dl className="facts">
          <dt>{t('sources.kind')}</dt>
          <dd>
            {n(kinds.data?.find((k) => k.kind === s.kind)?.name) || s.kind} · {t(transportKey[s.transport])}
          </dd>
          {remote && (
            <>
              <dt>{t('sources.viaRemote')}</dt>
              <dd>
                <code>{remote.url}</code> {remote.username}
              </dd>
            </>
          )}
          {s.transport !== 'remote' && (
            <>
              <dt>{t('sources.endpoint')}</dt>
              <dd>
                {address ? (
                  <Copied label={t('sources.endpoint')} text={address} />
                ) : (
                  <span className="tag warning">{t('sources.noEndpoint')}</span>
                )}
              </dd>
            </>
          )}
          <dt>{t('sources.adoptUnder')}</dt>
          <dd>{s.adopt ? places.path(s.adopt.parent) || s.adopt.parent : t('sources.adoptNot')}</dd>
          <dt>{t('sources.config')}</dt>
          <dd>
            {Object.keys(own).length === 0 ? (
              t('sources.configDefault')
            ) : (
              <details>
                <summary>{t('sources.configShow')}</summary>
                <pre className="code" tabIndex={0}>
                  {JSON.stringify(own, null, 2)}
                </pre>
              </details>
            )}
          </dd>
        </dl>
      </div>
    </section>
  )
}
