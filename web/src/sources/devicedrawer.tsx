import { Button, Drawer } from 'antd'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'

import { del, post } from '../api/client'
import { keys, useMachine } from '../api/queries'
import type { Metric, SampleValue, Source, SourceDevice } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { dateTime, dateTimeMillis, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n, type Key } from '../i18n'
import { useRefreshed } from '../live/live'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { Answer, Blank, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { useValueText } from '../ui/valuetext'
import { AdoptDialog } from './adoptdialog'
import { DeviceMark } from './marks'
import { usePlaces } from './places'
import { sourceKeys, useMetrics } from './queries'

interface Props {
  source: Source
  device: SourceDevice
  close: () => void
}

/** DeviceDrawer shows what one device tells, and lets it feed a machine. */
export function DeviceDrawer({ source: s, device: d, close }: Props) {
  const { may, at } = useHere()
  const { t, n, lang } = useI18n()
  const metrics = useMetrics(s.id, d.device)
  const places = usePlaces()
  const again = useDeviceAgain(s)
  const confirm = useConfirm()
  const submit = useSubmit()
  const [adopting, setAdopting] = useState(false)
  const change = may('configure')
  const unclaimed = (metrics.data ?? []).filter((m) => !m.point).map((m) => m.name)
  const { machine } = d
  const end = () =>
    confirm({
      title: t('sources.endAsk', { device: d.device }),
      text: t('sources.endText'),
      ok: t('sources.end'),
      work: async () => {
        await del(`/plant/machines/${machine}/feed`)
        await again(machine)
      },
    })
  const takeMore = () =>
    submit.run(async () => {
      await post(`/sources/${s.id}/adopt`, { device: d.device, machine, metrics: unclaimed })
      await again(machine)
    })
  return (
    <Drawer open title={d.device} onClose={close} size={720} destroyOnHidden>
      <div className="stack">
        <dl className="facts">
          <dt>{t('state')}</dt>
          <dd>
            <DeviceMark state={d.state} />
          </dd>
          <dt>{t('kind.machine')}</dt>
          <dd>
            {machine ? (
              <Link to={at(`m/${machine}`)}>{places.path(machine) || machine}</Link>
            ) : (
              <span className="tag warning">{t('sources.notAdopted')}</span>
            )}
          </dd>
          <dt>{t('sources.firstSeen')}</dt>
          <dd>{dateTime(millis(d.firstSeen))}</dd>
          <dt>{t('gateway.lastSeen')}</dt>
          <dd>
            <Age of={millis(d.lastSeen)} />
          </dd>
          <dt>{t('sources.messages')}</dt>
          <dd>{whole(lang, d.messages)}</dd>
          <dt>{t('sources.troubles')}</dt>
          <dd>
            {whole(lang, d.troubles)}
            {d.lastTrouble && (
              <>
                {' · '}
                {n(d.lastTrouble.text)} {d.lastTrouble.where && <code>{d.lastTrouble.where}</code>}
              </>
            )}
          </dd>
        </dl>
        {change && (
          <div className="row wrap">
            {!machine && (
              <Button type="primary" onClick={() => setAdopting(true)}>
                {t('sources.adopt')}
              </Button>
            )}
            {machine && unclaimed.length > 0 && (
              <Button type="primary" loading={submit.busy} onClick={() => void takeMore()}>
                {t('sources.takeMore', { n: unclaimed.length })}
              </Button>
            )}
            {machine && (
              <Button danger onClick={end}>
                {t('sources.end')}
              </Button>
            )}
          </div>
        )}
        {!machine && <p className="muted">{t('sources.notKept')}</p>}
        {submit.problem && <Fault problem={submit.problem} />}
        <section className="panel" aria-label={t('sources.metrics')}>
          <header>
            <h2>{t('sources.metrics')}</h2>
          </header>
          <Answer
            query={metrics}
            rows={3}
            empty={(list) =>
              list.length === 0 && <Blank title={t('sources.noMetrics')}>{t('sources.noMetricsHelp')}</Blank>
            }
          >
            {(list) =>
              machine ? <OfMachine list={list} machine={machine} /> : <Table list={list} pointOf={() => undefined} />
            }
          </Answer>
        </section>
      </div>
      {adopting && (
        <AdoptDialog
          source={s}
          device={d}
          unclaimed={unclaimed}
          close={() => setAdopting(false)}
          done={(made) => {
            setAdopting(false)
            void again(made)
          }}
        />
      )}
    </Drawer>
  )
}

/** useDeviceAgain asks anew for all that changes when a device begins or ends to feed a machine. */
function useDeviceAgain(s: Source): (machine?: string) => Promise<void> {
  const { org } = useHere()
  const refreshed = useRefreshed()
  return (machine) =>
    refreshed(
      sourceKeys.devices(s.id),
      sourceKeys.metrics(s.id),
      keys.sources(org.id),
      keys.plant(org.id),
      keys.series(org.id),
      ...(machine ? [keys.machine(machine)] : []),
    )
}

function OfMachine({ list, machine }: { list: Metric[]; machine: string }) {
  const { n } = useI18n()
  const held = useMachine(machine)
  const names = new Map(held.data?.points.map((p) => [p.id, n(p.name) || p.key]))
  return <Table list={list} pointOf={(id) => names.get(id)} machine={machine} />
}

const typeKey: Record<NonNullable<Metric['type']>, Key> = {
  float64: 'type.float64',
  int64: 'type.int64',
  bool: 'type.bool',
  string: 'type.string',
}

function Table({ list, pointOf, machine }: { list: Metric[]; pointOf: (id: string) => ReactNode; machine?: string }) {
  const { at } = useHere()
  const { t } = useI18n()
  const valueText = useValueText()
  return (
    <DataTable
      label={t('sources.metrics')}
      className="cards"
      columns={['sources.metric', { num: 'value' }, 'point.type', { num: 'age' }, 'sources.point']}
    >
      <tbody>
        {list.map((m) => (
          <tr key={m.name}>
            <th scope="row" style={{ overflowWrap: 'anywhere' }}>
              {m.name}
            </th>
            <td data-label={t('value')} className="num" style={{ overflowWrap: 'anywhere' }}>
              {m.time ? (
                <>
                  <span className="value" title={JSON.stringify(m.value ?? '')}>
                    {valueText({ type: m.type ?? 'string' }, (m.value ?? null) as SampleValue)}
                  </span>
                  {m.unit && m.unit !== '1' && <span className="unit">{readableUnit(m.unit)}</span>}
                </>
              ) : (
                <span className="muted">{t('points.never')}</span>
              )}
            </td>
            <td data-label={t('point.type')} className="nowrap">
              {m.type ? t(typeKey[m.type]) : '–'}
            </td>
            <td data-label={t('age')} className="num nowrap" title={m.time && dateTimeMillis(millis(m.time))}>
              {m.time ? <Age of={millis(m.time)} /> : '–'}
            </td>
            <td data-label={t('sources.point')}>
              {m.point && machine ? (
                <Link to={at(`m/${machine}`)}>{pointOf(m.point) ?? m.name}</Link>
              ) : (
                <span className="tag warning">{t('sources.unclaimedOne')}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  )
}
