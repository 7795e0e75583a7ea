import '../storage/storage.css'
import '../calendars/calendars.css'

import { PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, Modal } from 'antd'
import { useRef, useState } from 'react'
import { Link } from 'react-router'

import { usePlant } from '../api/queries'
import type { CalendarSummary, NodeCalendar, PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { NewCalendar } from '../calendars/newcalendar'
import { useCalendars, useSiteCalendars } from '../calendars/queries'
import { Sites } from '../calendars/sites'
import { maxFile, readFile, type File as CalendarFile } from '../calendars/transfer'
import { useI18n, type Key } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

const none: PlantNode[] = []

/** CalendarsPage lists the calendars of an organisation, and what each of its sites works by. */
export function CalendarsPage() {
  const { org, at, may } = useHere()
  const { t, n } = useI18n()
  const calendars = useCalendars(org.id)
  const sites = (usePlant(org.id).data ?? none).filter((x) => x.kind === 'site' && x.to === undefined)
  const held = useSiteCalendars(sites.map((s) => s.id)).map((q) => q.data)
  const [making, setMaking] = useState<true | CalendarFile>()
  const add = may('configure') && (
    <>
      <ImportButton read={setMaking} />
      <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
        {t('calendars.add')}
      </Button>
    </>
  )
  return (
    <>
      <PageHead title={t('calendars.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {calendars.data && calendars.data.length > 0 && add}
      </PageHead>
      <div className="stack">
        <section className="panel" aria-label={t('calendars.title')}>
          <Answer
            query={calendars}
            empty={(list) =>
              list.length === 0 && (
                <Blank title={t('calendars.none')} actions={add}>
                  {t('calendars.noneHelp')}
                </Blank>
              )
            }
          >
            {(list) => <Table list={list} sites={sites} held={held} />}
          </Answer>
        </section>
        {calendars.data && sites.length > 0 && <Sites sites={sites} held={held} calendars={calendars.data} />}
      </div>
      {making && <NewCalendar file={making === true ? undefined : making} close={() => setMaking(undefined)} />}
    </>
  )
}

function Table({
  list,
  sites,
  held,
}: {
  list: CalendarSummary[]
  sites: PlantNode[]
  held: (NodeCalendar | undefined)[]
}) {
  const { at } = useHere()
  const { t, n } = useI18n()
  return (
    <DataTable
      label={t('calendars.title')}
      className="cards roomy"
      columns={['name', 'calendars.zone', { num: 'calendars.versionHead' }, 'calendars.sitesNow']}
    >
      <tbody>
        {list.map((c) => {
          const its = sites.filter((_, i) => held[i]?.calendar === c.id)
          return (
            <tr key={c.id}>
              <th scope="row">
                <Link to={at(`calendars/${c.id}`)}>{n(c.name)}</Link>
              </th>
              <td data-label={t('calendars.zone')}>{c.zone}</td>
              <td data-label={t('calendars.versionHead')} className="num">
                {c.number}
              </td>
              <td data-label={t('calendars.sitesNow')}>
                {its.length === 0 ? (
                  <span className="muted">{t('calendars.noSite')}</span>
                ) : (
                  its.map((s) => n(s.name)).join(', ')
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </DataTable>
  )
}

const wrong: Record<'long' | 'json' | 'form', Key> = {
  long: 'calendars.fileLong',
  json: 'calendars.fileJson',
  form: 'calendars.fileForm',
}

function ImportButton({ read }: { read: (f: CalendarFile) => void }) {
  const { t } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [fault, setFault] = useState<{ what: 'long' | 'json' | 'form'; detail?: string }>()
  const take = async (file: File | undefined) => {
    if (!file) return
    const got = file.size > maxFile ? { fault: 'long' as const } : readFile(await file.text())
    if ('fault' in got) setFault({ what: got.fault, detail: got.detail })
    else read(got)
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label={t('calendars.import')}
        onChange={(e) => {
          void take(e.target.files?.[0])
          e.target.value = '' // the same file may be taken again
        }}
      />
      <Button icon={<UploadOutlined aria-hidden />} onClick={() => input.current?.click()}>
        {t('calendars.import')}
      </Button>
      {fault && (
        <Modal
          open
          title={t('calendars.import')}
          onCancel={() => setFault(undefined)}
          onOk={() => setFault(undefined)}
          okText={t('close')}
          cancelButtonProps={{ hidden: true }}
        >
          <div className="fault" role="alert">
            <p>
              <strong>{t(wrong[fault.what])}</strong>
            </p>
            {fault.detail && (
              <p>
                <code>{fault.detail}</code>
              </p>
            )}
          </div>
        </Modal>
      )}
    </>
  )
}
