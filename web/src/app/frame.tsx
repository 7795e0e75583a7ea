import {
  AccountBookOutlined,
  AimOutlined,
  ApartmentOutlined,
  ApiOutlined,
  AuditOutlined,
  BarChartOutlined,
  BarcodeOutlined,
  BellOutlined,
  BookOutlined,
  BranchesOutlined,
  CalendarOutlined,
  CarryOutOutlined,
  ClusterOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  DeploymentUnitOutlined,
  DownOutlined,
  EditOutlined,
  ExperimentOutlined,
  FileDoneOutlined,
  FundOutlined,
  GiftOutlined,
  GlobalOutlined,
  HeartOutlined,
  InboxOutlined,
  KeyOutlined,
  LineChartOutlined,
  MedicineBoxOutlined,
  NumberOutlined,
  PartitionOutlined,
  ReadOutlined,
  RocketOutlined,
  SafetyCertificateOutlined,
  SaveOutlined,
  SearchOutlined,
  SendOutlined,
  SolutionOutlined,
  SwapOutlined,
  TagsOutlined,
  TeamOutlined,
  ThunderboltOutlined,
  TrophyOutlined,
  UserOutlined,
  WarningFilled,
} from '@ant-design/icons'
import { Badge, Button, Dropdown } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link, Outlet, useLocation, useNavigate, useParams } from 'react-router'

import { runsNode } from '../backups/run'
import { useConditions, useMe, useNode, useOrgs } from '../api/queries'
import { zone } from '../format/time'
import { useI18n } from '../i18n'
import { useInboxCount } from '../inbox/queries'
import { useSecond } from '../live/clock'
import { useMyMandates } from '../join/queries'
import { useLive, useStreamStatus } from '../live/live'
import { Weave } from '../ui/marks'
import { allowed } from '../ui/role'
import { Blank, Bones, Fault } from '../ui/states'
import { Finder } from './finder'
import { Navigation, type NavPage } from './navigation'
import { HereProvider, rememberOrg, useHere, type Here } from './org'
import { LanguageTool, ThemeTool, useSignOut } from './tools'

/** Frame is what stands around every page of an organisation. */
export function Frame() {
  const { org: id = '' } = useParams()
  const me = useMe()
  const orgs = useOrgs()
  const { t } = useI18n()
  const org = orgs.data?.find((o) => o.id === id)
  useEffect(() => {
    if (org) rememberOrg(org.id)
  }, [org])
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
  if (here) {
    return (
      <HereProvider value={here}>
        <Framed />
      </HereProvider>
    )
  }
  return (
    <main>
      {problem && problem.status !== 401 ? (
        <Fault problem={problem} retry={() => location.reload()} />
      ) : orgs.data && me.data ? (
        <Blank title={t('org.notHere')} actions={<Link to="/">{t('notFound.home')}</Link>}>
          {t('org.notHereHelp')}
        </Blank>
      ) : (
        <Bones rows={8} />
      )}
    </main>
  )
}

function Framed() {
  const { t } = useI18n()
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const first = useRef(true)
  // After a change of page the keyboard and the reader begin at the page, not where the old link was.
  useEffect(() => {
    if (first.current) first.current = false
    else main.current?.focus({ preventScroll: true })
  }, [pathname])
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {t('frame.skip')}
      </a>
      <Bar />
      <LineNotice />
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Foot />
    </div>
  )
}

const when = (there: boolean, page: NavPage): NavPage[] => (there ? [page] : [])

function Bar() {
  const { org, at, may, me, orgs } = useHere()
  const { t } = useI18n()
  const conditions = useConditions(useHere().org.id)
  const count = conditions.data?.length ?? 0
  const signOut = useSignOut()
  const navigate = useNavigate()
  const pages: NavPage[] = [
    { to: at(), label: t('nav.overview'), icon: <DashboardOutlined aria-hidden />, end: true, count },
    { to: at('gateways'), label: t('nav.gateways'), icon: <BranchesOutlined aria-hidden /> },
    { to: at('sources'), label: t('sources.title'), icon: <ApiOutlined aria-hidden /> },
    { to: at('trend'), label: t('trend.title'), icon: <LineChartOutlined aria-hidden /> },
    { to: at('corrections'), label: t('correction.page'), icon: <EditOutlined aria-hidden />, more: 'data' },
    { to: at('health'), label: t('health.title'), icon: <HeartOutlined aria-hidden />, more: 'data' },
    { to: at('energy'), label: t('energy.title'), icon: <ThunderboltOutlined aria-hidden />, more: 'data' },
    { to: at('identifiers'), label: t('identifiers.title'), icon: <NumberOutlined aria-hidden />, more: 'data' },
    { to: at('gs1'), label: t('gs1.title'), icon: <BarcodeOutlined aria-hidden />, more: 'data' },
    { to: at('plant'), label: t('nav.plant'), icon: <ApartmentOutlined aria-hidden /> },
    { to: at('desk'), label: t('cases.desk'), icon: <InboxOutlined aria-hidden />, more: 'desk' },
    { to: at('apply'), label: t('cases.apply'), icon: <SendOutlined aria-hidden />, more: 'services' },
    { to: at('needs'), label: t('needs.nav'), icon: <SwapOutlined aria-hidden />, more: 'services' },
    { to: at('programmes'), label: t('programme.title'), icon: <RocketOutlined aria-hidden />, more: 'services' },
    { to: at('reviews'), label: t('programme.reviews'), icon: <SolutionOutlined aria-hidden />, more: 'desk' },
    { to: at('rounds'), label: t('programme.desk'), icon: <TrophyOutlined aria-hidden />, more: 'desk' },
    { to: at('registers'), label: t('registers.title'), icon: <BookOutlined aria-hidden />, more: 'desk' },
    { to: at('region'), label: t('region.title'), icon: <GlobalOutlined aria-hidden />, more: 'desk' },
    { to: at('targets'), label: t('targets.title'), icon: <AimOutlined aria-hidden />, more: 'desk' },
    { to: at('figures'), label: t('figures.title'), icon: <FundOutlined aria-hidden />, more: 'desk' },
    { to: at('tasks'), label: t('tasks.title'), icon: <CarryOutOutlined aria-hidden />, more: 'desk' },
    { to: at('support'), label: t('support.title'), icon: <GiftOutlined aria-hidden />, more: 'services' },
    { to: at('vouchers'), label: t('support.vouchers'), icon: <TagsOutlined aria-hidden />, more: 'services' },
    { to: at('policies'), label: t('support.library'), icon: <ReadOutlined aria-hidden />, more: 'services' },
    { to: at('ledger'), label: t('ledger.title'), icon: <AccountBookOutlined aria-hidden />, more: 'desk' },
    { to: at('policy-lab'), label: t('support.lab'), icon: <ExperimentOutlined aria-hidden />, more: 'desk' },
    { to: at('facts'), label: t('facts.title'), icon: <FileDoneOutlined aria-hidden />, more: 'desk' },
    { to: at('checkup'), label: t('checkup.title'), icon: <MedicineBoxOutlined aria-hidden />, more: 'services' },
    { to: at('grants'), label: t('grants.title'), icon: <KeyOutlined aria-hidden />, more: 'desk' },
    { to: at('agreements'), label: t('agreements.title'), icon: <PartitionOutlined aria-hidden />, more: 'desk' },
    { to: at('docking'), label: t('docking.title'), icon: <DeploymentUnitOutlined aria-hidden />, more: 'desk' },
    { to: at('scale'), label: t('scale.title'), icon: <BarChartOutlined aria-hidden />, more: 'data' },
    { to: at('calendars'), label: t('calendars.title'), icon: <CalendarOutlined aria-hidden />, more: 'data' },
    { to: at('storage'), label: t('storage.title'), icon: <DatabaseOutlined aria-hidden />, more: 'running' },
    ...when(runsNode(me, orgs), {
      to: at('backups'),
      label: t('backups.title'),
      icon: <SaveOutlined aria-hidden />,
      more: 'running',
    }),
    ...when(org.home === true || runsNode(me, orgs), {
      to: at('neighbours'),
      label: t('neighbours.title'),
      icon: <ClusterOutlined aria-hidden />,
      more: 'running',
    }),
    ...when(org.home ? may('configure') : may('people'), {
      to: at('applications'),
      label: t('join.reviews'),
      icon: <SolutionOutlined aria-hidden />,
      more: 'desk',
    }),
    ...when(org.home ? may('configure') : may('people'), {
      to: at('mandates'),
      label: t('join.mandates'),
      icon: <SafetyCertificateOutlined aria-hidden />,
      more: 'desk',
    }),
    ...when(may('people'), {
      to: at('people'),
      label: t('nav.people'),
      icon: <TeamOutlined aria-hidden />,
      more: 'running',
    }),
    ...when(may('audit'), {
      to: at('audit'),
      label: t('nav.audit'),
      icon: <AuditOutlined aria-hidden />,
      more: 'running',
    }),
  ]
  const [finding, setFinding] = useState(false)
  useFindKey(() => setFinding(true))
  return (
    <>
      <header className="bar">
        <Link to={at()} className="brand" aria-label={`${t('appName')} · ${t('nav.overview')}`}>
          <Weave />
          <span className="only-wide">
            经纬 <small>Jingwei</small>
          </span>
        </Link>
        <OrgSwitch />
        <nav className="only-wide" aria-label={t('nav.label')}>
          <Navigation pages={pages} />
        </nav>
        <div className="tools">
          <button
            type="button"
            className="tool"
            onClick={() => setFinding(true)}
            aria-label={t('find.open')}
            title={t('find.open')}
          >
            <SearchOutlined aria-hidden />
            <kbd className="only-wide" style={{ opacity: 0.7, fontSize: 11 }}>
              /
            </kbd>
          </button>
          <InboxTool />
          <LanguageTool />
          <ThemeTool />
          <Dropdown
            trigger={['click']}
            menu={{
              items: [
                { key: 'account', label: t('account.title') },
                { type: 'divider' },
                { key: 'out', label: t('signOut') },
              ],
              onClick: ({ key }) => {
                if (key === 'out') void signOut()
                else void navigate(at('account'))
              },
            }}
          >
            <button
              type="button"
              className="tool"
              aria-label={t('account.menu', { name: me.person.name || me.person.login })}
            >
              <UserOutlined aria-hidden />
              <span className="cut only-wide" style={{ maxWidth: 110 }}>
                {me.person.name || me.person.login}
              </span>
            </button>
          </Dropdown>
        </div>
      </header>
      <nav className="tabs-bottom only-phone" aria-label={t('nav.label')}>
        <Navigation pages={pages} />
      </nav>
      {finding && <Finder close={() => setFinding(false)} />}
    </>
  )
}

/** InboxTool leads to the inbox and tells how much waits there. */
function InboxTool() {
  const { org, at } = useHere()
  const { t } = useI18n()
  const count = useInboxCount(org.id)
  const { todos, urgent, unread } = count.data ?? { todos: 0, urgent: 0, unread: 0 }
  const label = t('inbox.open', { todos, unread })
  return (
    <Link className="tool" to={at('inbox')} aria-label={label} title={label}>
      <Badge
        count={todos}
        dot={todos === 0 && unread > 0}
        size="small"
        color={urgent > 0 ? undefined : 'blue'}
        style={{ boxShadow: 'none' }}
        styles={{ root: { color: 'inherit' } }}
      >
        <BellOutlined aria-hidden style={{ color: 'inherit', fontSize: 16 }} />
      </Badge>
    </Link>
  )
}

// "/" or Ctrl-K from anywhere that is not a field.
function useFindKey(open: () => void) {
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.matches('input, textarea, select, [contenteditable]')
      const slash = e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey
      if (!slash && !(e.key.toLowerCase() === 'k' && (e.ctrlKey || e.metaKey))) return
      e.preventDefault()
      open()
    }
    window.addEventListener('keydown', key)
    return () => window.removeEventListener('keydown', key)
  }, [open])
}

function OrgSwitch() {
  const { org, orgs } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const mandates = useMyMandates()
  // For whom one acts under a mandate, with its last day.
  const until = (id: string) => mandates.data?.find((m) => m.org === id && m.state === 'running')?.lastDay
  if (orgs.length < 2) {
    return (
      <span className="tool" style={{ alignSelf: 'center', cursor: 'default' }}>
        <span className="cut">{n(org.name)}</span>
      </span>
    )
  }
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectable: true,
        selectedKeys: [org.id],
        items: orgs.map((o) => ({ key: o.id, label: n(o.name), extra: until(o.id) })),
        onClick: ({ key }) => void navigate(`/o/${key}`),
      }}
    >
      <button
        type="button"
        className="tool"
        style={{ alignSelf: 'center' }}
        aria-label={t('org.switch', { name: n(org.name) })}
      >
        <span className="cut">{n(org.name)}</span>
        <DownOutlined aria-hidden style={{ fontSize: 10 }} />
      </button>
    </Dropdown>
  )
}

/** LineNotice says that what is on the screen is no longer kept fresh, and since when. */
function LineNotice() {
  const { stream } = useLive()
  const status = useStreamStatus()
  const { t } = useI18n()
  useSecond()
  // eslint-disable-next-line react-hooks/purity -- the notice counts down with this computer's clock, once a second
  const now = Date.now()
  const long = status.state === 'lost' && now - (status.since ?? now) > 3000
  return (
    <div role="status" aria-live="polite">
      {long && (
        <div className="notice">
          <WarningFilled aria-hidden />
          <span className="grow">
            {t('line.lost')}{' '}
            <span className="muted" aria-hidden="true">
              {t('line.next', { n: Math.max(0, Math.ceil(((status.next ?? now) - now) / 1000)) })}
            </span>
          </span>
          <Button size="small" onClick={() => stream.now()}>
            {t('line.now')}
          </Button>
        </div>
      )}
    </div>
  )
}

function Foot() {
  const node = useNode()
  const { t } = useI18n()
  return (
    <footer className="foot">
      <span>{node.data ? t('foot.node', { name: node.data.name, version: node.data.version }) : t('appName')}</span>
      <span>{t('foot.zone', { zone: zone() })}</span>
      <a href="/licences.txt">{t('foot.licences')}</a>
    </footer>
  )
}
