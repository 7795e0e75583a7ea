import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'

import { useMe, useOrgs } from '../api/queries'
import { HereProvider, lastOrg, useHere, type Here } from '../app/org'
import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useWays } from '../join/queries'
import { useSecond } from '../live/clock'
import { Bullet } from '../region/bullets'
import { CourseChart } from '../region/course'
import { keptKeys, useCourse, useGrids, useMap, useRegion, type Actual } from '../region/figures'
import { league } from '../region/league'
import { placesOf } from '../region/places'
import { RegionMap } from '../region/tilemap'
import { leaves, stands, type Leaf } from '../region/wall'
import { Coverage, Gap, Grading, Num, StatusTag, until, wanted } from '../targets/parts'
import type { Progress } from '../targets/queries'
import { setPreferences } from '../ui/preferences'
import { allowed } from '../ui/role'
import { Blank, Bones, Fault } from '../ui/states'
import '../region/region.css'
import '../region/wall.css'
import '../targets/targets.css'

/** How often the wall asks anew, ms. */
const refresh = 5 * 60_000

/** WallPage is a region's figures for a wall: it fills the screen, turns its pages by itself and is worked by keys. */
export function WallPage() {
  const [params] = useSearchParams()
  const me = useMe()
  const orgs = useOrgs()
  const { t } = useI18n()
  const asked = params.get('org') ?? lastOrg()
  const org = orgs.data?.find((o) => o.id === asked) ?? orgs.data?.find((o) => o.home) ?? orgs.data?.[0]
  const here = useMemo<Here | undefined>(() => {
    if (!org || !orgs.data || !me.data) return undefined
    const [mine, every] = [me.data, orgs.data]
    return {
      org,
      orgs: every,
      me: mine,
      may: (doing) => allowed(mine, every, org.id, doing),
      at: (path = '') => `/o/${org.id}${path && `/${path}`}`,
    }
  }, [org, orgs.data, me.data])
  const problem = me.error ?? orgs.error
  return (
    <main className="wall">
      {here ? (
        <HereProvider value={here}>
          <Wall />
        </HereProvider>
      ) : problem && problem.status !== 401 ? (
        <Fault problem={problem} retry={() => location.reload()} />
      ) : orgs.data && me.data ? (
        <Blank page title={t('org.none')}>
          {t('org.noneHelp')}
        </Blank>
      ) : (
        <Bones rows={8} />
      )}
    </main>
  )
}

function Wall() {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const [params] = useSearchParams()
  const client = useQueryClient()
  const navigate = useNavigate()
  useSecond()
  // eslint-disable-next-line react-hooks/purity -- the wall's clock is this computer's, once a second
  const now = Date.now()
  const on = params.get('on') ?? date(now)
  const asOf = params.get('asOf') ?? ''
  const { targets, figures: f, refused } = useRegion(params.get('region') ?? '', org, on, asOf)
  const region = f.region
  const failed = refused ?? targets.error
  const name = n(f.regions.find((r) => r.code === region)?.name)
  const demo = useWays().data?.demo
  const pages = leaves(f.targets.flatMap((x) => f.progress.get(x.id) ?? []))
  const [page, setPage] = useState(0)
  const [paused, setPaused] = useState(false)
  const nth = pages.length > 0 ? ((page % pages.length) + pages.length) % pages.length : 0
  const leaf = pages[nth]
  useEffect(() => {
    document.title = `${name} · ${t('region.wallTitle')}`
  }, [name, t])
  useEffect(() => {
    if (paused || pages.length < 2) return
    const turn = setTimeout(() => setPage(nth + 1), stands)
    return () => clearTimeout(turn)
  }, [paused, pages.length, nth])
  useEffect(() => {
    const again = setInterval(() => {
      void client.invalidateQueries({ queryKey: ['target'] })
      void client.invalidateQueries({ queryKey: keptKeys.targets() })
    }, refresh)
    return () => clearInterval(again)
  }, [client])
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return
      const does: Record<string, () => void> = {
        ' ': () => setPaused(!paused),
        ArrowRight: () => setPage(nth + 1),
        ArrowLeft: () => setPage(nth - 1),
        f: () => void fill().catch(() => undefined),
        l: () => setPreferences({ lang: lang === 'en' ? 'zh' : 'en' }),
        // The browser takes the first Escape itself where the screen is filled.
        Escape: () => void navigate(at(`region?region=${region}`)),
      }
      const act = does[e.key.length === 1 ? e.key.toLowerCase() : e.key]
      if (!act) return
      e.preventDefault()
      act()
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [paused, nth, lang, navigate, at, region])
  const known = [...f.progress.values()].filter((x) => x.number).length
  return (
    <>
      <header>
        <h1>
          {name} <small>{t('region.wallTitle')}</small>
        </h1>
        {demo && <strong className="demomark">{t('region.demo')}</strong>}
        <time>{dateTime(now)}</time>
      </header>
      <section
        className="leaf"
        aria-label={leafName(leaf, t('region.targets'), n)}
        aria-live="off"
        data-leaf={leaf?.kind}
      >
        {leaf?.kind === 'list' && <List list={leaf.list} />}
        {leaf?.kind === 'one' && <One key={leaf.of.id} of={leaf.of} region={region} on={on} kept={f.kept} />}
        {!leaf &&
          (failed ? (
            <Fault problem={failed} />
          ) : f.done < f.asked || targets.isPending || f.adopts === undefined ? (
            <p className="nothing">{t('region.wallWaiting', { done: f.done, all: f.asked })}</p>
          ) : (
            <p className="nothing">{t('region.wallNothing')}</p>
          ))}
      </section>
      <footer>
        <span>{n(org.name)}</span>
        <span>{t('region.wallOf', { known, all: f.targets.length })}</span>
        {f.since !== undefined && (
          <span>{t(f.kept ? 'region.wallKept' : 'region.wallFresh', { at: dateTime(f.since) })}</span>
        )}
        {f.kept && asOf && <span className="stale">{t('region.wallThen', { at: dateTime(millis(asOf)) })}</span>}
        {leaf && refused && <span className="stale">{t('region.wallStale')}</span>}
        <span className="keys">
          <Link to={at(`region?region=${region}`)}>{t('region.title')}</Link> {t('region.wallKeys')}
        </span>
        <span className="page">
          {paused && t('region.wallPaused')}{' '}
          {pages.length > 0 && t('region.wallPage', { n: nth + 1, of: pages.length })}
        </span>
      </footer>
    </>
  )
}

/** fill takes the whole screen, or gives it back. */
const fill = () =>
  document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()

const leafName = (leaf: Leaf | undefined, list: string, n: (x: Progress['name']) => string) =>
  leaf?.kind === 'one' ? n(leaf.of.name) : list

function List({ list }: { list: Progress[] }) {
  const i18n = useI18n()
  const { t, n } = i18n
  return (
    <ol className="wallist">
      {list.map((x) => (
        <li key={x.id}>
          <span className="what">
            {n(x.name)}
            <small>
              {wanted(x, i18n)} {until(x, i18n)}
            </small>
          </span>
          <span className="now">
            <Num of={x.number} />
            <Bullet of={x} />
          </span>
          <span className="how">
            <StatusTag status={x.status} />
            <small>
              {x.period.label} <Coverage of={x.coverage} alone={x.indicator.of === 'region'} />{' '}
              <span title={t('targets.gradeHelp')}>
                <Grading grade={x.grade} />
              </span>
            </small>
          </span>
        </li>
      ))}
    </ol>
  )
}

function One({ of: x, region, on, kept }: { of: Actual; region: string; on: string; kept: boolean }) {
  const { org } = useHere()
  const i18n = useI18n()
  const { t, n, lang } = i18n
  const worked = useCourse(x.id, org.id, on, !kept).data
  const course = kept ? x : worked
  const grid = useGrids().data?.find((g) => g.region === region)
  const map = useMap(org.id, region)
  const places = league(placesOf(x, grid, n)).filter((p) => p.number)
  const drawn = x.divisions.length > 0 && (grid ?? map)
  return (
    <div className={drawn ? 'wallone' : 'wallone alone'}>
      <div className="head">
        <h2>{n(x.name)}</h2>
        <p className="number">
          <Num of={x.number} /> <StatusTag status={x.status} />
        </p>
        <dl>
          <dt>{t('targets.wanted')}</dt>
          <dd>
            {wanted(x, i18n)} {until(x, i18n)}
          </dd>
          <dt>{t('targets.gap')}</dt>
          <dd>
            <Gap of={x.gap} />
          </dd>
          <dt>{t('targets.period')}</dt>
          <dd>{x.period.label}</dd>
          <dt>{t('targets.coverage')}</dt>
          <dd>
            <Coverage of={x.coverage} alone={x.indicator.of === 'region'} />
          </dd>
          <dt>{t('targets.grade')}</dt>
          <dd>
            <Grading grade={x.grade} />
          </dd>
          {x.at && (
            <>
              <dt>{t('figures.written')}</dt>
              <dd>
                {t('figures.revision', { n: x.revision ?? '' })} <small>{dateTime(millis(x.at))}</small>
              </dd>
            </>
          )}
          {(x.absent?.length ?? 0) > 0 && (
            <>
              <dt>{t('region.sources')}</dt>
              <dd>{x.absent?.map((s) => n(s.name)).join(lang === 'zh' ? '、' : ', ')}</dd>
            </>
          )}
        </dl>
        <blockquote>
          “{x.clause.quote}”
          <cite>
            {x.clause.title} {x.clause.section}
          </cite>
        </blockquote>
      </div>
      {drawn && (
        <div className="where">
          <RegionMap label={`${t('region.map')}: ${n(x.name)}`} grid={grid} map={map} divisions={x.divisions} bare />
        </div>
      )}
      <div className="way">{course ? <CourseChart of={course} bare /> : <Bones rows={3} />}</div>
      {places.length > 1 && (
        <ol className="wallleague">
          {places.slice(0, 6).map((p) => (
            <li key={p.key}>
              <b>{p.rank ?? '–'}</b> <span>{p.name}</span> <Num of={p.number} />
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}
