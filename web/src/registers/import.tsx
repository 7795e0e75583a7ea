import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { SheetDialog } from '../fields/sheet'
import { sendFile } from '../fields/transfer'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { registerKeys, type Register } from './queries'

/** EntryImport takes a spreadsheet into a register. */
export function EntryImport({ register: r, close }: { register: Register; close: () => void }) {
  const { org } = useHere()
  const { t, n, lang } = useI18n()
  const refreshed = useRefreshed()
  return (
    <SheetDialog
      title={t('registers.importTitle', { name: n(r.name) })}
      most={50_000}
      fields={r.fields}
      template={`/registers/${r.id}/template`}
      send={({ file, dryRun, reason, signal }) =>
        sendFile<components['schemas']['RegisterImported']>(
          '/register-entries/import',
          { org: org.id, register: r.id, dryRun, reason: dryRun ? undefined : reason },
          file,
          lang,
          signal,
        )
      }
      imported={() => refreshed(registerKeys.entries(r.id))}
      close={close}
    />
  )
}
