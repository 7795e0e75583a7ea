import { GradeTag } from '../facts/marks'
import type { Grade } from '../facts/queries'
import { useI18n } from '../i18n'
import { marksOf, type Mark } from './board'
import type { Figure, Seal } from './queries'

const sealTones: Record<Seal['state'], string> = {
  submitted: 'tag info',
  returned: 'tag warning',
  accepted: 'tag good',
}

/** SealTag tells where a period stands. */
export function SealTag({ state }: { state: Seal['state'] | undefined }) {
  const { t } = useI18n()
  return <span className={state ? sealTones[state] : 'tag'}>{t(`figures.seal.${state ?? 'none'}`)}</span>
}

const markTones: Record<Mark, string> = {
  changed: 'tag error',
  restated: 'tag warning',
  definition: 'tag warning',
  manual: 'tag info',
  unconfirmed: 'tag info',
}

/** Marks are what is to be said of a figure beside its value. */
export function Marks({ of }: { of: Figure }) {
  const { t } = useI18n()
  return marksOf(of).map((m) => (
    <span key={m} className={markTones[m]}>
      {t(`figures.mark.${m}`)}
    </span>
  ))
}

/** Graded is a grade that came as a word. */
export function Graded({ grade, short }: { grade: string | undefined; short?: boolean }) {
  const { t } = useI18n()
  if (!grade) return null
  const g = grade as Grade
  return short ? <span title={t(`facts.grade.${g}`)}>{g}</span> : <GradeTag grade={g} />
}
