import { App, Button, Input } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { call } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Pager } from '../docking/above'
import { fetchFile, withQuery } from '../fields/transfer'
import { bytes } from '../format/number'
import { dateTime, fromLocalInput, millis, toLocalInput } from '../format/time'
import { DeleteDialog } from '../identifiers/deletedialog'
import { ChangeDialog, sizeOf } from '../identifiers/recorddialog'
import {
  isPublic,
  publicPath,
  suffixOf,
  useRecord,
  useTemplates,
  useVersions,
  type Identifier,
  type Value,
} from '../identifiers/queries'
import { useI18n } from '../i18n'
import { iso, save } from '../trend/csv'
import { PageHead } from '../ui/page'
import { Copied } from '../ui/secret'
import { Answer, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'
import '../identifiers/identifiers.css'
import '../targets/targets.css'

/** IdentifierPage is one identifier: its values now or at a time, how they came about, and what proves it. */
export function IdentifierPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  const name = params.get('identifier') ?? ''
  const asOf = params.get('asOf') ?? ''
  const [cursors, setCursors] = useState<string[]>([''])
  const [open, setOpen] = useState<'change' | 'delete'>()
  const versions = useVersions(name, cursors[0] ?? '')
  const newest = useVersions(name, '').data?.items?.[0]
  const prefix = name.slice(0, Math.max(0, name.indexOf('/')))
  const template = useTemplates(prefix).data?.find((x) => x.version === newest?.template)
  const gone = newest?.operation === 'delete'
  const mine = may('operate') && newest?.org === org.id && !gone && asOf === ''
  const look = (when: string) => setParams({ identifier: name, ...(when ? { asOf: when } : {}) }, { replace: true })
  const close = () => setOpen(undefined)
  return (
    <>
      <PageHead
        title={name}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('identifiers.title'), to: at('identifiers') },
        ]}
        after={gone && <span className="tag warning">{t('identifiers.deleted')}</span>}
      >
        {mine && (
          <>
            <Button danger onClick={() => setOpen('delete')}>
              {t('identifiers.delete')}
            </Button>
            <Button type="primary" onClick={() => setOpen('change')}>
              {t('identifiers.change')}
            </Button>
          </>
        )}
      </PageHead>
      <div className="columns twocol">
        <div className="stack">
          {(!gone || asOf !== '') && newest && <Values name={name} asOf={asOf} look={look} />}
          <section className="panel" aria-label={t('identifiers.versions')}>
            <header>
              <h2>{t('identifiers.versions')}</h2>
            </header>
            <Answer query={versions}>
              {(p) => (
                <>
                  <DataTable
                    label={t('identifiers.versions')}
                    className="cards roomy"
                    columns={['identifiers.when', 'identifiers.operation', 'identifiers.who', { hidden: 'actions' }]}
                  >
                    <tbody>
                      {(p.items ?? []).map((v) => (
                        <VersionRow key={v.serial} of={v} shown={asOf === v.at} look={look} />
                      ))}
                    </tbody>
                  </DataTable>
                  <Pager cursors={cursors} set={setCursors} next={p.next} />
                </>
              )}
            </Answer>
          </section>
        </div>
        <div className="stack">{newest && <FactsPanel of={newest} gone={gone} />}</div>
      </div>
      {open === 'change' && newest && <ChangeDialog of={newest} template={template} close={close} />}
      {open === 'delete' && newest && (
        <DeleteDialog
          name={name}
          work={(reason) =>
            call('DELETE', '/identifiers/record', { query: { identifier: name, basis: newest.serial, reason } })
          }
          close={close}
        />
      )}
    </>
  )
}

function Values({ name, asOf, look }: { name: string; asOf: string; look: (when: string) => void }) {
  const { t } = useI18n()
  const record = useRecord(name, asOf)
  const set = (typed: string) => {
    const ms = fromLocalInput(typed)
    if (!Number.isNaN(ms)) look(iso(ms))
  }
  return (
    <section className="panel" aria-label={t('identifiers.values')}>
      <header>
        <h2>{t('identifiers.values')}</h2>
        <div className="actions">
          <span className="muted small" aria-hidden>
            {t('identifiers.asOfTime')}
          </span>
          <Input
            type="datetime-local"
            step={1}
            size="small"
            aria-label={t('identifiers.asOfTime')}
            style={{ width: 190 }}
            value={asOf ? toLocalInput(millis(asOf)) : ''}
            onChange={(e) => (e.target.value ? set(e.target.value) : look(''))}
          />
        </div>
      </header>
      {asOf !== '' && (
        <p className="note">
          {t('identifiers.asOfNote', { at: dateTime(millis(asOf)) })}{' '}
          <Button size="small" onClick={() => look('')}>
            {t('identifiers.now')}
          </Button>
        </p>
      )}
      {record.error && record.data === undefined ? (
        <div className="body">
          <Fault problem={record.error} retry={() => void record.refetch()} />
        </div>
      ) : (
        <Answer
          query={record}
          empty={(x) => x.values.length === 0 && <p className="note">{t('identifiers.noValues')}</p>}
        >
          {(x) => (
            <DataTable
              label={t('identifiers.values')}
              className="cards roomy"
              columns={['identifiers.index', 'identifiers.type', 'identifiers.data', 'identifiers.visible']}
            >
              <tbody>
                {x.values.map((v) => (
                  <ValueRow key={v.index} of={v} />
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
      )}
    </section>
  )
}

function ValueRow({ of: v }: { of: Value }) {
  const { t, n, lang } = useI18n()
  const label = n(v.label)
  return (
    <tr>
      <td data-label={t('identifiers.index')}>{v.index}</td>
      <th scope="row">
        {label || v.type}
        {label && label !== v.type && <div className="muted small">{v.type}</div>}
      </th>
      <td data-label={t('identifiers.data')}>
        {v.format === 'base64' ? (
          <span className="muted">{t('identifiers.binary', { size: bytes(lang, sizeOf(v)) })}</span>
        ) : /^https?:\/\/\S+$/.test(v.data) ? (
          <a href={v.data} target="_blank" rel="noopener noreferrer" className="id-data">
            {v.data}
          </a>
        ) : (
          <span className="id-data">{v.data}</span>
        )}
      </td>
      <td data-label={t('identifiers.visible')}>
        <span className={isPublic(v) ? 'tag good' : 'tag'}>
          {t(isPublic(v) ? 'identifiers.public' : 'identifiers.restricted')}
        </span>
      </td>
    </tr>
  )
}

function VersionRow({ of: v, shown, look }: { of: Identifier; shown: boolean; look: (when: string) => void }) {
  const { t } = useI18n()
  const past = v.operation !== 'delete' && v.until !== undefined
  return (
    <tr aria-current={shown || undefined}>
      <th scope="row">
        <span className="nowrap">{dateTime(millis(v.at))}</span>
      </th>
      <td data-label={t('identifiers.operation')}>{t(`identifiers.op.${v.operation}`)}</td>
      <td data-label={t('identifiers.who')}>
        {v.by.name}
        <div className="muted small">{v.by.via}</div>
      </td>
      <td data-label={past ? t('actions') : ''}>
        {past && (
          <Button size="small" onClick={() => look(v.at)}>
            {t('identifiers.asOf')}
          </Button>
        )}
      </td>
    </tr>
  )
}

function FactsPanel({ of: x, gone }: { of: Identifier; gone: boolean }) {
  const { may } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const prove = async () => {
    try {
      const file = await fetchFile(withQuery('/identifiers/proof', [['identifier', x.name]]), lang)
      save(file, `${suffixOf(x.name).replace(/[^\p{L}\p{N}._-]+/gu, '_')}.proof.json`)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <section className="panel" aria-label={t('identifiers.facts')}>
      <header>
        <h2>{t('identifiers.facts')}</h2>
        {may('operate') && (
          <div className="actions">
            <Button size="small" onClick={() => void prove()}>
              {t('identifiers.proof')}
            </Button>
          </div>
        )}
      </header>
      <dl className="facts body">
        {!gone && (
          <>
            <dt>{t('identifiers.address')}</dt>
            <dd>
              <Copied text={`${location.origin}${publicPath(x.name)}`} label={t('identifiers.address')} />
              <div className="muted small">{t('identifiers.addressHelp')}</div>
            </dd>
          </>
        )}
        <dt>{t('identifiers.template')}</dt>
        <dd>{x.template ?? '–'}</dd>
        <dt>{t('identifiers.version')}</dt>
        <dd className="mono">{x.serial}</dd>
        <dt>{t('identifiers.changed')}</dt>
        <dd>
          {dateTime(millis(x.at))} · {x.by.name}
        </dd>
      </dl>
    </section>
  )
}
