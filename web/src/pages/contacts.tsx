import { Link } from 'react-router'

import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useContacts } from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../needs/needs.css'

/** ContactsPage lists with whom the organisation is in contact, as a firm or as a provider. */
export function ContactsPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const contacts = useContacts({ org: org.id })
  return (
    <>
      <PageHead
        title={t('needs.contacts')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('needs.title'), to: at('needs') },
        ]}
      />
      <section className="panel" aria-label={t('needs.contacts')}>
        <Answer query={contacts} empty={(list) => list.length === 0 && <Blank title={t('needs.noContacts')} />}>
          {(list) => (
            <ul className="needcards">
              {list.map((c) => {
                const other =
                  c.side === 'firm' ? n(c.content.providerName) : n(c.content.firmName) || t('contact.hidden')
                return (
                  <li key={c.id} className="needcard">
                    <div className="row wrap" style={{ justifyContent: 'space-between' }}>
                      <h2>
                        <Link to={at(`needs/contacts/${c.id}`)}>{other}</Link>
                      </h2>
                      <span className="tag info">{n(c.stateName)}</span>
                    </div>
                    <p>
                      {c.content.needTitle} · {c.content.supplyTitle}
                    </p>
                    <p className="muted">{dateTime(millis(c.at))}</p>
                  </li>
                )
              })}
            </ul>
          )}
        </Answer>
      </section>
    </>
  )
}
