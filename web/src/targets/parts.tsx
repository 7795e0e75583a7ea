import { useI18n, type I18n, type Key } from '../i18n'
import { GradeTag } from '../facts/marks'
import type { Grade } from '../facts/queries'
import { figure } from './figure'
import type { Brief, Progress, Shown, Status, Target } from './queries'

const tones: Record<Status, string> = {
  reached: 'tag good',
  'on-track': 'tag info',
  behind: 'tag warning',
  overdue: 'tag error',
  open: 'tag warning',
  'no-value': 'tag',
  measured: 'tag info',
}

/** StatusTag tells where a target stands. */
export function StatusTag({ status }: { status: Status }) {
  const { t } = useI18n()
  return <span className={tones[status]}>{t(`targets.state.${status}`)}</span>
}

const standingTones = { computable: 'tag good', declared: 'tag info', waiting: 'tag warning' }

/** inputs are the names of what has to be declared, or is waited for. */
const inputs = (list: Brief['standing']['declared'], { n, lang }: I18n) =>
  [...new Set(list.map((x) => n(x.name)))].join(lang === 'zh' ? '、' : ', ')

export const standingHelp = (of: Brief, i18n: I18n): string =>
  i18n.t(`targets.stand.${of.standing.is}Help`, {
    inputs: inputs(of.standing.is === 'waiting' ? of.standing.waits : of.standing.declared, i18n),
  })

/** StandingTag tells what a target can be computed from. */
export function StandingTag({ of }: { of: Brief }) {
  const i18n = useI18n()
  return (
    <span className={standingTones[of.standing.is]} title={standingHelp(of, i18n)}>
      {i18n.t(`targets.stand.${of.standing.is}`)}
    </span>
  )
}

/** wanted is what a target wants, in words. */
export const wanted = (of: Target, { t, lang }: I18n): string =>
  t(`targets.cmp.${of.comparator}`, {
    value: of.value ? figure(lang, of.value, of.unit) : '',
    low: of.low ? figure(lang, of.low, of.unit) : '',
    high: of.high ? figure(lang, of.high, of.unit) : '',
  })

/** until is by when, or how often. */
export function until(of: Target, { t, lang }: I18n): string {
  const parts: string[] = []
  if (of.recurring) parts.push(t(`targets.each.${of.recurring}`))
  if (of.deadline) parts.push(t(of.inferred ? 'targets.byInferred' : 'targets.by', { day: of.deadline }))
  else if (!of.recurring) parts.push(t('targets.noDeadline'))
  return parts.join(lang === 'zh' ? '，' : ', ')
}

/** Num is a number with its unit; its tooltip holds the exact fraction. */
export function Num({ of }: { of: Shown | undefined }) {
  const { lang } = useI18n()
  if (!of) return <span className="muted">–</span>
  return (
    <b className="nowrap" title={of.exact === of.value ? undefined : of.exact}>
      {figure(lang, of.value, of.unit)}
    </b>
  )
}

/** Gap is what is missing to a target, or by how much it is exceeded. */
export function Gap({ of }: { of: Shown | undefined }) {
  const { t, lang } = useI18n()
  if (!of) return <span className="muted">–</span>
  const more = of.value.startsWith('-')
  const size = figure(lang, more ? of.value.slice(1) : of.value, of.unit)
  return <span className="nowrap">{more ? t('targets.exceeded', { value: size }) : size}</span>
}

export function Grading({ grade }: { grade: Grade | undefined }) {
  return grade ? <GradeTag grade={grade} /> : null
}

/** Coverage tells of how many enterprises, and of how much of the time, something is known. */
export function Coverage({ of, alone }: { of: Progress['coverage']; alone?: boolean }) {
  const { t } = useI18n()
  return (
    <span className="muted small">
      {!alone && (
        <span className="nowrap" title={t('targets.knownHelp', { known: of.known, of: of.of })}>
          {t('targets.known', { known: of.known, of: of.of })}
        </span>
      )}
      {of.outOf !== undefined && (
        <span className="nowrap"> · {t('targets.days', { days: of.days ?? 0, of: of.outOf })}</span>
      )}
    </span>
  )
}

/** Clause is what a target rests on, word for word. */
export function Clause({ of, open }: { of: Target; open?: boolean }) {
  const { t } = useI18n()
  return (
    <details open={open} className="quoted">
      <summary>{t('targets.clause')}</summary>
      <blockquote>
        “{of.clause.quote}”
        <cite>
          {of.clause.title} · {of.clause.section} · {t(of.verified ? 'targets.clauseFound' : 'targets.clauseNotFound')}
        </cite>
      </blockquote>
    </details>
  )
}

export const readingKey = (how: string): Key => `targets.reading.${how}` as Key
