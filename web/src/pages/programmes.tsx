import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { Standings } from '../programmes/parts'
import { Go } from '../ui/go'
import { useMine, type Mine } from '../programmes/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../programmes/programmes.css'

/** ProgrammesPage is what a firm can apply for and why, and how its applications stand. */
export function ProgrammesPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const mine = useMine(org.id)
  return (
    <div className="programmepage">
      <PageHead title={t('programme.title')} crumbs={[{ label: n(org.name), to: at() }]} />
      <section className="panel" aria-label={t('programme.mine')}>
        <header>
          <h2>{t('programme.mine')}</h2>
        </header>
        <Answer
          query={mine}
          rows={2}
          empty={(list) => !list.some((r) => r.case) && <p className="body muted">{t('programme.noMine')}</p>}
        >
          {(list) => (
            <>
              {list
                .filter((r) => r.case)
                .map((r) => (
                  <Card key={r.id} of={r} />
                ))}
            </>
          )}
        </Answer>
      </section>
      <section className="panel" aria-label={t('programme.openCalls')}>
        <header>
          <h2>{t('programme.openCalls')}</h2>
        </header>
        <Answer
          query={mine}
          empty={(list) =>
            !list.some((r) => r.takes && !r.case) && (
              <Blank title={t('programme.noCalls')}>{t('programme.noCallsHelp')}</Blank>
            )
          }
        >
          {(list) => (
            <>
              {list
                .filter((r) => r.takes && !r.case)
                .map((r) => (
                  <Card key={r.id} of={r} />
                ))}
            </>
          )}
        </Answer>
      </section>
    </div>
  )
}

const marks = { true: 'good', false: 'error', unknown: 'warning' } as const

function Card({ of: r }: { of: Mine }) {
  const { at, may } = useHere()
  const { t, n } = useI18n()
  return (
    <div className="callcard">
      <h3>{r.case ? r.title : n(r.callName)}</h3>
      <p className="muted small">
        {r.case ? `${n(r.callName)} · ` : ''}
        {n(r.name)} · {t('programme.by', { who: n(r.orgName) })} · {t('programme.until', { day: r.closes })}
      </p>
      {r.case ? (
        <>
          <p>
            <span className="tag info">{n(r.caseStateName)}</span>
          </p>
          <div className="programmeactions">
            <Go to={at(`projects/${r.case}`)}>{t('programme.look')}</Go>
            <Go type="default" to={at(`cases/${r.case}`)}>
              {t(r.caseState === 'draft' ? 'programme.goOn' : 'programme.toCase')}
            </Go>
          </div>
        </>
      ) : (
        <>
          <p className="small">{n(r.text)}</p>
          <p>
            <span className={`tag ${marks[r.may]}`}>{t(`programme.may.${r.may}`)}</span>
          </p>
          <Standings list={r.standing} />
          {r.may !== 'false' && may('operate') && (
            <div className="programmeactions">
              <Go to={at(`apply/call-${r.call}?keeper=${r.org}`)}>{t('programme.apply')}</Go>
            </div>
          )}
        </>
      )}
    </div>
  )
}
