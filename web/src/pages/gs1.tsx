import { PlusOutlined } from '@ant-design/icons'
import { Button, Input, Tag } from 'antd'
import { useDeferredValue, useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { useHere } from '../app/org'
import { date, millis } from '../format/time'
import { LinksDialog } from '../gs1/editor'
import { usePrefixes, useSets } from '../gs1/queries'
import { Reader } from '../gs1/reader'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../gs1/gs1.css'

/** Gs1Page is about things with GS1 identifiers: reading codes, what they lead to, and the prefixes by which one may say so. */
export function Gs1Page() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const [words, setWords] = useState('')
  const q = useDeferredValue(words.trim())
  const [adding, setAdding] = useState<string>()
  const sets = useSets(org.id, q)
  const prefixes = usePrefixes(org.id)
  const held = (prefixes.data?.length ?? 0) > 0
  const thing = (anchor: string) => at(`gs1/thing?anchor=${encodeURIComponent(anchor)}`)
  return (
    <>
      <PageHead title={t('gs1.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {may('configure') && held && (
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding('')}>
            {t('gs1.new')}
          </Button>
        )}
      </PageHead>
      <div className="columns">
        <Reader found={(r) => r.anchor && <Link to={thing(r.anchor)}>{t('gs1.toThing')}</Link>} />
        <section className="panel" aria-label={t('gs1.things')}>
          <header>
            <h2>{t('gs1.things')}</h2>
            <div className="actions">
              <Input
                aria-label={t('gs1.search')}
                placeholder={t('gs1.search')}
                allowClear
                maxLength={100}
                value={words}
                onChange={(e) => setWords(e.target.value)}
                style={{ maxWidth: 260 }}
              />
            </div>
          </header>
          <Answer
            query={sets}
            empty={(page) =>
              (page.items ?? []).length === 0 && (
                <Blank title={t(q ? 'gs1.noneFound' : 'gs1.none')}>{!q && t('gs1.noneHelp')}</Blank>
              )
            }
          >
            {(page) => (
              <DataTable
                label={t('gs1.things')}
                className="cards roomy"
                columns={['gs1.thing', 'gs1.anchor', { num: 'gs1.linkCount' }, { num: 'gs1.version' }, 'gs1.changed']}
              >
                <tbody>
                  {(page.items ?? []).map((s) => (
                    <tr key={s.anchor}>
                      <th scope="row">
                        <Link to={thing(s.anchor)}>{n(s.description)}</Link>
                        {s.links.length === 0 && <Tag style={{ marginLeft: 8 }}>{t('gs1.withdrawn')}</Tag>}
                      </th>
                      <td data-label={t('gs1.anchor')}>
                        <code style={{ overflowWrap: 'anywhere' }}>{s.anchor}</code>
                      </td>
                      <td className="num" data-label={t('gs1.linkCount')}>
                        {s.links.length}
                      </td>
                      <td className="num" data-label={t('gs1.version')}>
                        {s.version}
                      </td>
                      <td data-label={t('gs1.changed')}>
                        {date(millis(s.at))} · {s.by}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </DataTable>
            )}
          </Answer>
        </section>
        <section className="panel" aria-label={t('gs1.prefixes')}>
          <header>
            <h2>{t('gs1.prefixes')}</h2>
          </header>
          <Answer
            query={prefixes}
            rows={2}
            empty={(list) => list.length === 0 && <Blank title={t('gs1.noPrefix')}>{t('gs1.noPrefixHelp')}</Blank>}
          >
            {(list) => (
              <DataTable
                label={t('gs1.prefixes')}
                className="cards"
                columns={['gs1.prefix', 'gs1.ground', 'gs1.since']}
              >
                <tbody>
                  {list.map((p) => (
                    <tr key={p.prefix}>
                      <th scope="row">
                        <code>{p.prefix}</code>
                      </th>
                      <td data-label={t('gs1.ground')}>{p.ground}</td>
                      <td data-label={t('gs1.since')}>{date(millis(p.since))}</td>
                    </tr>
                  ))}
                </tbody>
              </DataTable>
            )}
          </Answer>
        </section>
      </div>
      {adding !== undefined && (
        <LinksDialog
          org={org.id}
          anchor={adding}
          close={() => setAdding(undefined)}
          done={(s) => void navigate(thing(s.anchor))}
        />
      )}
    </>
  )
}
