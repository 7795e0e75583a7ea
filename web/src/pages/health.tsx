import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useRef } from 'react'
import { useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { Afterwards } from '../health/figures'
import { Gaps } from '../health/gaps'
import '../health/health.css'
import { Coverage, Num, Score, useLength } from '../health/marks'
import { Parts } from '../health/parts'
import { download, usePlantHealth } from '../health/queries'
import { SeriesOf } from '../health/seriesof'
import { readSpan, writeSpan } from '../health/span'
import { SpanPicker } from '../health/spanpicker'
import type { PlantHealth } from '../health/types'
import { useI18n } from '../i18n'
import { percent } from '../scale/percent'
import { Figure } from '../ui/figure'
import { StateCounts } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'

/** HealthPage tells how good the data of a plant are, down to each gap of a point and its cause. */
export function HealthPage() {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const [params, setParams] = useSearchParams()
  const span = readSpan(params)
  const query = usePlantHealth({ org: org.id }, span)
  const submit = useSubmit()
  const put = (change: Record<string, string | undefined>) => {
    const next = new URLSearchParams(params)
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined) next.delete(key)
      else next.set(key, value)
    }
    setParams(next)
  }
  const machine = query.data?.nodes.find((x) => x.id === params.get('node') && x.kind === 'machine')
  const series = params.get('series') ?? undefined
  const detail = useRef<HTMLDivElement>(null)
  const chose = useRef(false)
  // Where the details stand below the list, a choice brings them into sight.
  useEffect(() => {
    if (chose.current) detail.current?.lastElementChild?.scrollIntoView({ block: 'nearest' })
    chose.current = false
  }, [machine?.id, series])
  const choose = (change: Record<string, string | undefined>) => {
    chose.current = true
    put(change)
  }
  return (
    <>
      <PageHead
        title={t('health.title')}
        crumbs={[{ label: n(org.name), to: at() }]}
        after={query.data && <span className="muted">{t('health.at', { time: dateTime(millis(query.data.at)) })}</span>}
      >
        <SpanPicker span={span} onSpan={(s) => setParams(writeSpan(params, s))} />
        <Button
          icon={<DownloadOutlined aria-hidden />}
          loading={submit.busy}
          onClick={() => void submit.run(() => download('/health/plant', { org: org.id }, span, 'data-health', lang))}
        >
          {t('health.csv')}
        </Button>
      </PageHead>
      <div className="stack">
        {submit.problem && <Fault problem={submit.problem} />}
        <Answer
          query={query}
          rows={8}
          empty={(x) => x.whole.series === 0 && <Blank title={t('health.none')}>{t('health.noneHelp')}</Blank>}
        >
          {(x) => (
            <>
              <Whole of={x} />
              <div className="healthgrid">
                <Parts
                  nodes={x.nodes}
                  chosen={machine?.id}
                  worst={params.get('order') === 'worst'}
                  onWorst={(worst) => put({ order: worst ? 'worst' : undefined })}
                  onChoose={(node) => choose({ node, series: undefined })}
                />
                <div className="stack" ref={detail}>
                  {machine ? (
                    <SeriesOf
                      key={machine.id}
                      machine={machine}
                      span={span}
                      chosen={series}
                      onChoose={(id) => choose({ series: id })}
                    />
                  ) : (
                    <section className="panel" aria-label={t('health.pick')}>
                      <Blank title={t('health.pick')}>{t('health.pickHelp')}</Blank>
                    </section>
                  )}
                  {machine && series && (
                    <Gaps key={series} series={series} span={span} close={() => put({ series: undefined })} />
                  )}
                </div>
              </div>
            </>
          )}
        </Answer>
      </div>
    </>
  )
}

const weighed = ['coverage', 'fresh', 'quality', 'inTime', 'clock'] as const

function Whole({ of: { whole: w, weights, counted } }: { of: PlantHealth }) {
  const { t, lang } = useI18n()
  const length = useLength()
  const c = w.counts
  return (
    <section className="panel" aria-label={t('health.whole')}>
      <div className="body">
        <dl className="figures">
          <Figure word="health.score">
            <Score of={w.score} />
          </Figure>
          <Figure word="health.coverage">
            <Coverage share={w.coverage} />
          </Figure>
          <Figure word="health.series">
            <StateCounts counts={w.states} />
          </Figure>
          <Figure word="health.samples">
            <Num n={c.received} />
          </Figure>
          <Figure word="health.gaps">
            <Num n={w.gaps?.count} />{' '}
            {(w.gaps?.count ?? 0) > 0 && <small>{t('health.longest', { age: length(w.gaps?.longest ?? 0) })}</small>}
          </Figure>
          <Afterwards counts={c} restated={w.restated} />
        </dl>
      </div>
      {counted === 'coverage' && (
        <p className="muted" style={{ padding: '0 12px 10px' }}>
          {t('health.onlyCoverage')}
        </p>
      )}
      <div className="weights" role="group" aria-label={t('health.weights')}>
        <span>{t('health.weights')}</span>
        {weighed.map((key) => {
          const share = w.parts[key]
          return (
            <span key={key}>
              {t('health.part', {
                weight: t(`health.weight.${key}`, { n: weights[key] }),
                share: share === undefined ? '–' : percent(lang, share),
              })}
            </span>
          )
        })}
      </div>
    </section>
  )
}
