import type { Point, ValueType } from '../api/types'
import { float, whole } from '../format/number'
import { dateTimeMillis, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n, type Key } from '../i18n'
import { StatusMark } from '../ui/marks'
import { useValueText } from '../ui/valuetext'
import { height, type Change, type Preview } from './asked'
import { overlay } from './overlay'

/** What is needed of a series to show its values. */
export interface Of {
  id: string
  name: string
  unit: string
  type: ValueType
  values?: Point['values']
}

/** PreviewView shows what a correction would do: figures, a drawing and the samples, before and after. */
export function PreviewView({ of, preview }: { of: Of; preview: Preview }) {
  const { t, lang } = useI18n()
  const number = (v: number | null) => (v === null ? '–' : float(lang, v))
  const figures: { title: Key; before: string; after: string }[] = [
    {
      title: 'correction.good',
      before: whole(lang, preview.before.good),
      after: whole(lang, preview.after.good),
    },
    {
      title: 'correction.other',
      before: whole(lang, preview.before.other),
      after: whole(lang, preview.after.other),
    },
    {
      title: 'correction.withdrawn',
      before: whole(lang, preview.before.withdrawn),
      after: whole(lang, preview.after.withdrawn),
    },
    ...(of.type === 'string'
      ? []
      : [
          { title: 'trend.low' as const, before: number(preview.before.min), after: number(preview.after.min) },
          { title: 'trend.high' as const, before: number(preview.before.max), after: number(preview.after.max) },
          { title: 'trends.mean' as const, before: number(preview.before.mean), after: number(preview.after.mean) },
        ]),
  ]
  return (
    <div className="stack">
      <p role="status">
        <strong>{t('correction.wouldChange', { n: whole(lang, preview.rows) })}</strong>{' '}
        {preview.rows > preview.changes.length && (
          <span className="muted">{t('correction.first', { n: preview.changes.length })}</span>
        )}
      </p>
      <div className="tablebox boxed">
        <table className="data">
          <caption className="hidden-text">{t('correction.figures')}</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="hidden-text">{t('name')}</span>
              </th>
              <th scope="col" className="num">
                {t('correction.before')}
              </th>
              <th scope="col" className="num">
                {t('correction.after')}
              </th>
            </tr>
          </thead>
          <tbody>
            {figures.map((f) => (
              <tr key={f.title} className={f.before === f.after ? undefined : 'changed'}>
                <th scope="row">{t(f.title)}</th>
                <td className="num">{f.before}</td>
                <td className="num">{f.after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Overlay changes={preview.changes} unit={of.unit} />
      <Changes of={of} changes={preview.changes} />
    </div>
  )
}

const box = { width: 520, height: 120 }

/** Overlay draws the values before as a broken line and those after as a full one; crosses are what counts no more. */
function Overlay({ changes, unit }: { changes: Change[]; unit: string }) {
  const { t, lang } = useI18n()
  const made = overlay(
    changes.map((c) => ({ t: millis(c.time), before: height(c.before), after: height(c.after) })),
    box,
  )
  if (!made) return null
  return (
    <figure className="overlay">
      <svg viewBox={`0 0 ${box.width} ${box.height}`} role="img" aria-label={t('correction.drawn')}>
        <path d={made.before} className="was" />
        <path d={made.after} className="is" />
        {made.lost.map(([x, y], i) => (
          <path key={i} className="lost" d={`M${x - 2.5} ${y - 2.5}l5 5m0 -5l-5 5`} />
        ))}
        {made.dots.map(([x, y], i) => (
          <circle key={i} className="dot" cx={x} cy={y} r="2" />
        ))}
      </svg>
      <figcaption className="muted">
        <span>
          {float(lang, made.low)} … {float(lang, made.high)} {readableUnit(unit)}
        </span>
        <span>
          <i className="line-key was" /> {t('correction.before')}
        </span>
        <span>
          <i className="line-key is" /> {t('correction.after')}
        </span>
        {made.lost.length > 0 && <span>× {t('correction.lost')}</span>}
      </figcaption>
    </figure>
  )
}

function Changes({ of, changes }: { of: Of; changes: Change[] }) {
  const { t } = useI18n()
  const text = useValueText()
  const cell = (s: Change['before']) => {
    if (!s) return <span className="muted">{t('correction.nothing')}</span>
    if (s.withdrawn) return <span className="tag">{t('correction.isWithdrawn')}</span>
    return (
      <span className="row wrap" style={{ gap: '0 8px' }}>
        <b title={s.value === null ? undefined : String(s.value)}>{text(of, s.value)}</b>
        <StatusMark status={s.status} />
      </span>
    )
  }
  return (
    <div
      className="tablebox boxed"
      tabIndex={0}
      role="group"
      aria-label={t('correction.samples')}
      style={{ maxHeight: 260 }}
    >
      <table className="data">
        <caption className="hidden-text">{t('correction.samples')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('correction.time')}</th>
            <th scope="col">{t('correction.before')}</th>
            <th scope="col">{t('correction.after')}</th>
            <th scope="col" className="num">
              {t('correction.revision')}
            </th>
          </tr>
        </thead>
        <tbody>
          {changes.map((c) => (
            <tr key={c.time}>
              <th scope="row" className="nowrap" title={c.time}>
                {dateTimeMillis(millis(c.time))}
              </th>
              <td>{cell(c.before)}</td>
              <td>{cell(c.after)}</td>
              <td className="num">{c.after.revision}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
