import { PlusOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'

import type { Source } from '../api/types'
import { useHere } from '../app/org'
import { rate, whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { useWant } from '../live/live'
import { transportKey, SourceMark } from '../sources/marks'
import { useSourceKinds, useSources } from '../sources/queries'
import { SourceDialog } from '../sources/sourcedialog'
import { Age } from '../ui/age'
import { OriginTag } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

/** SourcesPage lists what sends to the node by itself, and how it does. */
export function SourcesPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  useWant(org.id)
  const sources = useSources(org.id)
  const navigate = useNavigate()
  const [adding, setAdding] = useState(false)
  const add = may('configure') && (
    <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setAdding(true)}>
      {t('sources.add')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('sources.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {sources.data && sources.data.length > 0 && add}
      </PageHead>
      <section className="panel" aria-label={t('sources.title')}>
        <Answer
          query={sources}
          empty={(list) =>
            list.length === 0 && (
              <Blank title={t('sources.none')} actions={add}>
                {t('sources.noneHelp')}
              </Blank>
            )
          }
        >
          {(list) => <Table list={list} />}
        </Answer>
      </section>
      {adding && (
        <SourceDialog
          close={() => setAdding(false)}
          // A source is of use only with a credential: the page goes on to where one is made.
          done={(made) => void navigate(at(`sources/${made.id}`))}
        />
      )}
    </>
  )
}

function Table({ list }: { list: Source[] }) {
  const { at } = useHere()
  const { t, n, lang } = useI18n()
  const kinds = useSourceKinds()
  const kindName = (kind: string) => n(kinds.data?.find((k) => k.kind === kind)?.name) || kind
  return (
    <DataTable
      label={t('sources.title')}
      className="cards roomy"
      columns={[
        'name',
        'state',
        'sources.kind',
        'sources.transport',
        { num: 'sources.devicesOnline' },
        { num: 'sources.rate' },
        { num: 'sources.unclaimed' },
        { num: 'sources.troubles' },
        'sources.lastTrouble',
      ]}
    >
      <tbody>
        {list.map((s) => (
          <tr key={s.id}>
            <th scope="row">
              <Link to={at(`sources/${s.id}`)}>{n(s.name)}</Link> <OriginTag origin={s.origin} short />
            </th>
            <td data-label={t('state')}>
              <SourceMark state={s.state} />
            </td>
            <td data-label={t('sources.kind')}>{kindName(s.kind)}</td>
            <td data-label={t('sources.transport')} className="nowrap">
              {t(transportKey[s.transport])}
            </td>
            <td data-label={t('sources.devicesOnline')} className="num nowrap">
              {`${whole(lang, s.online)} / ${whole(lang, s.devices)}`}
            </td>
            <td data-label={t('sources.rate')} className="num nowrap">
              {rate(lang, s.valuesPerSecond)} {t('perSecond')}
            </td>
            <td data-label={t('sources.unclaimed')} className="num">
              {s.unclaimed > 0 ? <span className="tag warning">{whole(lang, s.unclaimed)}</span> : '0'}
            </td>
            <td data-label={t('sources.troubles')} className="num">
              {whole(lang, s.troubles)}
            </td>
            <td data-label={t('sources.lastTrouble')} style={{ maxWidth: 320 }}>
              {s.lastTrouble ? (
                <>
                  {n(s.lastTrouble.text)}{' '}
                  <span className="muted nowrap">
                    <Age of={millis(s.lastTrouble.time)} />
                  </span>
                </>
              ) : (
                <span className="muted">{t('gateway.noError')}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}
