import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'

import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { Age } from '../ui/age'
import { StateMark } from '../ui/marks'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { Coverage, Num, Score, useLength } from './marks'
import { download, usePlantHealth } from './queries'
import { byScore } from './rows'
import type { HealthSpan } from './span'
import type { NodeHealth, SeriesHealth } from './types'

/** SeriesOf lists the points of a machine with the health of each, the worst first. */
export function SeriesOf({
  machine,
  span,
  chosen,
  onChoose,
}: {
  machine: NodeHealth
  span: HealthSpan
  chosen: string | undefined
  onChoose: (id: string) => void
}) {
  const { t, n, lang } = useI18n()
  const query = usePlantHealth({ node: machine.id }, span)
  const submit = useSubmit()
  const title = t('health.of', { name: n(machine.name) })
  return (
    <section className={`panel seriesof${chosen ? ' has-choice' : ''}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <div className="actions">
          <Button
            size="small"
            icon={<DownloadOutlined aria-hidden />}
            loading={submit.busy}
            onClick={() =>
              void submit.run(() => download('/health/plant', { node: machine.id }, span, 'data-health', lang))
            }
          >
            CSV
          </Button>
        </div>
      </header>
      {submit.problem && <Fault problem={submit.problem} />}
      <Answer
        query={query}
        rows={6}
        empty={(x) => (x.series ?? []).length === 0 && <Blank title={t('health.noSeries')} />}
      >
        {(x) => (
          <DataTable
            label={title}
            columns={[
              'health.series',
              'health.coverage',
              { num: 'health.gaps' },
              { num: 'health.late' },
              { num: 'health.samples' },
              { num: 'health.quality' },
              { num: 'health.latest' },
              { num: 'health.score' },
            ]}
          >
            <tbody>
              {[...(x.series ?? [])].sort(byScore).map((s) => (
                <SeriesRow key={s.id} series={s} chosen={s.id === chosen} choose={onChoose} />
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}

function SeriesRow({
  series: s,
  chosen,
  choose,
}: {
  series: SeriesHealth
  chosen: boolean
  choose: (id: string) => void
}) {
  const { t, n } = useI18n()
  const length = useLength()
  const c = s.counts
  const worst = c.worstLate ?? 0
  return (
    <tr className={chosen ? 'is-chosen' : undefined}>
      <th scope="row">
        <span className="row">
          <StateMark state={s.state} />
          <button type="button" className="plain cut" aria-pressed={chosen} onClick={() => choose(s.id)}>
            {n(s.name) || s.key}
          </button>
          {s.damaged > 0 && (
            <span className="tag error" title={t('health.damaged')}>
              !
            </span>
          )}
        </span>
      </th>
      <td>
        <Coverage share={s.coverage} />
      </td>
      <td className="num" title={s.gaps?.count ? t('health.longest', { age: length(s.gaps.longest) }) : undefined}>
        <Num n={s.gaps?.count} />
      </td>
      <td className="num" title={worst > 0 ? t('health.worst', { age: length(worst) }) : undefined}>
        <Num n={c.late} />
      </td>
      <td className="num" title={c.expected === undefined ? undefined : t('health.expected', { n: c.expected })}>
        <Num n={c.received} />
      </td>
      <td className="num">
        <Num n={c.bad} /> / <Num n={c.uncertain} />
      </td>
      <td className="num">
        {s.latest ? <Age of={millis(s.latest)} /> : <span className="muted">{t('health.never')}</span>}
      </td>
      <td className="num">
        <Score of={s.score} />
      </td>
    </tr>
  )
}
