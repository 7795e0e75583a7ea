import { App, Switch } from 'antd'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { caseKeys, useFlows, useOffers } from '../cases/queries'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Blank, Fault } from '../ui/states'
import '../fields/fields.css'
import '../cases/cases.css'

/** OffersPage says which cases an organisation takes that others file. */
export function OffersPage() {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const flows = useFlows()
  const list = (flows.data ?? []).filter((f) =>
    (f.start.roles ?? []).some((id) => f.roles.find((r) => r.id === id)?.of === 'subject'),
  )
  const offers = useOffers(list.map((f) => f.id))
  const set = async (flow: string, takes: boolean) => {
    try {
      await post(`/flows/${flow}/offers`, { org: org.id, takes })
      await refreshed(caseKeys.offers())
      void message.success(t(takes ? 'cases.offerOn' : 'cases.offerOff'))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead
        title={t('cases.offers')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('cases.every'), to: at('cases') },
        ]}
      />
      <section className="panel" aria-label={t('cases.offers')}>
        <p className="note">{t('cases.offersHelp')}</p>
        {offers.error && <Fault problem={offers.error} retry={() => void offers.refetch()} />}
        <Answer query={flows} empty={() => list.length === 0 && <Blank title={t('cases.noFlows')} />}>
          {() => (
            <ul className="offerlist">
              {list.map((f) => {
                const of = offers.data?.[f.id]
                const takes = of?.orgs.includes(org.id) ?? false
                const others = (of?.orgs ?? []).filter((o) => o !== org.id).map((o) => n(of?.names[o]) || o)
                return (
                  <li key={f.id}>
                    <div className="what">
                      <strong>{n(f.name)}</strong>
                      {n(f.note) && <p className="small">{n(f.note)}</p>}
                      {others.length > 0 && (
                        <p className="muted small">
                          {t('cases.alsoTaken', { who: others.join(lang === 'en' ? ', ' : '、') })}
                        </p>
                      )}
                    </div>
                    <Switch
                      checked={takes}
                      disabled={!may('configure') || !of}
                      aria-label={t('cases.takes', { name: n(f.name) })}
                      checkedChildren={t('cases.taking')}
                      unCheckedChildren={t('cases.notTaking')}
                      onChange={(on) => void set(f.id, on)}
                    />
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
