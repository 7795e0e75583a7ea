import { DownloadOutlined } from '@ant-design/icons'
import { Button, Segmented } from 'antd'
import { useState } from 'react'
import { useQuery, keepPreviousData } from '@tanstack/react-query'

import { get } from '../api/client'
import type { Census } from '../api/types'
import { useHere } from '../app/org'
import { rate, whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { downloadMachines } from '../scale/download'
import { Groups } from '../scale/groups'
import { Growth } from '../scale/growth'
import { Rates } from '../scale/rates'
import { Figure } from '../ui/figure'
import { OriginTag, StateCounts } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

const spans = [12, 24, 60]

/** ScalePage counts the machines of an organisation, how they are connected, and the rates that rest on that. */
export function ScalePage() {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const [months, setMonths] = useState(12)
  const submit = useSubmit()
  const census = useQuery({
    queryKey: ['scale', org.id, months],
    queryFn: ({ signal }) => get<Census>('/scale', { org: org.id, months }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  })
  const c = census.data
  return (
    <>
      <PageHead
        title={t('scale.title')}
        crumbs={[{ label: n(org.name), to: at() }]}
        after={c && <span className="muted">{t('scale.at', { time: dateTime(millis(c.at)) })}</span>}
      >
        {c && c.machines > 0 && (
          <Button
            icon={<DownloadOutlined aria-hidden />}
            loading={submit.busy}
            onClick={() => void submit.run(() => downloadMachines(org.id, lang))}
          >
            {t('scale.csv')}
          </Button>
        )}
      </PageHead>
      <div className="stack">
        {submit.problem && <Fault problem={submit.problem} />}
        <Answer
          query={census}
          rows={8}
          empty={(x) =>
            x.machines === 0 &&
            x.gateways + x.sources === 0 && <Blank title={t('scale.none')}>{t('scale.noneHelp')}</Blank>
          }
        >
          {(x) => (
            <>
              <Totals census={x} />
              <Rates rates={x.rates} />
              <div className="scalegrid">
                <Groups title={t('scale.byClass')} list={x.byClass} />
                <Groups title={t('scale.byProtocol')} list={x.byProtocol} flow through />
                <Groups
                  title={t('scale.byChannel')}
                  list={x.byChannel}
                  flow
                  through
                  to={(g) => at(`${g.kind === 'source' ? 'sources' : 'gateways'}/${g.id}`)}
                />
                <Groups title={t('scale.bySite')} list={x.bySite} />
                {x.byTemplate.length > 1 && <Groups title={t('scale.byTemplate')} list={x.byTemplate} />}
                {x.byOrg.length > 1 && <Groups title={t('scale.byOrg')} list={x.byOrg} />}
              </div>
              <section className="panel" aria-label={t('scale.growth')}>
                <header>
                  <h2>{t('scale.growth')}</h2>
                  <div className="actions">
                    <Segmented
                      size="small"
                      aria-label={t('scale.months')}
                      value={months}
                      onChange={setMonths}
                      options={spans.map((value) => ({ value, label: t('scale.monthsN', { n: value }) }))}
                    />
                  </div>
                </header>
                <Growth months={x.growth} />
              </section>
              <section className="panel" aria-label={t('scale.notes')}>
                <header>
                  <h2>{t('scale.notes')}</h2>
                </header>
                <ul className="body notes">
                  {x.notes.map((note, i) => (
                    <li key={i}>{n(note)}</li>
                  ))}
                </ul>
              </section>
            </>
          )}
        </Answer>
      </div>
    </>
  )
}

function Totals({ census: c }: { census: Census }) {
  const { t, lang } = useI18n()
  const { points } = c
  return (
    <section className="panel" aria-label={t('scale.totals')}>
      <div className="body">
        <dl className="figures">
          <Figure word="scale.machines">{whole(lang, c.machines)}</Figure>
          <Figure word="scale.connected">
            {whole(lang, c.connected)} <small>/ {whole(lang, c.machines)}</small>
          </Figure>
          {c.states && (
            <Figure word="scale.states">
              <StateCounts counts={c.states} />{' '}
              {c.states.replayed > 0 && (
                <small>
                  <OriginTag origin="replayed" short /> {whole(lang, c.states.replayed)}
                </small>
              )}
            </Figure>
          )}
          <Figure word="overview.points">
            {whole(lang, points.total)}{' '}
            {points.live !== undefined && <small>{t('scale.live', { n: whole(lang, points.live) })}</small>}
          </Figure>
          <Figure word="nav.gateways">{whole(lang, c.gateways)}</Figure>
          <Figure word="sources.title">{whole(lang, c.sources)}</Figure>
          {c.flow && (
            <Figure word="sources.rate">
              {rate(lang, c.flow.valuesPerSecond)} <small>{t('perSecond')}</small>
            </Figure>
          )}
        </dl>
      </div>
    </section>
  )
}
