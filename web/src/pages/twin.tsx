import { DownloadOutlined, EditOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'

import { base } from '../api/client'
import { useLatest, useMachine } from '../api/queries'
import type { Machine, Point } from '../api/types'
import { useHere } from '../app/org'
import { save } from '../trend/csv'
import { durationMillis } from '../format/duration'
import { dateTime, dateTimeMillis, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n, type Key } from '../i18n'
import { useSecond } from '../live/clock'
import { useLiveValue, useSeed, useWant } from '../live/live'
import { stateAt } from '../live/store'
import { FillDialog } from '../twin/filldialog'
import {
  download,
  lines,
  plateFields,
  useTwin,
  useTwinVersions,
  type PlateField,
  type Twin,
  type TwinSubmodel,
} from '../twin/queries'
import { StateMark } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Blank, Bones, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { useValueText } from '../ui/valuetext'
import '../twin/twin.css'

/** TwinPage is the twin of a machine: who it is, its plate, what it can tell and tells now, and what was filled in. */
export function TwinPage() {
  const { machine: id = '' } = useParams()
  const { t } = useI18n()
  const { at } = useHere()
  const machine = useMachine(id)
  const twin = useTwin(id)
  const failed = machine.error ?? twin.error
  if (failed?.status === 404) {
    return (
      <Blank title={t('twin.notFound')} actions={<Link to={at()}>{t('nav.overview')}</Link>}>
        {t('twin.notFoundHelp')}
      </Blank>
    )
  }
  if (failed) return <Fault problem={failed} retry={() => void Promise.all([machine.refetch(), twin.refetch()])} />
  if (!machine.data || !twin.data) {
    return (
      <div className="panel">
        <Bones rows={10} />
      </div>
    )
  }
  return <TwinView machine={machine.data} twin={twin.data} />
}

const partOf = (id: string) => id.slice(id.lastIndexOf(':') + 1)

function TwinView({ machine, twin }: { machine: Machine; twin: Twin }) {
  const { org, at, may } = useHere()
  const { t, n, lang } = useI18n()
  const submit = useSubmit()
  const [filling, setFilling] = useState(false)
  const part = (name: string) => twin.submodels.find((s) => s.computed && partOf(s.id) === name)
  const plate = part('nameplate')
  const known = ['nameplate', 'technical-data', 'carbon-footprint', 'time-series']
  const others = twin.submodels.filter((s) => !s.computed || !known.includes(partOf(s.id)))
  return (
    <>
      <PageHead
        title={t('twin.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: n(machine.name), to: at(`m/${machine.id}`) },
        ]}
      >
        <a href={`${base}/twins/${twin.thing}/thing-description`} download={`${fileName(n(machine.name))}.td.json`}>
          {t('twin.describe')}
        </a>
        <Button
          icon={<DownloadOutlined aria-hidden />}
          loading={submit.busy}
          onClick={() =>
            void submit.run(async () => save(await download(twin, lang), `${fileName(n(machine.name))}.aasx`))
          }
        >
          {t('twin.download')}
        </Button>
        {plate && may('configure') && (
          <Button type="primary" icon={<EditOutlined aria-hidden />} onClick={() => setFilling(true)}>
            {t('twin.fill')}
          </Button>
        )}
      </PageHead>
      {submit.problem && <Fault problem={submit.problem} />}
      <div className="columns">
        <Identity twin={twin} />
        {plate && <Submodel of={plate} title="twin.nameplate" empty="twin.nothingPlate" />}
        <Values machine={machine} />
        {technical(part('technical-data'))}
        {carbon(part('carbon-footprint'))}
        {others.map((s) => (
          <Submodel key={s.id} of={s} title="twin.other" name={s.idShort} />
        ))}
        <History thing={twin.thing} />
      </div>
      {filling && plate && <FillDialog twin={twin} plate={plate} close={() => setFilling(false)} />}
    </>
  )
}

const technical = (of?: TwinSubmodel) => of && <Submodel of={of} title="twin.technical" />
const carbon = (of?: TwinSubmodel) => of && <Submodel of={of} title="twin.carbon" empty="twin.nothingCarbon" />

const fileName = (name: string) => name.replace(/[\\/:*?"<>|\s]+/g, '_')

function Identity({ twin }: { twin: Twin }) {
  const { t } = useI18n()
  return (
    <section className="panel" aria-label={t('twin.identity')}>
      <header>
        <h2>{t('twin.identity')}</h2>
      </header>
      <dl className="twin-ids">
        <dt>{t('twin.shell')}</dt>
        <dd>
          <code>{twin.id}</code>
        </dd>
        {twin.assetIds.map((a) => (
          <IdLine key={`${a.name} ${a.value}`} name={a.name} value={a.value} />
        ))}
      </dl>
    </section>
  )
}

function IdLine({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {value.startsWith('https://') ? (
          <a href={value} target="_blank" rel="noopener noreferrer">
            {value}
          </a>
        ) : (
          <code>{value}</code>
        )}
      </dd>
    </>
  )
}

/** Submodel is the values of one submodel, line by line. */
function Submodel({ of, title, name, empty }: { of: TwinSubmodel; title: Key; name?: string; empty?: Key }) {
  const { t, lang } = useI18n()
  const all = lines(of.value, lang)
  const label = name ? `${t(title)}: ${name}` : t(title)
  const word = (path: string) => (isPlateWord(path) ? t(`twin.plate.${path}`) : path)
  return (
    <section className="panel" aria-label={label}>
      <header>
        <h2>{label}</h2>
        <span className="muted">
          {of.at
            ? t('twin.filledBy', { who: of.by ?? '', time: dateTime(millis(of.at)) })
            : of.computed && t('twin.fromPlant')}
        </span>
      </header>
      {all.length === 0 ? (
        <Blank title={t('twin.nothing')}>{empty && t(empty)}</Blank>
      ) : (
        <DataTable label={label} className="cards roomy" columns={['twin.name', 'twin.value']} height={420}>
          <tbody>
            {all.map((l) => (
              <tr key={l.path}>
                <th scope="row" className="twin-path">
                  {word(l.path)}
                </th>
                <td data-label={t('twin.value')} className="twin-path">
                  {l.value}
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}

/** What stands on a nameplate and has a word of its own; other values go by the name that the template gives them. */
const plateWords = [
  ...(Object.keys(plateFields) as PlateField[]),
  'ManufacturerName',
  'ManufacturerProductDesignation',
  'ManufacturerProductType',
] as const

const isPlateWord = (path: string): path is (typeof plateWords)[number] =>
  (plateWords as readonly string[]).includes(path)

function Values({ machine }: { machine: Machine }) {
  const { t } = useI18n()
  useWant(undefined, machine.id)
  useSeed(useLatest({ machine: machine.id }).data)
  const now = useSecond()
  return (
    <section className="panel" aria-label={t('twin.live')}>
      <header>
        <h2>{t('twin.live')}</h2>
      </header>
      {machine.points.length === 0 ? (
        <Blank title={t('twin.noPoints')} />
      ) : (
        <DataTable
          label={t('twin.live')}
          className="cards"
          columns={['twin.point', { num: 'twin.value' }, 'twin.state', 'twin.when']}
          height={420}
        >
          <tbody>
            {machine.points.map((p) => (
              <Value key={p.id} point={p} now={now} />
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}

function Value({ point, now }: { point: Point; now: number }) {
  const { t, n } = useI18n()
  const live = useLiveValue(point.id)
  const text = useValueText()
  const sample = live?.sample
  const unit = readableUnit(point.unit)
  return (
    <tr>
      <th scope="row">{n(point.name)}</th>
      <td data-label={t('twin.value')} className="num">
        {sample ? `${text(point, sample.value)}${unit ? ` ${unit}` : ''}` : '–'}
      </td>
      <td data-label={t('twin.state')}>
        <StateMark state={stateAt(live, durationMillis(point.maxSilence), now)} word />
      </td>
      <td data-label={t('twin.when')}>{sample ? dateTimeMillis(millis(sample.time)) : '–'}</td>
    </tr>
  )
}

function History({ thing }: { thing: string }) {
  const { t } = useI18n()
  const versions = useTwinVersions(thing)
  const word = (id: string) => t(`twin.part.${partOf(id)}` as Key)
  return (
    <section className="panel" aria-label={t('twin.history')}>
      <header>
        <h2>{t('twin.history')}</h2>
      </header>
      {versions.error && <Fault problem={versions.error} retry={() => void versions.refetch()} />}
      {versions.isLoading && <Bones rows={3} />}
      {versions.data?.length === 0 && <Blank title={t('twin.noHistory')}>{t('twin.noHistoryHelp')}</Blank>}
      {versions.data && versions.data.length > 0 && (
        <DataTable
          label={t('twin.history')}
          className="cards roomy"
          columns={['twin.what', { num: 'twin.version' }, 'twin.when', 'twin.who', 'twin.why']}
        >
          <tbody>
            {versions.data.map((v) => (
              <tr key={`${v.id} ${v.version}`}>
                <th scope="row">
                  {word(v.id)}
                  {v.deleted && <span className="tag">{t('twin.deleted')}</span>}
                </th>
                <td data-label={t('twin.version')} className="num">
                  {v.version}
                </td>
                <td data-label={t('twin.when')}>{dateTime(millis(v.at))}</td>
                <td data-label={t('twin.who')}>{v.by.name}</td>
                <td data-label={t('twin.why')}>{v.reason || '–'}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  )
}
