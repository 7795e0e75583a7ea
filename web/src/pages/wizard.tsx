import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link, useNavigate } from 'react-router'

import { get, patch } from '../api/client'
import { keys, useDrivers, useGateways, usePlant, useTemplates } from '../api/queries'
import type { Driver, Gateway, GatewayLink, PlantNode, Text } from '../api/types'
import { useHere } from '../app/org'
import { configOf, isSchema } from '../connect/schema'
import { useI18n } from '../i18n'
import { useRefreshed, useWant } from '../live/live'
import { pathTo } from '../plant/tree'
import { useConfirm } from '../ui/confirm'
import { GatewayMark } from '../ui/marks'
import { PageHead } from '../ui/page'
import { Blank, Bones, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { useAttempt, type Via } from '../wizard/ask'
import {
  emptyDraft,
  pointsOf,
  protocolName,
  throughGateway,
  useDraft,
  chosen,
  type Draft,
  type PartNumber,
  type Template,
} from '../wizard/draft'
import { Part } from '../wizard/part'
import { Place } from '../wizard/place'
import { stepsOf, type StepName } from '../wizard/save'
import { Try } from '../wizard/try'
import { What } from '../wizard/what'
import { Where } from '../wizard/where'
import '../wizard/wizard.css'

export function WizardPage() {
  const { org, at, may } = useHere()
  const { t } = useI18n()
  useWant(org.id)
  const drivers = useDrivers()
  const gateways = useGateways(org.id)
  const plant = usePlant(org.id)
  if (!may('configure')) {
    return (
      <>
        <Head />
        <section className="panel" aria-label={t('wizard.title')}>
          <Blank title={t('wizard.mayNot')} actions={<Link to={at()}>{t('nav.overview')}</Link>}>
            {t('wizard.mayNotHelp')}
          </Blank>
        </section>
      </>
    )
  }
  if (drivers.data && gateways.data && plant.data) {
    return <Wizard key={org.id} drivers={drivers.data} gateways={gateways.data} nodes={plant.data} />
  }
  const failed = [drivers, gateways, plant].find((q) => q.error)
  return (
    <>
      <Head />
      <section className="panel" aria-label={t('wizard.title')}>
        {failed?.error ? <Fault problem={failed.error} retry={() => void failed.refetch()} /> : <Bones rows={8} />}
      </section>
    </>
  )
}

function Head({ again }: { again?: () => void }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  return (
    <PageHead title={t('wizard.title')} crumbs={[{ label: n(org.name), to: at() }]}>
      {again && <Button onClick={again}>{t('wizard.again')}</Button>}
    </PageHead>
  )
}

function Wizard({ drivers, gateways, nodes }: { drivers: Driver[]; gateways: Gateway[]; nodes: PlantNode[] }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const secrets = useMemo(() => drivers.flatMap((d) => d.secrets ?? []), [drivers])
  const [draft, set, clear] = useDraft(org.id, secrets)
  const attempt = useAttempt()
  const saving = useSubmit()
  const approving = useSubmit()
  const [doing, setDoing] = useState<StepName>()
  const template = useQuery({
    queryKey: ['template', draft.template],
    queryFn: ({ signal }) => get<Template>(`/templates/${draft.template ?? ''}`, {}, signal),
    enabled: draft.template !== undefined,
    staleTime: 300_000,
  })
  const summaries = useTemplates()
  const kind = template.data
  // The only gateway need not be chosen.
  const gateway = gateways.find((g) => g.id === draft.gateway) ?? (gateways.length === 1 ? gateways[0] : undefined)
  const link = gateway?.links.find((l) => l.id === draft.link)
  const points = useMemo(
    () => pointsOf({ changes: draft.changes, added: draft.added }, kind),
    [draft.changes, draft.added, kind],
  )
  const schema = drivers.find((d) => d.name === draft.driver)?.schema
  const viaOf = (d: Pick<Draft, 'config' | 'unit' | 'link'>): Via => ({
    gateway: gateway?.id ?? '',
    link: d.link,
    driver: draft.driver ?? '',
    config: isSchema(schema) ? configOf(schema, d.config) : d.config,
    unit: d.unit,
  })
  // A link that somebody has removed meanwhile is none.
  const via = viaOf({ ...draft, link: link?.id })
  const open = (part: PartNumber) => set((d) => ({ ...d, part, reached: part > d.reached ? part : d.reached }))
  const base = draft.name ?? kind?.name ?? {}
  const name: Text = draft.name ? base : unlike(base, nodes)
  const endpoint = Object.values(via.config).find((v) => typeof v === 'string') ?? ''
  // The draft's own new places, or those of a plant that has none yet.
  const anew =
    draft.parent === 'new' ||
    (!draft.parent && (draft.made.site !== undefined || nodes.every((x) => x.kind === 'machine')))
  const onlyPlace = nodes.filter((x) => x.kind !== 'machine')
  const parent = draft.parent ?? (onlyPlace.length === 1 && !anew ? onlyPlace[0]?.id : undefined)
  const written = {
    site: draft.places?.site ?? t('wizard.firstSite'),
    area: draft.places?.area,
    line: draft.places?.line,
  }
  const places = anew ? placesOf(written, t('wizard.firstSite')) : {}
  const order = {
    org: org.id,
    draft: { ...draft, parent, link: link?.id },
    gateway: gateway?.id ?? '',
    linkName: `${protocolName(draft.driver)} ${endpoint}`.slice(0, 120),
    config: via.config,
    name: { zh: name.zh?.trim() || name.en?.trim(), en: name.en?.trim() || name.zh?.trim() },
    places,
  }
  const steps = stepsOf(order)
  const save = () =>
    saving.run(async () => {
      // What is preselected now may not be, once there is more in the plant.
      if (!anew) set({ parent })
      let made = draft.made
      const told = (now: typeof made) => {
        made = now
        set({ made: now })
      }
      for (const step of steps) {
        if (step.done(made)) continue
        setDoing(step.name)
        told(await step.run(made, told))
        if (step.name === 'link') {
          await refreshed(keys.gateways(org.id))
          set({ link: made.link })
        }
      }
      const { machine = '' } = made
      await refreshed(
        keys.plant(org.id),
        keys.series(org.id),
        keys.latest(org.id),
        keys.gateways(org.id),
        keys.connection(machine),
      )
      clear()
      await navigate(at(`m/${machine}`))
    })
  const approve = (fingerprint: string) =>
    approving.run(async () => {
      if (link) {
        const config = { ...(link.config as Record<string, unknown>), serverFingerprint: fingerprint }
        await patch<GatewayLink>(`/links/${link.id}`, { config }, link.etag)
        await refreshed(keys.gateways(org.id), ['browse'])
        if (points.length > 0) await attempt.run(via, points)
        return
      }
      const config = { ...draft.config, serverFingerprint: fingerprint }
      set({ config })
      if (points.length > 0) await attempt.run(viaOf({ ...draft, config }), points)
    })
  const again = () => {
    const { made } = draft
    const begin = () => {
      clear()
      attempt.clear()
      saving.clear()
    }
    if (draft.reached < 3 && !made.site && !made.machine) begin()
    else
      confirm({
        title: t('wizard.againAsk'),
        text: made.site || made.machine ? t('wizard.againMade') : t('wizard.againText'),
        ok: t('wizard.again'),
        work: () => Promise.resolve(begin()),
      })
  }
  const summary = summaries.data?.find((x) => x.id === draft.template)
  const what = draft.driver
    ? [(kind ?? summary) ? n((kind ?? summary)?.name) : t('wizard.noTemplateChosen'), protocolName(draft.driver)].join(
        ' · ',
      )
    : undefined
  const good = points.filter((p) => attempt.results.get(p.key)?.status.class === 'good').length
  const part = (number: PartNumber) => ({
    number,
    open: draft.part === number,
    reachable: number <= draft.reached,
    done: number < draft.reached,
    onOpen: () => open(number),
  })
  const where = pathTo(nodes, parent ?? '').map((p) => n(p.name))
  return (
    <>
      <Head again={draft === emptyDraft ? undefined : again} />
      <div className="wizard">
        <Part {...part(1)} title={t('wizard.what')} summary={what}>
          <What
            draft={draft}
            choose={(driver, taken) => {
              attempt.clear()
              set((d) => chosen(d, driver, taken))
            }}
            next={() => open(2)}
          />
        </Part>
        <Part
          {...part(2)}
          title={t('wizard.where')}
          summary={
            draft.reached >= 2 && gateway ? (
              <>
                {n(gateway.name)} <GatewayMark state={gateway.state} />
                {' · '}
                {(link && (n(link.name) || link.endpoint)) ?? endpoint}{' '}
                {draft.driver === 'modbus' && draft.unit && t('wizard.unitOf', { unit: draft.unit })}
              </>
            ) : undefined
          }
        >
          {throughGateway(draft.driver) && (
            <Where
              draft={draft}
              set={set}
              template={kind}
              gateways={gateways}
              gateway={gateway}
              next={(given) => {
                set((d) => ({ ...d, ...given, gateway: gateway?.id, part: 3, reached: d.reached > 3 ? d.reached : 3 }))
                if (points.length > 0) void attempt.run(viaOf(given), points)
              }}
            />
          )}
        </Part>
        <Part
          {...part(3)}
          title={t('wizard.try')}
          summary={attempt.results.size > 0 ? t('wizard.readResult', { n: good, all: points.length }) : undefined}
        >
          {draft.template && !kind ? (
            template.error ? (
              <Fault problem={template.error} retry={() => void template.refetch()} />
            ) : (
              <Bones rows={6} />
            )
          ) : (
            <>
              <Try
                draft={draft}
                set={set}
                via={via}
                points={points}
                given={kind?.points ?? []}
                online={gateway?.state === 'online'}
                attempt={attempt}
                approve={(fingerprint) => void approve(fingerprint)}
                next={() => open(4)}
              />
              {approving.problem && <Fault problem={approving.problem} />}
            </>
          )}
        </Part>
        <Part
          {...part(4)}
          title={t('wizard.name')}
          summary={draft.reached === 4 ? [n(name), ...where].filter(Boolean).join(' · ') : undefined}
        >
          <Place
            draft={draft}
            set={set}
            nodes={nodes}
            parent={parent}
            anew={anew}
            name={name}
            steps={steps}
            doing={doing}
            submit={saving}
            ready={gateway !== undefined}
            save={() => void save()}
          />
        </Part>
      </div>
    </>
  )
}

/** placesOf names the places to make; the untouched default has its name in both languages. */
function placesOf(
  written: { site?: string; area?: string; line?: string },
  first: string,
): Partial<Record<'site' | 'area' | 'line', Text>> {
  const out: Partial<Record<'site' | 'area' | 'line', Text>> = {}
  for (const level of ['site', 'area', 'line'] as const) {
    const text = written[level]?.trim()
    if (!text) continue
    out[level] = level === 'site' && text === first ? { zh: '一厂', en: 'Plant 1' } : { zh: text, en: text }
  }
  return out
}

/** unlike numbers a name that a machine has already. */
function unlike(name: Text, nodes: PlantNode[]): Text {
  const taken = (x: Text) =>
    nodes.some((m) => m.kind === 'machine' && ((x.zh && m.name.zh === x.zh) || (x.en && m.name.en === x.en)))
  if (!taken(name)) return name
  for (let i = 2; ; i++) {
    const next = { zh: name.zh && `${name.zh} ${i}`, en: name.en && `${name.en} ${i}` }
    if (!taken(next)) return next
  }
}
