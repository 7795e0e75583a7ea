import { EditOutlined, PrinterOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Tag } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { base } from '../api/client'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { LinksDialog } from '../gs1/editor'
import { LabelsDialog } from '../gs1/labels'
import {
  bracketed,
  gs1Keys,
  here,
  shortType,
  useVersions,
  withdraw,
  type DeclaredLink,
  type DeclaredSet,
  type Kind,
} from '../gs1/queries'
import { useI18n } from '../i18n'
import { useConfirm } from '../ui/confirm'
import { PageHead } from '../ui/page'
import { Blank, Bones, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import '../gs1/gs1.css'

/** Gs1ThingPage is a thing with a GS1 identifier: where a scan leads, its symbols, its labels, and how its links were before. */
export function Gs1ThingPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const [params] = useSearchParams()
  const anchor = params.get('anchor') ?? ''
  const versions = useVersions(anchor)
  const client = useQueryClient()
  const confirm = useConfirm()
  const [open, setOpen] = useState<'edit' | 'labels'>()
  const now = versions.data?.[0]
  const missing = versions.error?.status === 404
  const name = now ? n(now.description) : anchor
  const mine = may('configure') && (!now || now.org === org.id)
  return (
    <>
      <PageHead
        title={name}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('gs1.title'), to: at('gs1') },
        ]}
        after={now?.links.length === 0 && <Tag>{t('gs1.withdrawn')}</Tag>}
      >
        <Button icon={<PrinterOutlined aria-hidden />} onClick={() => setOpen('labels')}>
          {t('gs1.labels')}
        </Button>
        {mine && (
          <Button type="primary" icon={<EditOutlined aria-hidden />} onClick={() => setOpen('edit')}>
            {now ? t('gs1.edit') : t('gs1.new')}
          </Button>
        )}
        {mine && now && now.links.length > 0 && (
          <Button
            danger
            onClick={() =>
              confirm({
                title: t('gs1.withdrawAsk'),
                text: t('gs1.withdrawHelp'),
                ok: t('gs1.withdraw'),
                work: async () => {
                  await withdraw(org.id, anchor)
                  await client.invalidateQueries({ queryKey: gs1Keys.all })
                },
              })
            }
          >
            {t('gs1.withdraw')}
          </Button>
        )}
      </PageHead>
      <div className="columns">
        {versions.isLoading && <Bones rows={6} />}
        {versions.error && !missing && <Fault problem={versions.error} retry={() => void versions.refetch()} />}
        {missing && (
          <section className="panel" aria-label={t('gs1.links')}>
            <Blank title={t('gs1.noLinks')}>{t('gs1.noLinksHelp')}</Blank>
          </section>
        )}
        {now && now.links.length > 0 && <Links set={now} />}
        <Symbols text={bracketed(anchor)} link={`${here()}${anchor}`} />
        {versions.data && <Versions list={versions.data} />}
      </div>
      {open === 'edit' && (
        <LinksDialog
          org={org.id}
          of={now}
          anchor={anchor}
          close={() => setOpen(undefined)}
          done={() => setOpen(undefined)}
        />
      )}
      {open === 'labels' && (
        <LabelsDialog text={bracketed(anchor)} title={now ? n(now.description) : ''} close={() => setOpen(undefined)} />
      )}
    </>
  )
}

function Links({ set }: { set: DeclaredSet }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('gs1.links')}>
      <header>
        <h2>{t('gs1.links')}</h2>
      </header>
      <DataTable
        label={t('gs1.links')}
        className="cards roomy"
        columns={['gs1.linkTitle', 'gs1.type', 'gs1.href', 'gs1.for']}
      >
        <tbody>
          {set.links.map((l, i) => (
            <tr key={i}>
              <th scope="row">
                {n(l.title)}
                {l.default && (
                  <Tag color="success" style={{ marginLeft: 8 }}>
                    {t('gs1.default')}
                  </Tag>
                )}
              </th>
              <td data-label={t('gs1.type')}>
                <code>{shortType(l.type)}</code>
              </td>
              <td data-label={t('gs1.href')}>
                <a href={l.href} target="_blank" rel="noopener noreferrer" style={{ overflowWrap: 'anywhere' }}>
                  {l.href}
                </a>
              </td>
              <td data-label={t('gs1.for')}>{suits(l) || '–'}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}

const suits = (l: DeclaredLink) => [...(l.languages ?? []), l.media, ...(l.contexts ?? [])].filter(Boolean).join(' · ')

function Symbols({ text, link }: { text: string; link: string }) {
  const { t } = useI18n()
  const address = (kind: Kind, format: string) =>
    `${base}/gs1/symbol?${new URLSearchParams({ kind, format, text, stem: here(), dpi: '600' }).toString()}`
  const kinds: { kind: Kind; name: string; wide?: boolean }[] = [
    { kind: 'qr', name: t('gs1.qr') },
    { kind: 'datamatrix', name: 'GS1 DataMatrix' },
    { kind: 'gs1-128', name: 'GS1-128', wide: true },
  ]
  return (
    <section className="panel" aria-label={t('gs1.symbols')}>
      <header>
        <h2>{t('gs1.symbols')}</h2>
        <a href={link} target="_blank" rel="noopener noreferrer" style={{ overflowWrap: 'anywhere' }}>
          {link}
        </a>
      </header>
      <div className="gs1-symbols">
        {kinds.map((k) => (
          <figure key={k.kind} className={k.wide ? 'gs1-symbol wide' : 'gs1-symbol'}>
            <div className="paper">
              <img src={address(k.kind, 'svg')} alt={`${k.name}: ${text}`} />
            </div>
            <figcaption>{k.name}</figcaption>
            <div className="row">
              <a href={address(k.kind, 'svg')} download={`${k.kind}.svg`}>
                SVG
              </a>
              <a href={address(k.kind, 'png')} download={`${k.kind}.png`}>
                PNG
              </a>
            </div>
          </figure>
        ))}
      </div>
    </section>
  )
}

function Versions({ list }: { list: DeclaredSet[] }) {
  const { t, n } = useI18n()
  return (
    <section className="panel" aria-label={t('gs1.versions')}>
      <header>
        <h2>{t('gs1.versions')}</h2>
      </header>
      <DataTable
        label={t('gs1.versions')}
        className="cards"
        columns={[{ num: 'gs1.version' }, 'gs1.changed', 'gs1.what']}
      >
        <tbody>
          {list.map((v) => (
            <tr key={v.version}>
              <th scope="row" className="num">
                {v.version}
              </th>
              <td data-label={t('gs1.changed')}>
                {dateTime(millis(v.at))} · {v.by}
              </td>
              <td data-label={t('gs1.what')}>
                {v.links.length === 0 ? t('gs1.withdrawn') : v.links.map((l) => n(l.title)).join(' · ')}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  )
}
