import { useHere } from '../app/org'
import { Exports } from '../files/exports'
import '../files/files.css'
import { Imports } from '../files/imports'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'

/** FilesPage is where a plant leaves as a file and comes back as one. */
export function FilesPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  return (
    <>
      <PageHead
        title={t('files.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('nav.plant'), to: at('plant') },
        ]}
      />
      {/* What was checked for one organisation is not offered in another. */}
      <Imports key={org.id} beside={<Exports />} />
    </>
  )
}
