import { Link } from 'react-router'

import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useReviews } from '../programmes/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../programmes/programmes.css'

/** ReviewsPage is an expert's desk: what there is to judge. */
export function ReviewsPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const reviews = useReviews()
  return (
    <>
      <PageHead title={t('programme.reviews')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('programme.reviews')}>
        <Answer
          query={reviews}
          empty={(l) =>
            l.length === 0 && <Blank title={t('programme.noReviews')}>{t('programme.noReviewsHelp')}</Blank>
          }
        >
          {(list) => (
            <>
              {list.map((r) => (
                <div className="callcard" key={r.id}>
                  <h3>
                    <Link to={at(`reviews/${r.id}`)}>{r.title}</Link>{' '}
                    <span className={`tag ${r.state === 'scored' ? 'good' : 'info'}`}>{n(r.stateName)}</span>
                  </h3>
                  <p className="muted small">
                    {n(r.call)} · {n(r.round)} · {t('programme.reviewDue', { day: r.due })}
                  </p>
                </div>
              ))}
            </>
          )}
        </Answer>
      </section>
    </>
  )
}
