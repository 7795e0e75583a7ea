import { DownloadOutlined, EnvironmentOutlined, FundProjectionScreenOutlined } from '@ant-design/icons'
import { App, Button, Dropdown, Input, Select } from 'antd'
import { useRef, useState } from 'react'
import { Link, useSearchParams } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { AsOf, AsSeen } from '../figures/asof'
import { download } from '../files/transfer'
import { date } from '../format/time'
import { useI18n } from '../i18n'
import { useWays } from '../join/queries'
import { Bullets } from '../region/bullets'
import { CourseChart } from '../region/course'
import {
  useCourse,
  useGrids,
  useKeptFirms,
  useMap,
  useRegion,
  type Actual,
  type RegionFigures,
} from '../region/figures'
import { Computed, KeptPanel } from '../region/kept'
import { LeagueTable } from '../region/leaguetable'
import { MapDialog } from '../region/mapdialog'
import type { Framing } from '../region/picture'
import { PictureMenu } from '../region/picturemenu'
import { divisionsOf, figurePath, firmsOf, keptFirmsOf, placesOf } from '../region/places'
import { RegionMap } from '../region/tilemap'
import { Clause, StatusTag, until, wanted } from '../targets/parts'
import type { Status } from '../targets/queries'
import { Figure } from '../ui/figure'
import { PageHead } from '../ui/page'
import { Answer, Blank, Bones, Fault } from '../ui/states'
import '../fields/fields.css'
import '../region/region.css'
import '../targets/targets.css'

const statuses: Status[] = ['reached', 'on-track', 'behind', 'overdue', 'open', 'measured', 'no-value']

/** RegionPage is the home of a region: its targets against what is so, place by place, over time, with league tables. */
export function RegionPage() {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const { message } = App.useApp()
  const [params, setParams] = useSearchParams()
  // eslint-disable-next-line react-hooks/purity -- the day on which the page is opened
  const today = date(Date.now())
  const on = params.get('on') ?? today
  const asked = params.get('region') ?? ''
  const asOf = params.get('asOf') ?? ''
  const set = (key: string, value: string) =>
    setParams(
      (p) => {
        if (value) p.set(key, value)
        else p.delete(key)
        return p
      },
      { replace: true },
    )
  const { targets, figures, refused } = useRegion(asked, org, on, asOf)
  const { region, kept } = figures
  const name = n(figures.regions.find((r) => r.code === region)?.name) || region
  const give = async (format: string) => {
    try {
      const of = kept ? { kept: 'true', ...(asOf && { asOf }) } : {}
      const file = await download('/region-report', { org: org.id, region, on, format, ...of }, lang)
      void message.success(t('files.saved', { name: file }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead title={t('region.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        <Select
          className="pick"
          aria-label={t('region.pick')}
          style={{ minWidth: 120 }}
          value={region || undefined}
          onChange={(v) => set('region', v)}
          options={figures.regions.map((r) => ({ value: r.code, label: n(r.name) }))}
        />
        <Input
          type="date"
          aria-label={t('targets.on')}
          title={t('targets.onHelp')}
          value={on}
          max={today}
          style={{ width: 'auto' }}
          onChange={(e) => set('on', e.target.value === today ? '' : e.target.value)}
        />
        {kept && <AsOf value={asOf} onChange={(v) => set('asOf', v)} />}
        <Dropdown
          trigger={['click']}
          disabled={!region}
          menu={{
            items: [
              { key: 'pdf', label: t('region.reportPdf') },
              { key: 'xlsx', label: t('region.reportXlsx') },
            ],
            onClick: ({ key }) => void give(key),
          }}
        >
          <Button icon={<DownloadOutlined aria-hidden />}>{t('region.report')}</Button>
        </Dropdown>
        <Link
          to={`/wall?org=${org.id}&region=${region}&on=${on}${kept && asOf ? `&asOf=${encodeURIComponent(asOf)}` : ''}`}
          className="only-wide"
        >
          <FundProjectionScreenOutlined aria-hidden /> {t('region.wall')}
        </Link>
      </PageHead>
      {kept && <AsSeen of={asOf} />}
      {figures.adopts === undefined ? (
        <Bones rows={10} />
      ) : (
        <Answer
          query={targets}
          rows={10}
          empty={(list) =>
            list.length === 0 && (
              <Blank title={t(kept && asOf ? 'region.noneThen' : 'targets.none')}>{t('targets.noneHelp')}</Blank>
            )
          }
        >
          {() => (
            <div className="stack">
              {!kept && <Computed adopts={figures.adopts === true} />}
              <Counters figures={figures} />
              {refused && <Fault problem={refused} />}
              <Region key={`${region} ${on}`} region={region} name={name} on={on} asOf={asOf} figures={figures} />
            </div>
          )}
        </Answer>
      )}
    </>
  )
}

function Counters({ figures: f }: { figures: RegionFigures }) {
  const { t } = useI18n()
  const list = [...f.progress.values()]
  return (
    <section className="panel" aria-label={t('targets.total')}>
      <dl className="figures dense counters">
        <Figure word="targets.total">{f.targets.length}</Figure>
        {statuses.map((s) => {
          const count = list.filter((x) => x.status === s).length
          return count > 0 ? (
            <div key={s}>
              <dt>{t(`targets.state.${s}`)}</dt>
              <dd>{count}</dd>
            </div>
          ) : null
        })}
        {f.done < f.asked && (
          <div role="status" className="muted small">
            {t('targets.working', { done: f.done, all: f.asked })}
          </div>
        )}
      </dl>
    </section>
  )
}

function Region({
  region,
  name,
  on,
  asOf,
  figures: f,
}: {
  region: string
  name: string
  on: string
  asOf: string
  figures: RegionFigures
}) {
  const { at } = useHere()
  const { t, n } = useI18n()
  const [picked, setPicked] = useState<string>()
  const all = f.targets.flatMap((x) => f.progress.get(x.id) ?? [])
  const known = all.filter((x) => x.number)
  const without = all.filter((x) => !x.number)
  // What can be shown place by place comes first to the eye.
  const shown = known.find((x) => x.id === picked) ?? known.find((x) => x.divisions.length > 0) ?? known[0]
  return (
    <>
      {known.length === 0 && f.done === f.asked && f.asked > 0 && (
        <section className="panel" aria-label={t('region.targets')}>
          <Blank title={t('region.noneKnown')} actions={<Link to={at(`targets?on=${on}`)}>{t('targets.title')}</Link>}>
            {t('region.noneKnownHelp')}
          </Blank>
        </section>
      )}
      {shown && (
        <div className="columns regionpage">
          <section className="panel" aria-label={t('region.targets')}>
            <header>
              <h2>{t('region.targets')}</h2>
              <span className="tag">{name}</span>
            </header>
            <Bullets label={t('region.targets')} list={known} on={on} asOf={asOf} picked={shown.id} pick={setPicked} />
          </section>
          <Picked key={shown.id} region={region} name={name} on={on} asOf={asOf} of={shown} kept={f.kept} />
        </div>
      )}
      {without.length > 0 && (
        <details className="quoted panel">
          <summary className="body">{t('region.without', { n: without.length })}</summary>
          <div className="body">
            <p className="muted">{t('region.withoutHelp')}</p>
            <ul className="quiet">
              {without.map((x) => (
                <li key={x.id}>
                  <Link to={at(x.figure ? figurePath(x.figure, asOf) : `targets/${x.id}?on=${on}`)}>{n(x.name)}</Link>{' '}
                  <span className="muted small">{n(x.reasonText)}</span>
                </li>
              ))}
            </ul>
          </div>
        </details>
      )}
    </>
  )
}

/** Picked is one target: where, over time, who leads, and what the policy says. */
function Picked({
  region,
  name,
  on,
  asOf,
  of: x,
  kept,
}: {
  region: string
  name: string
  on: string
  asOf: string
  of: Actual
  kept: boolean
}) {
  const { org, at, may } = useHere()
  const i18n = useI18n()
  const { t, n } = i18n
  const grids = useGrids()
  const map = useMap(org.id, region)
  const course = useCourse(x.id, org.id, on, !kept)
  const drawn = kept ? x : course.data
  const demo = useWays().data?.demo
  const grid = grids.data?.find((g) => g.region === region)
  const [loading, setLoading] = useState(false)
  const [mapSvg, courseSvg] = [useRef<SVGSVGElement>(null), useRef<SVGSVGElement>(null)]
  const framing = (notes: string[]): Framing => ({
    title: `${name} · ${n(x.name)}`,
    words: `${wanted(x, i18n)} ${until(x, i18n)} · ${t('region.asOf', { day: on, period: x.period.label })}`,
    notes: [...notes, t('region.by', { name: n(org.name) })],
    mark: demo ? t('region.demo') : undefined,
  })
  const divisions = placesOf(x, grid, n)
  const keptFirms = useKeptFirms(x.figure, asOf)
  const firms = kept ? keptFirmsOf(x, keptFirms.data?.list ?? [], n) : firmsOf(x, n)
  return (
    <div className="stack">
      {kept && <KeptPanel of={x} asOf={asOf} />}
      <section className="panel" aria-label={t('region.map')}>
        <header>
          <h2>{t('region.map')}</h2>
          <StatusTag status={x.status} />
          <div className="actions">
            {may('configure') && (
              <Button size="small" icon={<EnvironmentOutlined aria-hidden />} onClick={() => setLoading(true)}>
                {t('region.mapButton')}
              </Button>
            )}
            {(grid ?? map) && x.divisions.length > 0 && (
              <PictureMenu
                svg={mapSvg}
                name={`${x.id}-${region}`}
                framing={framing([
                  map ? t('region.review', { number: map.review, source: map.source }) : t('region.schematic'),
                ])}
              />
            )}
          </div>
        </header>
        <div className="body">
          <p className="muted small">{n(x.name)}</p>
          {x.divisions.length === 0 ? (
            <p className="muted">{t(divisionsOf(x) === 'change' ? 'region.noMapChange' : 'region.noMap')}</p>
          ) : (grid ?? map) ? (
            <RegionMap
              label={`${t('region.map')}: ${n(x.name)}`}
              grid={grid}
              map={map}
              divisions={x.divisions}
              svg={mapSvg}
            />
          ) : (
            grids.data && <p className="muted">{t('region.noGrid')}</p>
          )}
        </div>
      </section>
      <section className="panel" aria-label={t('region.course')}>
        <header>
          <h2>{t('region.course')}</h2>
          <div className="actions">
            {drawn && <PictureMenu svg={courseSvg} name={`${x.id}-course`} framing={framing([])} />}
          </div>
        </header>
        <div className="body">
          {drawn ? (
            <>
              <CourseChart of={drawn} svg={courseSvg} />
              {!drawn.path && drawn.noPath && (
                <p className="muted small">
                  {t('region.path')}: {n(drawn.noPath)}
                </p>
              )}
              {!drawn.forecast && drawn.noForecast && (
                <p className="muted small">
                  {t('region.forecast')}: {n(drawn.noForecast)}
                </p>
              )}
            </>
          ) : (
            <Answer query={course} rows={4}>
              {() => null}
            </Answer>
          )}
        </div>
      </section>
      {divisions.length > 0 && (
        <section className="panel" aria-label={t('region.divisions')}>
          <header>
            <h2>{t('region.divisions')}</h2>
          </header>
          <LeagueTable label={t('region.divisions')} list={divisions} />
        </section>
      )}
      {firms.length > 0 && (
        <section className="panel" aria-label={t('region.firms')}>
          <header>
            <h2>{t('region.firms')}</h2>
          </header>
          <LeagueTable
            label={t('region.firms')}
            list={firms}
            most={20}
            link={(f) => <Link to={at(`registers/enterprises/${f.key}`)}>{f.name}</Link>}
          />
        </section>
      )}
      {keptFirms.data?.many && <p className="muted small">{t('region.tooMany')}</p>}
      <section className="panel" aria-label={t('targets.clause')}>
        <div className="body">
          <Clause of={x} open />
        </div>
      </section>
      {loading && <MapDialog region={region} name={name} map={map} close={() => setLoading(false)} />}
    </div>
  )
}
