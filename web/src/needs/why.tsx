import { useI18n } from '../i18n'
import { DataTable } from '../ui/table'
import type { Reason, Supply } from './queries'
import { money } from '../fields/field'

const marks = { for: '✓', neutral: '·', against: '!', blocks: '×' } as const

/** Fit is a score of 0 to 10000 as people read it. */
export function Fit({ score }: { score: number }) {
  const { t } = useI18n()
  return (
    <span className="fit">
      {t('needs.score')} {Math.round(score / 100)}%
    </span>
  )
}

/** Why says in words what speaks for a match and what against it; how it was worked out is one press away. */
export function Why({ reasons }: { reasons: Reason[] }) {
  const { t, n } = useI18n()
  const words = {
    for: t('needs.for'),
    neutral: t('needs.neutral'),
    against: t('needs.against'),
    blocks: t('needs.against'),
  }
  const order = ['blocks', 'against', 'for', 'neutral'] as const
  const telling = order.flatMap((side) => reasons.filter((r) => r.side === side && side !== 'neutral'))
  return (
    <>
      <ul className="why">
        {telling.map((r) => (
          <li key={r.part} className={r.side === 'blocks' ? 'against' : r.side}>
            <span className="mark" aria-hidden="true">
              {marks[r.side]}
            </span>
            <span>
              <span className="hidden-text">{words[r.side]}: </span>
              {n(r.text)}
            </span>
          </li>
        ))}
      </ul>
      <details>
        <summary>{t('needs.how')}</summary>
        <DataTable
          label={t('needs.how')}
          columns={['needs.part', { num: 'needs.weight' }, { num: 'needs.score' }, 'needs.reason']}
        >
          <tbody>
            {reasons
              .filter((r) => r.weight > 0)
              .map((r) => (
                <tr key={r.part}>
                  <th scope="row">{part(t, r.part)}</th>
                  <td className="num">{r.weight / 100}%</td>
                  <td className="num">{t('needs.points', { n: Math.round(r.points) / 100 })}</td>
                  <td>{n(r.text)}</td>
                </tr>
              ))}
          </tbody>
        </DataTable>
      </details>
    </>
  )
}

type T = ReturnType<typeof useI18n>['t']
const parts = ['kind', 'words', 'trade', 'cases', 'budget', 'region', 'size', 'protocols', 'rating'] as const

function part(t: T, id: string): string {
  const known = parts.find((p) => p === id)
  return known ? t(`needs.part.${known}`) : id
}

/** SupplyFacts are the short facts of a supply below its name. */
export function SupplyFacts({ supply: s }: { supply: Supply }) {
  const { t, n, lang } = useI18n()
  return (
    <p className="muted">
      {[
        s.providerName,
        s.rating === undefined ? t('needs.ratingNone') : t('needs.rating', { n: s.rating, name: n(s.ratingName) }),
        s.priceFrom !== undefined && t('needs.priceFrom', { n: money(lang, s.priceFrom) }),
      ]
        .filter(Boolean)
        .join(' · ')}
    </p>
  )
}
