import { useEffect } from 'react'
import { Link, useParams } from 'react-router'

import { lastOrg } from '../app/org'
import { LanguageTool, ThemeTool } from '../app/tools'
import { money } from '../fields/field'
import { useI18n } from '../i18n'
import { usePublicRound } from '../programmes/queries'
import { Weave } from '../ui/marks'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../cases/cases.css'
import '../programmes/programmes.css'

/** PublicRoundPage is what anybody sees of a round: who is chosen, with which amount, and until when one may object. */
export function PublicRoundPage() {
  const { id = '' } = useParams()
  const { t, n, lang } = useI18n()
  const round = usePublicRound(id)
  const r = round.data
  const title = r ? t('programme.publicOf', { name: `${n(r.callName)} ${n(r.name)}` }) : t('programme.publicity')
  useEffect(() => {
    document.title = `${title} · ${t('appName')}`
  }, [title, t])
  const org = lastOrg()
  return (
    <div className="publicpage">
      <header className="row wrap">
        <Weave />
        <b>{t('appName')}</b>
        <span className="grow" />
        <LanguageTool />
        <ThemeTool />
      </header>
      <main className="panel">
        <header>
          <h1>{title}</h1>
        </header>
        <p className="note">{t('programme.publicHelp')}</p>
        <Answer query={round} empty={(x) => x.cases.length === 0 && <Blank title={t('programme.publicNone')} />}>
          {(x) => (
            <>
              <DataTable
                label={title}
                className="cards"
                columns={[
                  { num: 'programme.rank' },
                  'programme.applicant',
                  'programme.projectName',
                  { num: 'programme.score' },
                  { num: 'programme.amountYuan' },
                  'programme.state',
                ]}
              >
                <tbody>
                  {x.cases.map((c) => (
                    <tr key={c.case}>
                      <td data-label={t('programme.rank')} className="num">
                        {c.rank}
                      </td>
                      <th scope="row">{n(c.name)}</th>
                      <td data-label={t('programme.projectName')}>{c.title}</td>
                      <td data-label={t('programme.score')} className="num">
                        {c.score}
                      </td>
                      <td data-label={t('programme.amountYuan')} className="num">
                        {money(lang, c.amount)}
                      </td>
                      <td data-label={t('programme.state')}>
                        <span className="tag info">{n(c.stateName)}</span>
                        {c.until && (
                          <div className="small">
                            {t(c.open ? 'programme.objectUntil' : 'programme.objectOver', { day: c.until })}
                          </div>
                        )}
                        {c.open && (
                          <Link to={org ? `/o/${org}/apply/call-${x.call}?case=${c.case}&action=object` : '/sign-in'}>
                            {t('programme.object')}
                          </Link>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </DataTable>
              <p className="body muted small">
                {t('programme.commitment')}: <span className="hash">{x.commitment}</span>
                <br />
                {t('programme.seed')}: <span className="hash">{x.seed}</span>
              </p>
            </>
          )}
        </Answer>
      </main>
    </div>
  )
}
