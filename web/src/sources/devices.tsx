import { Button, Input } from 'antd'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'

import type { Source, SourceDevice } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { Age } from '../ui/age'
import { Blank, Bones, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import { DeviceDrawer } from './devicedrawer'
import { DeviceMark } from './marks'
import { usePlaces } from './places'
import { useDevices } from './queries'

const mostShown = 300

/** Devices shows what a source was heard of, and which machine each one feeds. */
export function Devices({ source: s }: { source: Source }) {
  const { t, lang } = useI18n()
  const devices = useDevices(s.id)
  const places = usePlaces()
  const [search, setSearch] = useState('')
  const [openKey, setOpen] = useState<string>()
  const all = devices.data?.pages.flatMap((p) => p.items ?? []) ?? []
  const opened = all.find((d) => d.device === openKey)
  const { hasNextPage, isFetching, fetchNextPage } = devices
  const find = search.trim().toLowerCase()
  // A search is of all devices, so the pages that were not needed before come now.
  useEffect(() => {
    if (find !== '' && hasNextPage && !isFetching) void fetchNextPage()
  }, [find, hasNextPage, isFetching, fetchNextPage])
  const nameOf = (d: SourceDevice) => (d.machine ? places.path(d.machine) : '')
  const found = find === '' ? all : all.filter((d) => `${d.device}\n${nameOf(d)}`.toLowerCase().includes(find))
  const shown = find === '' ? found : found.slice(0, mostShown)
  return (
    <section className="panel" aria-label={t('sources.devices')}>
      <header>
        <h2>{t('sources.devices')}</h2>
        {devices.data && <span className="muted">{t('sources.devicesCount', { n: s.devices })}</span>}
        <div className="actions">
          {(all.length > 5 || search !== '') && (
            <Input.Search
              allowClear
              size="small"
              value={search}
              onChange={(e) => setSearch(e.target.value)}
              placeholder={t('sources.search')}
              aria-label={t('sources.search')}
              style={{ width: 220 }}
            />
          )}
        </div>
      </header>
      {devices.error && all.length === 0 ? (
        <div style={{ padding: 12 }}>
          <Fault problem={devices.error} retry={() => void devices.refetch()} />
        </div>
      ) : !devices.data ? (
        <Bones rows={3} />
      ) : all.length === 0 ? (
        <Blank title={t('sources.noDevices')}>
          {t(s.transport === 'remote' ? 'sources.noDevicesRemote' : 'sources.noDevicesHelp')}
        </Blank>
      ) : shown.length === 0 && !hasNextPage ? (
        <Blank title={t('tree.noMatch', { text: search })} />
      ) : (
        <Table list={shown} nameOf={nameOf} open={setOpen} />
      )}
      {shown.length < found.length && (
        <p className="body muted">
          {t('sources.found', { all: whole(lang, found.length), shown: whole(lang, shown.length) })}
        </p>
      )}
      {hasNextPage && (
        <div className="body row wrap">
          <Button size="small" loading={devices.isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('sources.more')}
          </Button>
          <span className="muted">
            {t('sources.shown', { shown: whole(lang, all.length), all: whole(lang, s.devices) })}
          </span>
        </div>
      )}
      {opened && <DeviceDrawer source={s} device={opened} close={() => setOpen(undefined)} />}
    </section>
  )
}

function Table({
  list,
  nameOf,
  open,
}: {
  list: SourceDevice[]
  nameOf: (d: SourceDevice) => string
  open: (device: string) => void
}) {
  const { at } = useHere()
  const { t, n, lang } = useI18n()
  return (
    <DataTable
      label={t('sources.devices')}
      className="cards roomy"
      columns={[
        'sources.device',
        'state',
        'kind.machine',
        { num: 'gateway.lastSeen' },
        { num: 'sources.metrics' },
        { num: 'sources.unclaimed' },
        { num: 'sources.messages' },
        'sources.troubles',
      ]}
    >
      <tbody>
        {list.map((d) => (
          <tr key={d.device}>
            <th scope="row" style={{ overflowWrap: 'anywhere' }}>
              <button
                type="button"
                className="plain"
                style={{ color: 'var(--accent)', overflowWrap: 'anywhere' }}
                onClick={() => open(d.device)}
              >
                {d.device}
              </button>
            </th>
            <td data-label={t('state')}>
              <DeviceMark state={d.state} />
            </td>
            <td data-label={t('kind.machine')}>
              {d.machine ? (
                <Link to={at(`m/${d.machine}`)}>{nameOf(d) || d.machine}</Link>
              ) : (
                <span className="tag warning">{t('sources.notAdopted')}</span>
              )}
            </td>
            <td data-label={t('gateway.lastSeen')} className="num nowrap">
              <Age of={millis(d.lastSeen)} />
            </td>
            <td data-label={t('sources.metrics')} className="num">
              {whole(lang, d.metrics)}
            </td>
            <td data-label={t('sources.unclaimed')} className="num">
              {d.unclaimed > 0 ? <span className="tag warning">{whole(lang, d.unclaimed)}</span> : '0'}
            </td>
            <td data-label={t('sources.messages')} className="num">
              {whole(lang, d.messages)}
            </td>
            <td data-label={t('sources.troubles')} style={{ maxWidth: 280 }}>
              {d.lastTrouble ? (
                <>
                  {whole(lang, d.troubles)} · {n(d.lastTrouble.text)}
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
