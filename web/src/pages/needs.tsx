import { PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { App, Button, Modal } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'

import { post } from '../api/client'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { NeedImport } from '../needs/needimport'
import { NeedForm } from '../needs/needform'
import { needKeys, useNeeds, type Need } from '../needs/queries'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../needs/needs.css'

/** NeedsPage are a firm's needs. `?file=KIND&origin=…` opens a new one of a kind: gaps of a check-up link to it. */
export function NeedsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const [query, setQuery] = useSearchParams()
  const navigate = useNavigate()
  const client = useQueryClient()
  const needs = useNeeds({ org: org.id })
  const [importing, setImporting] = useState(false)
  const file = query.get('file')
  const origin = query.get('origin') ?? undefined
  const open = (kind: string | null) => setQuery(kind === null ? {} : { file: kind })
  const mine = may('operate')
  const add = mine && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => open('')}>
      {t('needs.new')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('needs.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Link to={at('needs/contacts')}>{t('needs.contacts')}</Link>
        <Link to={at('needs/events')}>{t('event.title')}</Link>
        <Link to={at('supply')}>{t('supply.title')}</Link>
        <Link to={at('matching')}>{t('matching.title')}</Link>
        {mine && (
          <Button icon={<UploadOutlined aria-hidden />} onClick={() => setImporting(true)}>
            {t('needs.import')}
          </Button>
        )}
        {add}
      </PageHead>
      {mine && file !== null && (
        <section className="panel" aria-label={t('needs.new')} style={{ marginBottom: 12 }}>
          <header>
            <h2>{t('needs.new')}</h2>
            {origin?.startsWith('checkup:') && <span className="tag info">{t('needs.origin')}</span>}
          </header>
          <div className="body">
            <NeedForm
              key={file}
              start={{ kind: file || undefined, visibility: 'matched' }}
              keep={`jingwei.need.${org.id}`}
              ok={t('needs.send')}
              send={async (brief) => {
                const made = await post<Need>('/matching/needs', { ...brief, org: org.id, origin })
                await client.invalidateQueries({ queryKey: needKeys.all })
                void navigate(at(`needs/${made.id}`))
              }}
            />
          </div>
        </section>
      )}
      <section className="panel" aria-label={t('needs.title')}>
        <Answer
          query={needs}
          empty={(page) =>
            page.items?.length === 0 && (
              <Blank title={t('needs.none')} actions={file === null ? add : undefined}>
                {t('needs.noneHelp')}
              </Blank>
            )
          }
        >
          {(page) => (
            <ul className="needcards">
              {(page.items ?? []).map((x) => (
                <li key={x.id} className="needcard">
                  <div className="row wrap" style={{ justifyContent: 'space-between' }}>
                    <h2>
                      <Link to={at(`needs/${x.id}`)}>{x.title}</Link>
                    </h2>
                    <span className={`tag ${x.state === 'withdrawn' || x.state === 'lapsed' ? '' : 'info'}`}>
                      {n(x.stateName)}
                    </span>
                  </div>
                  <p className="muted">
                    {n(x.kindName)} · {dateTime(millis(x.filed))}
                  </p>
                </li>
              ))}
            </ul>
          )}
        </Answer>
      </section>
      <Modal
        open={importing}
        title={t('needs.import')}
        footer={null}
        onCancel={() => setImporting(false)}
        destroyOnHidden
        width={760}
      >
        <NeedImport
          org={org.id}
          done={async (rows) => {
            setImporting(false)
            void message.success(t('needs.taken', { n: rows }))
            await client.invalidateQueries({ queryKey: needKeys.all })
          }}
        />
      </Modal>
    </>
  )
}
