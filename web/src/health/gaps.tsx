import { CloseOutlined, DownloadOutlined, LineChartOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Figure } from '../ui/figure'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { Afterwards } from './figures'
import { Num, useLength } from './marks'
import { download, useSeriesHealth } from './queries'
import { around, type HealthSpan } from './span'
import type { Gap, SeriesGaps } from './types'

const first = 50
const most = 500

/** Gaps lists the gaps of a point, the longest first, each with its cause and the facts from which that follows. */
export function Gaps({ series, span, close }: { series: string; span: HealthSpan; close: () => void }) {
  const { t, n, lang } = useI18n()
  const [limit, setLimit] = useState(first)
  const query = useSeriesHealth(series, span, limit)
  const submit = useSubmit()
  const length = useLength()
  const name = query.data ? n(query.data.series.name) || query.data.series.key : ''
  const title = t('health.gapsOf', { name })
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <div className="actions">
          <Button
            size="small"
            icon={<DownloadOutlined aria-hidden />}
            loading={submit.busy}
            onClick={() => void submit.run(() => download(`/health/series/${series}`, {}, span, 'gaps', lang))}
          >
            CSV
          </Button>
          <Button
            size="small"
            type="text"
            icon={<CloseOutlined aria-hidden />}
            aria-label={t('health.close', { name })}
            onClick={close}
          />
        </div>
      </header>
      {submit.problem && <Fault problem={submit.problem} />}
      <Answer query={query} rows={5}>
        {(x) => (
          <>
            <Counts of={x} />
            {x.known && millis(x.known) > millis(x.from) && (
              <p className="muted" style={{ padding: '0 12px 8px' }}>
                {t('health.known', { time: dateTime(millis(x.known)) })}
              </p>
            )}
            {x.gaps.length === 0 ? (
              <Blank title={t('health.noGaps')}>{t('health.noGapsHelp', { age: length(x.series.maxSilence) })}</Blank>
            ) : (
              <ul className="gaplist">
                {x.gaps.map((g) => (
                  <OneGap key={g.from} gap={g} series={series} />
                ))}
              </ul>
            )}
            {x.next && (
              <p style={{ padding: '8px 12px' }}>
                <Button size="small" loading={query.isFetching} onClick={() => setLimit(most)}>
                  {t('health.all', { n: x.listed })}
                </Button>
              </p>
            )}
            {!x.next && x.series.gaps && x.series.gaps.count > x.listed && (
              <p className="muted" style={{ padding: '8px 12px' }}>
                {t('health.listed', { n: x.listed, all: x.series.gaps.count })}
              </p>
            )}
          </>
        )}
      </Answer>
    </section>
  )
}

function Counts({ of: { series: s } }: { of: SeriesGaps }) {
  const { t } = useI18n()
  const length = useLength()
  const c = s.counts
  return (
    <div className="body">
      <dl className="figures">
        <Figure word="health.samples">
          <Num n={c.received} /> {c.expected !== undefined && <small>{t('health.expected', { n: c.expected })}</small>}
        </Figure>
        <Afterwards counts={c} restated={s.restated} />

        <Figure word="health.ahead">
          <Num n={c.ahead} />
        </Figure>
        <Figure word="health.unsure">
          <Num n={c.clockUnsure} />
        </Figure>
        <Figure word="health.repeated">
          <Num n={c.repeated} />
        </Figure>
      </dl>
      {s.gaps && s.gaps.shorts > 0 && (
        <p className="muted" style={{ marginTop: 8 }}>
          <small>{t('health.short', { n: s.gaps.shorts, age: length(s.gaps.short) })}</small>
        </p>
      )}
    </div>
  )
}

function OneGap({ gap: g, series }: { gap: Gap; series: string }) {
  const { t, n } = useI18n()
  const { at } = useHere()
  const length = useLength()
  const [from, to] = [millis(g.from), millis(g.to)]
  const shown = around(from, to)
  return (
    <li>
      <div style={{ minWidth: 0 }}>
        <p className="why">{n(g.text)}</p>
        <p className="when">
          <b>{length(g.seconds)}</b> · {dateTime(from)} – {g.open ? t('health.lasts') : dateTime(to)}
        </p>
      </div>
      <Link to={at(`trend?s=${series}&from=${shown.from}&to=${shown.to}`)}>
        <LineChartOutlined aria-hidden /> {t('health.trend')}
      </Link>
      {g.facts.length > 0 && (
        <details>
          <summary>{t('health.facts', { n: g.facts.length + g.more })}</summary>
          <ol>
            {g.facts.map((f, i) => (
              <li key={i}>
                {f.from && <time dateTime={f.from}>{dateTime(millis(f.from))}</time>}
                {f.from && f.to !== f.from && <> – {f.to && dateTime(millis(f.to))}</>} {n(f.text)}
              </li>
            ))}
          </ol>
          {g.more > 0 && <p>{t('health.moreFacts', { n: g.more })}</p>}
        </details>
      )}
    </li>
  )
}
