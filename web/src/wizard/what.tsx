import { SearchOutlined } from '@ant-design/icons'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useDeferredValue, useMemo, useState } from 'react'
import { Link } from 'react-router'

import { all, get } from '../api/client'
import { useClasses, useTemplates } from '../api/queries'
import type { TemplateSummary } from '../api/types'
import { useHere } from '../app/org'
import { useI18n, type Key } from '../i18n'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { protocolName, throughGateway, type Draft, type Template } from './draft'

const testedKey: Record<TemplateSummary['tested'], Key> = {
  none: 'wizard.tested.none',
  frames: 'wizard.tested.frames',
  peer: 'wizard.tested.peer',
}

/** What is the first part: which device it is, by template or without one. */
export function What({
  draft,
  choose,
  next,
}: {
  draft: Draft
  choose: (driver: string, template?: Template) => void
  next: () => void
}) {
  const { t, n } = useI18n()
  const [text, setText] = useState('')
  const [driver, setDriver] = useState<string>()
  const [cls, setClass] = useState<string>()
  const query = { text: useDeferredValue(text.trim()), driver, class: cls }
  const templates = useQuery({
    queryKey: ['templates', query],
    queryFn: ({ signal }) => all<TemplateSummary>('/templates', query, signal),
    placeholderData: keepPreviousData,
    staleTime: 300_000,
  })
  const every = useTemplates()
  const classes = useClasses()
  const className = (id: string) => n(classes.data?.find((c) => c.id === id)?.name) || id
  const offered = useMemo(
    () => ({
      drivers: [...new Set((every.data ?? []).map((x) => x.driver))].sort(),
      classes: [...new Set((every.data ?? []).map((x) => x.class))].sort(),
    }),
    [every.data],
  )
  const submit = useSubmit()
  const [asked, setAsked] = useState('')
  const take = (x: TemplateSummary) => {
    setAsked(x.id)
    return submit.run(async () => choose(x.driver, await get<Template>(`/templates/${x.id}`)))
  }
  // What was saved cannot become another device any more.
  if (draft.made.machine) return <p className="muted">{t('wizard.madeAlready')}</p>
  const bare = (
    <div className="row wrap">
      <span className="muted">{t('wizard.without')}</span>
      {['modbus', 'opcua'].map((d) => (
        <Button key={d} size="small" onClick={() => choose(d)}>
          {protocolName(d)}
        </Button>
      ))}
    </div>
  )
  return (
    <>
      {draft.driver && !throughGateway(draft.driver) && <Source driver={draft.driver} />}
      <div className="filters">
        <Input
          type="search"
          className="wide"
          prefix={<SearchOutlined aria-hidden />}
          value={text}
          onChange={(e) => setText(e.target.value)}
          placeholder={t('wizard.search')}
          aria-label={t('wizard.search')}
        />
        <Select
          allowClear
          style={{ width: 150 }}
          value={driver}
          onChange={setDriver}
          placeholder={t('wizard.anyProtocol')}
          aria-label={t('wizard.protocol')}
          options={offered.drivers.map((value) => ({ value, label: protocolName(value) }))}
        />
        <Select
          allowClear
          style={{ width: 170 }}
          value={cls}
          onChange={setClass}
          placeholder={t('wizard.anyClass')}
          aria-label={t('plant.class')}
          options={offered.classes.map((value) => ({ value, label: className(value) }))}
        />
      </div>
      <Answer
        query={templates}
        empty={(list) =>
          list.length === 0 && <Blank title={t('wizard.noTemplate')}>{t('wizard.noTemplateHelp')}</Blank>
        }
      >
        {(list) => (
          <DataTable label={t('wizard.templates')}>
            <thead>
              <tr>
                <th scope="col">{t('plant.template')}</th>
                <th scope="col" className="only-wide">
                  {t('wizard.maker')}
                </th>
                <th scope="col">{t('wizard.protocol')}</th>
                <th scope="col" className="num only-wide">
                  {t('wizard.pointCount')}
                </th>
                <th scope="col" className="only-wide">
                  {t('wizard.tested')}
                </th>
                <th scope="col">
                  <span className="hidden-text">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((x) => (
                <tr key={x.id} aria-current={x.id === draft.template || undefined}>
                  <th scope="row">{n(x.name)}</th>
                  <td className="only-wide muted">{[x.maker, x.model].filter(Boolean).join(' · ') || '–'}</td>
                  <td className="nowrap">{protocolName(x.driver)}</td>
                  <td className="num only-wide">{x.points}</td>
                  <td className="only-wide">
                    <span className={`tag ${x.tested === 'none' ? 'warning' : x.tested === 'peer' ? 'good' : 'info'}`}>
                      {t(testedKey[x.tested])}
                    </span>
                  </td>
                  <td className="num">
                    <Button
                      size="small"
                      type={x.id === draft.template ? 'primary' : 'link'}
                      aria-label={t('wizard.chooseOne', { name: n(x.name) })}
                      loading={submit.busy && asked === x.id}
                      onClick={() => void (x.id === draft.template && draft.reached > 1 ? next() : take(x))}
                    >
                      {x.id === draft.template ? t('wizard.chosen') : t('wizard.choose')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
      {submit.problem && <Fault problem={submit.problem} />}
      <div className="foot-actions">{bare}</div>
    </>
  )
}

/** Source tells that such a device is not asked by a gateway but tells by itself. */
function Source({ driver }: { driver: string }) {
  const { at } = useHere()
  const { t } = useI18n()
  return (
    <div className="once" role="status" style={{ marginBottom: 10 }}>
      <p>{t('wizard.bySource', { protocol: protocolName(driver) })}</p>
      <p style={{ marginTop: 6 }}>
        <Link to={at('sources')}>{t('wizard.toSources')}</Link>
      </p>
    </div>
  )
}
