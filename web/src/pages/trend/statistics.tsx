import type { SampleValue } from '../../api/types'
import { float, plotValue, whole } from '../../format/number'
import { dateTime } from '../../format/time'
import { readableUnit } from '../../format/unit'
import { useI18n, type Key } from '../../i18n'
import { colourOf } from '../../trend/colours'
import { isNumeric, type Drawn } from '../../trend/lanes'
import type { Interval } from '../../trend/segments'
import { useDark } from '../../ui/preferences'
import { Fault } from '../../ui/states'
import { DataTable } from '../../ui/table'
import { useValueText } from '../../ui/valuetext'
import { useBuckets, useStatistics, type Bucket, type Statistic } from './usedata'

interface Props {
  series: Drawn[]
  ghosts: Drawn[]
  shift: number
  asOf: string | undefined
  span: Interval
  now: number
}

interface Column {
  title: Key
  cell: (b: Statistic, s: Drawn, by: number) => string
}

/** Statistics tells of each series what the node says of the whole span. */
export function Statistics({ series, ghosts, shift, asOf, span, now }: Props) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const dark = useDark()
  const here = useStatistics(series, span, asOf)
  const then = useStatistics(ghosts, span, asOf, shift)
  const problem = here.problem ?? then.problem
  // What weighs by time has columns only where the span can be told exactly.
  const weighs = [...here.items, ...then.items].some((b) => b?.weighted)
  const value = (s: Drawn, v: SampleValue) => (v === null ? '–' : text(s, v))
  const number = (v: number | null | undefined) => (typeof v === 'number' ? float(lang, v) : '–')
  const byTime: Column[] = [
    { title: 'trends.weighted', cell: (b) => number(b.weighted?.mean) },
    {
      title: 'trends.integral',
      cell: (b, s) =>
        typeof b.weighted?.integral === 'number' ? `${number(b.weighted.integral)} ${integralUnit(s.unit)}` : '–',
    },
  ]
  const columns: Column[] = [
    { title: 'trends.count', cell: (b) => whole(lang, b.count) },
    { title: 'trends.good', cell: (b) => (b.count > 0 ? share(lang, b.good / b.count) : '–') },
    { title: 'trends.covered', cell: (b, _, by) => share(lang, b.covered / seconds(span, now + by)) },
    { title: 'trend.low', cell: (b, s) => (isNumeric(s) ? value(s, b.min) : '–') },
    { title: 'trend.high', cell: (b, s) => (isNumeric(s) ? value(s, b.max) : '–') },
    { title: 'trends.mean', cell: (b, s) => (isNumeric(s) ? number(b.mean) : '–') },
    ...(weighs ? byTime : []),
    { title: 'trends.first', cell: (b, s) => value(s, b.first) },
    { title: 'trend.last', cell: (b, s) => value(s, b.last) },
  ]
  return (
    <>
      <header>
        <h2>{t('trends.statistics')}</h2>
        <span className="muted only-wide">{t('trends.statisticsHelp')}</span>
      </header>
      {problem && (
        <div style={{ padding: 12 }}>
          <Fault problem={problem} />
        </div>
      )}
      <DataTable label={t('trends.statistics')} className="trends-stats">
        <thead>
          <tr>
            <th scope="col">{t('name')}</th>
            {columns.map((c) => (
              <th key={c.title} scope="col" className="num">
                {t(c.title)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.flatMap((s, i) => {
            const g = ghosts.findIndex((x) => x.id === s.id)
            const lines = [{ bucket: here.items[i], by: 0 }, ...(g >= 0 ? [{ bucket: then.items[g], by: shift }] : [])]
            return lines.map(({ bucket, by }) => (
              <tr key={`${s.id}-${by}`} className={by ? 'ghost' : undefined}>
                <th scope="row">
                  {by ? (
                    <span className="muted">{t('trends.thenOf', { name: s.name })}</span>
                  ) : (
                    <>
                      <i className="swatch" style={{ background: colourOf(s.slot, dark), margin: '0 8px 3px 0' }} />
                      {s.name} <span className="muted">{readableUnit(s.unit)}</span>
                    </>
                  )}
                </th>
                {columns.map((c) => (
                  <td key={c.title} className="num nowrap">
                    {bucket ? c.cell(bucket, s, by) : '–'}
                  </td>
                ))}
              </tr>
            ))
          })}
        </tbody>
      </DataTable>
    </>
  )
}

// What is yet to come cannot be covered.
const seconds = (span: Interval, now: number) => Math.max(0.001, (Math.min(span.to, now) - span.from) / 1000)

function share(lang: 'zh' | 'en', of: number): string {
  const percent = Math.min(1, Math.max(0, of)) * 100
  // A span with one bad sample in a million is not wholly good.
  if (percent < 100 && percent > 99.9) return '> 99.9 %'
  return `${float(lang, Math.round(percent * 10) / 10)} %`
}

const integralUnit = (unit: string) => [readableUnit(unit), 's'].filter(Boolean).join('·')

const parts = 24

/** Values is the trend as a table: the span in equal parts, each with the mean, least and greatest of every series. */
export function Values({ series, asOf, span, asked }: Omit<Props, 'ghosts' | 'shift' | 'now'> & { asked: boolean }) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const { items, problem, loading } = useBuckets(series, span, parts, asOf, asked)
  if (problem) {
    return (
      <div style={{ padding: 12 }}>
        <Fault problem={problem} />
      </div>
    )
  }
  const rows = items[0] ?? []
  const cell = (s: Drawn, b: Bucket | undefined) => {
    if (!b || b.good === 0) return <span className="muted">{t('trend.nothing')}</span>
    if (!isNumeric(s)) return text(s, b.last)
    const [low, high] = [plotValue(b.min), plotValue(b.max)]
    return (
      <>
        {typeof b.mean === 'number' ? float(lang, b.mean) : '–'}
        {low !== high && (
          <span className="muted small">
            {' '}
            {float(lang, low)} … {float(lang, high)}
          </span>
        )}
      </>
    )
  }
  return (
    <DataTable label={t('trends.values')} busy={loading}>
      <thead>
        <tr>
          <th scope="col">{t('trends.from')}</th>
          {series.map((s) => (
            <th key={s.id} scope="col" className="num">
              {s.name} {readableUnit(s.unit)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={row.from}>
            <th scope="row" className="nowrap">
              {dateTime(Date.parse(row.from))}
            </th>
            {series.map((s, at) => (
              <td key={s.id} className="num nowrap">
                {cell(s, items[at]?.[i])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}
