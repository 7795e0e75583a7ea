import { useI18n } from '../i18n'
import { Figure } from '../ui/figure'
import { Num, useLength } from './marks'
import type { PlantHealth } from './types'

/** Afterwards tells what came late, was corrected, and was counted anew: of a plant as of a point. */
export function Afterwards({ counts: c, restated }: Pick<PlantHealth['whole'], 'counts' | 'restated'>) {
  const { t } = useI18n()
  const length = useLength()
  return (
    <>
      <Figure word="health.late">
        <Num n={c.late} />{' '}
        {(c.worstLate ?? 0) > 0 && <small>{t('health.worst', { age: length(c.worstLate ?? 0) })}</small>}
      </Figure>
      <Figure word="health.corrected">
        <Num n={c.corrected} />{' '}
        {(c.withdrawn ?? 0) > 0 && <small>{t('health.withdrawn', { n: c.withdrawn ?? 0 })}</small>}
      </Figure>
      <Figure word="health.restated">
        <Num n={restated} />
      </Figure>
    </>
  )
}
