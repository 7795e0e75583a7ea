import { Checkbox, Input, Select } from 'antd'
import { useState } from 'react'

import type { components } from '../api/schema'
import { useHere } from '../app/org'
import { SheetDialog } from '../fields/sheet'
import { sendFile } from '../fields/transfer'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { factKeys, type Kind } from './queries'

const sourceForm = /^[a-z0-9][a-z0-9._-]*$/

/** FactImport takes a spreadsheet of facts of one kind, from one source. */
export function FactImport({ kinds, first, close }: { kinds: Kind[]; first: string | undefined; close: () => void }) {
  const { org } = useHere()
  const { t, n, lang } = useI18n()
  const refreshed = useRefreshed()
  const [kindId, setKind] = useState(kinds.some((k) => k.id === first) ? first : kinds[0]?.id)
  const [source, setSource] = useState('console')
  const [revise, setRevise] = useState(false)
  const [why, setWhy] = useState('')
  const kind = kinds.find((k) => k.id === kindId)
  const ready = sourceForm.test(source) && (!revise || why.trim().length >= 3)
  return (
    <SheetDialog
      title={t('facts.importTitle')}
      most={20_000}
      fields={kind?.fields ?? []}
      template={kind && `/fact-kinds/${kind.id}/template`}
      ready={ready}
      again={JSON.stringify([kindId, source, revise])}
      // The reason is asked for here, before the check: with it changed rows are revisions, without it faults.
      reason={revise ? why : undefined}
      send={async ({ file, dryRun, signal }) => {
        const got = await sendFile<components['schemas']['Imported']>(
          '/facts/import',
          {
            org: org.id,
            kind: kindId,
            source,
            dryRun,
            revise: revise || undefined,
            reason: revise ? why.trim() : undefined,
          },
          file,
          lang,
          signal,
        )
        return { ...got, changed: got.revised }
      }}
      imported={() => refreshed(factKeys.list())}
      close={close}
      options={
        <div className="formgrid importoptions">
          <div>
            <label htmlFor="import-kind">{t('facts.kind')}</label>
            <Select
              id="import-kind"
              style={{ width: '100%' }}
              value={kindId}
              onChange={setKind}
              options={kinds.map((k) => ({ value: k.id, label: n(k.name) }))}
            />
          </div>
          <div>
            <label htmlFor="import-source">{t('facts.source')}</label>
            <Input
              id="import-source"
              value={source}
              maxLength={100}
              spellCheck={false}
              autoCapitalize="off"
              status={sourceForm.test(source) ? undefined : 'error'}
              aria-describedby="import-source-help"
              onChange={(e) => setSource(e.target.value.trim())}
            />
            <p id="import-source-help" className="muted small">
              {t('facts.sourceHelp')}
            </p>
          </div>
          <div>
            <Checkbox checked={revise} onChange={(e) => setRevise(e.target.checked)}>
              {t('facts.revise')}
            </Checkbox>
            {revise && (
              <Input
                aria-label={t('reason')}
                aria-required
                placeholder={t('fields.reasonHint')}
                value={why}
                maxLength={2000}
                onChange={(e) => setWhy(e.target.value)}
              />
            )}
          </div>
        </div>
      }
    />
  )
}
