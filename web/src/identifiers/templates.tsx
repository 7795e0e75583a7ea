import { Button } from 'antd'
import { useState } from 'react'

import { call, post } from '../api/client'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { identifierKeys, useTemplates, type Item, type Template } from './queries'
import { TemplateDialog } from './templatedialog'
import '../fields/fields.css'
import './identifiers.css'

const looks: Record<Template['state'], string> = { draft: 'tag info', published: 'tag good', withdrawn: 'tag' }

/** TemplatesPart is the templates of a prefix, the newest first, each with its items. */
export function TemplatesPart({ prefix }: { prefix: string }) {
  const { t } = useI18n()
  const templates = useTemplates(prefix)
  return (
    <Answer
      query={templates}
      empty={(l) =>
        l.length === 0 && (
          <section className="panel" aria-label={t('identifiers.templates')}>
            <Blank title={t('identifiers.noTemplates')}>{t('identifiers.noTemplatesHelp')}</Blank>
          </section>
        )
      }
    >
      {(list) => (
        <div className="stack">
          {[...list].reverse().map((x) => (
            <One key={x.id} of={x} />
          ))}
        </div>
      )}
    </Answer>
  )
}

function One({ of: x }: { of: Template }) {
  const { may } = useHere()
  const { t, n, lang } = useI18n()
  const [open, setOpen] = useState<'edit' | 'copy'>()
  const { content } = x
  const name = `${n(content.name)} ${x.version}`
  const industry = content.industrySubclass ?? content.industryTrade ?? content.industrySpecific ?? ''
  const close = () => setOpen(undefined)
  return (
    <section className="panel" aria-label={name}>
      <header>
        <h2>{name}</h2>
        <span className={looks[x.state]}>{t(`identifiers.stateOf.${x.state}`)}</span>
        <span className="muted small">
          {t('identifiers.industry')} {content.industryCategory}
          {industry} · {t(content.type === 1 ? 'identifiers.object.1' : 'identifiers.object.2')} ·{' '}
          {t('identifiers.itemCount')} {whole(lang, content.items.length)} · {x.by.name} {dateTime(millis(x.at))}
        </span>
        {may('configure') && <Actions of={x} name={name} open={setOpen} />}
      </header>
      {content.description && <p className="note">{content.description}</p>}
      <DataTable
        label={`${name} ${t('identifiers.items')}`}
        className="cards roomy"
        columns={['identifiers.index', 'identifiers.itemName', 'identifiers.kind', 'identifiers.rules']}
      >
        <tbody>
          {content.items.map((it) => (
            <ItemRow key={it.index} of={it} />
          ))}
        </tbody>
      </DataTable>
      {open && <TemplateDialog prefix={x.prefix} of={x} further={open === 'copy'} close={close} />}
    </section>
  )
}

function Actions({ of: x, name, open }: { of: Template; name: string; open: (what: 'edit' | 'copy') => void }) {
  const { t } = useI18n()
  const confirm = useConfirm()
  const refreshed = useRefreshed()
  const path = `/identifier-templates/${encodeURIComponent(x.prefix)}/${encodeURIComponent(x.version)}`
  const ask = (what: 'publish' | 'withdraw' | 'discard') =>
    confirm({
      title: t(`identifiers.${what}Ask`, { name }),
      text: t(`identifiers.${what}Help`),
      ok: t(`identifiers.${what}`),
      work: async () => {
        if (what === 'discard') await call('DELETE', path, {})
        else await post(`${path}/transitions`, { to: what === 'publish' ? 'published' : 'withdrawn' })
        await refreshed(identifierKeys.all())
      },
    })
  return (
    <div className="actions">
      {x.state === 'draft' && (
        <>
          <Button size="small" onClick={() => ask('discard')}>
            {t('identifiers.discard')}
          </Button>
          <Button size="small" onClick={() => open('edit')}>
            {t('edit')}
          </Button>
          <Button size="small" type="primary" onClick={() => ask('publish')}>
            {t('identifiers.publish')}
          </Button>
        </>
      )}
      {x.state !== 'draft' && (
        <Button size="small" onClick={() => open('copy')}>
          {t('identifiers.copyTemplate')}
        </Button>
      )}
      {x.state === 'published' && (
        <Button size="small" onClick={() => ask('withdraw')}>
          {t('identifiers.withdraw')}
        </Button>
      )}
    </div>
  )
}

function ItemRow({ of: it }: { of: Item }) {
  const { t, n } = useI18n()
  const label = n(it.label)
  const rules = [
    it.required && t('identifiers.required'),
    it.unique && t('identifiers.unique'),
    it.private && t('identifiers.private'),
    t('identifiers.length', { from: it.minLength ?? 0, to: it.maxLength ?? 255 }),
    it.pattern && t('identifiers.pattern', { text: it.pattern }),
    it.reference && t('identifiers.reference', { text: it.reference }),
  ].filter(Boolean)
  return (
    <tr>
      <td data-label={t('identifiers.index')}>{it.index}</td>
      <th scope="row">
        {label || it.name}
        {label && label !== it.name && <div className="muted small mono">{it.name}</div>}
      </th>
      <td data-label={t('identifiers.kind')}>{t(`identifiers.kind.${it.type}`)}</td>
      <td data-label={t('identifiers.rules')}>{rules.join(' · ')}</td>
    </tr>
  )
}
