import { useI18n } from '../i18n'
import { holds, type Fact, type Grade } from './queries'

/** GradeTag is a grade of evidence in words: E3 is the best proved. */
export function GradeTag({ grade }: { grade: Grade }) {
  const { t } = useI18n()
  const tone = { E0: 'tag', E1: 'tag info', E2: 'tag good', E3: 'tag good' }[grade]
  return (
    <span className={tone}>
      {grade} {t(`facts.grade.${grade}`)}
    </span>
  )
}

/** When tells when a fact holds. */
export function When({ fact: f }: { fact: Fact }) {
  const { t } = useI18n()
  const { from, to, lasting } = holds(f)
  const words = lasting ? t('fields.since', { from }) : to ? t('fields.span', { from, to }) : from
  return <span className="nowrap">{words}</span>
}
