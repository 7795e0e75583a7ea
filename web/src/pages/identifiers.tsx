import { PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, Segmented, Select } from 'antd'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'

import { useHere } from '../app/org'
import { FindPart, recordPath } from '../identifiers/find'
import { ImportsPart, UploadDialog } from '../identifiers/imports'
import { RegisterDialog } from '../identifiers/recorddialog'
import { usePrefixes } from '../identifiers/queries'
import { TemplateDialog } from '../identifiers/templatedialog'
import { TemplatesPart } from '../identifiers/templates'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../fields/fields.css'

const parts = ['find', 'templates', 'imports'] as const
type Part = (typeof parts)[number]

/** IdentifiersPage is the identifiers of an organisation's prefixes, the templates they follow, and the files they came in. */
export function IdentifiersPage() {
  const { org, may, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const [open, setOpen] = useState<'one' | 'file' | 'template'>()
  const prefixes = usePrefixes(org.id)
  const part: Part = parts.find((p) => p === params.get('part')) ?? 'find'
  const list = prefixes.data ?? []
  const chosen = list.find((p) => p.prefix === params.get('prefix')) ?? list.find((p) => p.state === 'homed') ?? list[0]
  const homed = chosen?.state === 'homed'
  const go = (p: Part, prefix: string) =>
    setParams({ ...(p === 'find' ? {} : { part: p }), ...(prefix ? { prefix } : {}) }, { replace: true })
  const close = () => setOpen(undefined)
  return (
    <>
      <PageHead title={t('identifiers.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {homed && part === 'templates' && may('configure') && (
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setOpen('template')}>
            {t('identifiers.newTemplate')}
          </Button>
        )}
        {homed && part === 'imports' && may('operate') && (
          <Button type="primary" icon={<UploadOutlined aria-hidden />} onClick={() => setOpen('file')}>
            {t('identifiers.upload')}
          </Button>
        )}
        {homed && part === 'find' && may('operate') && (
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setOpen('one')}>
            {t('identifiers.register')}
          </Button>
        )}
      </PageHead>
      <Answer
        query={prefixes}
        empty={(l) =>
          l.length === 0 && (
            <section className="panel" aria-label={t('identifiers.prefixes')}>
              <Blank title={t('identifiers.noPrefix')}>{t('identifiers.noPrefixHelp')}</Blank>
            </section>
          )
        }
      >
        {() => (
          <>
            <div className="row wrap" style={{ marginBottom: 12 }}>
              <Select
                aria-label={t('identifiers.prefix')}
                value={chosen?.prefix}
                options={list.map((p) => ({
                  value: p.prefix,
                  label: `${p.prefix} · ${t(`identifiers.prefixState.${p.state}`)}`,
                }))}
                onChange={(v: string) => go(part, v)}
                style={{ minWidth: 200 }}
              />
              <Segmented
                value={part}
                options={parts.map((p) => ({ value: p, label: t(`identifiers.${p}`) }))}
                onChange={(p) => go(p, params.get('prefix') ?? '')}
              />
            </div>
            {chosen && !homed && part !== 'imports' && (
              <p className="banner info" style={{ marginBottom: 12 }}>
                {t('identifiers.notHomed')}
              </p>
            )}
            {chosen && part === 'find' && <FindPart key={chosen.prefix} prefix={chosen.prefix} />}
            {chosen && part === 'templates' && <TemplatesPart key={chosen.prefix} prefix={chosen.prefix} />}
            {part === 'imports' && <ImportsPart />}
          </>
        )}
      </Answer>
      {open === 'one' && chosen && (
        <RegisterDialog prefix={chosen.prefix} close={close} done={(x) => void navigate(recordPath(at, x.name))} />
      )}
      {open === 'file' && chosen && <UploadDialog prefix={chosen.prefix} close={close} />}
      {open === 'template' && chosen && <TemplateDialog prefix={chosen.prefix} close={close} />}
    </>
  )
}
