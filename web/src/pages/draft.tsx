import { useNavigate, useParams } from 'react-router'

import { useHere } from '../app/org'
import { caseKeys } from '../cases/queries'
import { DraftForm } from '../form/draftform'
import type { Draft } from '../form/form'
import { draftKeys, useDraft } from '../form/usedraft'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'

/** DraftPage is something that is being filled in. */
export function DraftPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const draft = useDraft(id)
  const done = (d: Draft) => {
    void refreshed(
      caseKeys.cases(),
      caseKeys.due(),
      draftKeys.all(),
      ...(d.outcome ? [caseKeys.one(d.outcome.id)] : []),
    )
    const to =
      d.outcome?.kind === 'case'
        ? `cases/${d.outcome.id}`
        : d.outcome?.kind === 'fact'
          ? `facts/${d.outcome.id}`
          : `registers/${d.target.id}/${d.outcome?.id ?? ''}`
    void navigate(at(to))
  }
  return (
    <>
      <PageHead
        title={n(draft.data?.title) || t('form.draft')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('cases.apply'), to: at('apply') },
        ]}
      />
      <section className="panel" aria-label={t('form.draft')}>
        <DraftForm id={id} done={done} gone={() => void navigate(at('apply'))} />
      </section>
    </>
  )
}
