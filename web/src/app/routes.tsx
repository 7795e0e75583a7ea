import type { RouteObject } from 'react-router'

import { Frame } from './frame'
import { Home } from './home'
import { Bones } from '../ui/states'
import { Crash, NotFound } from './lost'
import { Everywhere } from './rehearsal'

// Each page is a file of its own that comes when it is first asked for.
export const routes: RouteObject[] = [
  {
    element: <Everywhere />,
    errorElement: <Crash />,
    HydrateFallback: () => <Bones rows={8} />,
    children: [
      { path: '/sign-in', lazy: async () => ({ Component: (await import('../pages/signin')).SignInPage }) },
      { path: '/sign-up', lazy: async () => ({ Component: (await import('../pages/signup')).SignUpPage }) },
      { path: '/sign-in/oidc', lazy: async () => ({ Component: (await import('../pages/provider')).ProviderPage }) },
      { path: '/join', lazy: async () => ({ Component: (await import('../pages/join')).JoinPage }) },
      { path: '/public/supply', lazy: async () => ({ Component: (await import('../pages/showwindow')).ShowWindow }) },
      { path: '/welcome', lazy: async () => ({ Component: (await import('../pages/welcome')).Welcome }) },
      {
        path: '/public/cases/:flow',
        lazy: async () => ({ Component: (await import('../pages/publiccases')).PublicCasesPage }),
      },
      {
        path: '/public/search',
        lazy: async () => ({ Component: (await import('../pages/publicsearch')).PublicSearch }),
      },
      {
        path: '/public/policies',
        lazy: async () => ({ Component: (await import('../pages/publicpolicies')).PublicPoliciesPage }),
      },
      {
        path: '/public/programmes/:id',
        lazy: async () => ({ Component: (await import('../pages/publicround')).PublicRoundPage }),
      },
      { path: '/wall', lazy: async () => ({ Component: (await import('../pages/wall')).WallPage }) },
      { path: '/', element: <Home /> },
      { path: '/account', element: <Home to="account" /> },
      {
        path: '/o/:org',
        element: <Frame />,
        children: [
          {
            errorElement: <Crash framed />,
            children: [
              { index: true, lazy: async () => ({ Component: (await import('../pages/overview')).Overview }) },
              { path: 'm/:machine', lazy: async () => ({ Component: (await import('../pages/machine')).MachinePage }) },
              { path: 'm/:machine/twin', lazy: async () => ({ Component: (await import('../pages/twin')).TwinPage }) },
              { path: 'gateways', lazy: async () => ({ Component: (await import('../pages/gateways')).Gateways }) },
              {
                path: 'gateways/:id',
                lazy: async () => ({ Component: (await import('../pages/gateway')).GatewayPage }),
              },
              { path: 'connect', lazy: async () => ({ Component: (await import('../pages/wizard')).WizardPage }) },
              { path: 'sources', lazy: async () => ({ Component: (await import('../pages/sources')).SourcesPage }) },
              { path: 'sources/:id', lazy: async () => ({ Component: (await import('../pages/source')).SourcePage }) },
              { path: 'files', lazy: async () => ({ Component: (await import('../pages/files')).FilesPage }) },
              { path: 'trend', lazy: async () => ({ Component: (await import('../pages/trend/page')).TrendPage }) },
              {
                path: 'corrections',
                lazy: async () => ({ Component: (await import('../pages/corrections')).CorrectionsPage }),
              },
              { path: 'health', lazy: async () => ({ Component: (await import('../pages/health')).HealthPage }) },
              { path: 'energy', lazy: async () => ({ Component: (await import('../pages/energy')).EnergyPage }) },
              {
                path: 'energy/meters',
                lazy: async () => ({ Component: (await import('../pages/mainmeters')).MainMetersPage }),
              },
              { path: 'points', lazy: async () => ({ Component: (await import('../pages/points')).PointsPage }) },
              { path: 'search', lazy: async () => ({ Component: (await import('../pages/search')).SearchPage }) },
              { path: 'region', lazy: async () => ({ Component: (await import('../pages/region')).RegionPage }) },
              { path: 'tasks', lazy: async () => ({ Component: (await import('../pages/tasks')).TasksPage }) },
              { path: 'scale', lazy: async () => ({ Component: (await import('../pages/scale')).ScalePage }) },
              { path: 'storage', lazy: async () => ({ Component: (await import('../pages/storage')).StoragePage }) },
              { path: 'backups', lazy: async () => ({ Component: (await import('../pages/backups')).BackupsPage }) },
              {
                path: 'calendars',
                lazy: async () => ({ Component: (await import('../pages/calendars')).CalendarsPage }),
              },
              {
                path: 'calendars/:id',
                lazy: async () => ({ Component: (await import('../pages/calendar')).CalendarPage }),
              },
              {
                path: 'registers',
                lazy: async () => ({ Component: (await import('../pages/registers')).RegistersPage }),
              },
              {
                path: 'registers/:register',
                lazy: async () => ({ Component: (await import('../pages/register')).RegisterPage }),
              },
              {
                path: 'registers/:register/:id',
                lazy: async () => ({ Component: (await import('../pages/entry')).EntryPage }),
              },
              { path: 'desk', lazy: async () => ({ Component: (await import('../pages/desk')).DeskPage }) },
              { path: 'cases', lazy: async () => ({ Component: (await import('../pages/cases')).CasesPage }) },
              { path: 'cases/:id', lazy: async () => ({ Component: (await import('../pages/case')).CasePage }) },
              { path: 'offers', lazy: async () => ({ Component: (await import('../pages/offers')).OffersPage }) },
              { path: 'apply', lazy: async () => ({ Component: (await import('../pages/apply')).ApplyPage }) },
              { path: 'apply/:flow', lazy: async () => ({ Component: (await import('../pages/apply')).BeginPage }) },
              { path: 'drafts/:id', lazy: async () => ({ Component: (await import('../pages/draft')).DraftPage }) },
              { path: 'support', lazy: async () => ({ Component: (await import('../pages/support')).SupportPage }) },
              {
                path: 'support/:id',
                lazy: async () => ({ Component: (await import('../pages/inquiry')).InquiryPage }),
              },
              {
                path: 'policies',
                lazy: async () => ({ Component: (await import('../pages/policies')).PoliciesPage }),
              },
              {
                path: 'vouchers',
                lazy: async () => ({ Component: (await import('../pages/vouchers')).VouchersPage }),
              },
              { path: 'ledger', lazy: async () => ({ Component: (await import('../pages/ledger')).LedgerPage }) },
              {
                path: 'policy-lab',
                lazy: async () => ({ Component: (await import('../pages/policylab')).PolicyLabPage }),
              },
              {
                path: 'programmes',
                lazy: async () => ({ Component: (await import('../pages/programmes')).ProgrammesPage }),
              },
              {
                path: 'projects/:id',
                lazy: async () => ({ Component: (await import('../pages/project')).ProjectPage }),
              },
              { path: 'rounds', lazy: async () => ({ Component: (await import('../pages/rounds')).RoundsPage }) },
              { path: 'rounds/:id', lazy: async () => ({ Component: (await import('../pages/round')).RoundPage }) },
              { path: 'reviews', lazy: async () => ({ Component: (await import('../pages/reviews')).ReviewsPage }) },
              { path: 'reviews/:id', lazy: async () => ({ Component: (await import('../pages/review')).ReviewPage }) },
              { path: 'facts', lazy: async () => ({ Component: (await import('../pages/facts')).FactsPage }) },
              { path: 'facts/:id', lazy: async () => ({ Component: (await import('../pages/fact')).FactPage }) },
              {
                path: 'applications',
                lazy: async () => ({ Component: (await import('../pages/applications')).ApplicationsPage }),
              },
              { path: 'mandates', lazy: async () => ({ Component: (await import('../pages/mandates')).MandatesPage }) },
              {
                path: 'checkup',
                lazy: async () => ({ Component: (await import('../pages/checkups')).CheckupsPage }),
              },
              {
                path: 'checkup/:id',
                lazy: async () => ({ Component: (await import('../pages/checkup')).CheckupPage }),
              },
              {
                path: 'checkup/:id/result',
                lazy: async () => ({ Component: (await import('../pages/checkupresult')).CheckupResultPage }),
              },
              {
                path: 'checkup/:id/prescription',
                lazy: async () => ({ Component: (await import('../pages/prescription')).PrescriptionPage }),
              },
              {
                path: 'checkup/:id/compare',
                lazy: async () => ({ Component: (await import('../pages/checkupcompare')).CheckupComparePage }),
              },
              {
                path: 'expert-checks/:id',
                lazy: async () => ({ Component: (await import('../pages/expertcheck')).ExpertCheckPage }),
              },
              {
                path: 'checkup-campaigns',
                lazy: async () => ({ Component: (await import('../pages/campaigns')).CampaignsPage }),
              },
              {
                path: 'checkup-campaigns/:id',
                lazy: async () => ({ Component: (await import('../pages/campaign')).CampaignPage }),
              },
              { path: 'needs', lazy: async () => ({ Component: (await import('../pages/needs')).NeedsPage }) },
              {
                path: 'needs/contacts',
                lazy: async () => ({ Component: (await import('../pages/contacts')).ContactsPage }),
              },
              {
                path: 'needs/contacts/:id',
                lazy: async () => ({ Component: (await import('../pages/contact')).ContactPage }),
              },
              { path: 'needs/events', lazy: async () => ({ Component: (await import('../pages/meets')).MeetsPage }) },
              { path: 'needs/events/:id', lazy: async () => ({ Component: (await import('../pages/meet')).MeetPage }) },
              { path: 'needs/:id', lazy: async () => ({ Component: (await import('../pages/need')).NeedPage }) },
              { path: 'supply', lazy: async () => ({ Component: (await import('../pages/supply')).SupplyPage }) },
              { path: 'matching', lazy: async () => ({ Component: (await import('../pages/matching')).MatchingPage }) },
              { path: 'inbox', lazy: async () => ({ Component: (await import('../pages/inbox')).InboxPage }) },
              {
                path: 'inbox/channels',
                lazy: async () => ({ Component: (await import('../pages/channels')).ChannelsPage }),
              },
              { path: 'targets', lazy: async () => ({ Component: (await import('../pages/targets')).TargetsPage }) },
              {
                path: 'targets/:id',
                lazy: async () => ({ Component: (await import('../pages/target')).TargetPage }),
              },
              {
                path: 'indicators/:id',
                lazy: async () => ({ Component: (await import('../pages/indicator')).IndicatorPage }),
              },
              {
                path: 'agreements',
                lazy: async () => ({ Component: (await import('../pages/agreements')).AgreementsPage }),
              },
              {
                path: 'agreements/:id',
                lazy: async () => ({ Component: (await import('../pages/agreement')).AgreementPage }),
              },
              { path: 'docking', lazy: async () => ({ Component: (await import('../pages/docking')).DockingPage }) },
              {
                path: 'docking/:id',
                lazy: async () => ({ Component: (await import('../pages/dockingnode')).DockingNodePage }),
              },
              {
                path: 'neighbours',
                lazy: async () => ({ Component: (await import('../pages/neighbours')).NeighboursPage }),
              },
              { path: 'figures', lazy: async () => ({ Component: (await import('../pages/figures')).FiguresPage }) },
              { path: 'figures/:id', lazy: async () => ({ Component: (await import('../pages/figure')).FigurePage }) },
              { path: 'grants', lazy: async () => ({ Component: (await import('../pages/grants')).GrantsPage }) },
              {
                path: 'identifiers',
                lazy: async () => ({ Component: (await import('../pages/identifiers')).IdentifiersPage }),
              },
              {
                path: 'identifiers/record',
                lazy: async () => ({ Component: (await import('../pages/identifier')).IdentifierPage }),
              },
              { path: 'gs1', lazy: async () => ({ Component: (await import('../pages/gs1')).Gs1Page }) },
              {
                path: 'gs1/thing',
                lazy: async () => ({ Component: (await import('../pages/gs1thing')).Gs1ThingPage }),
              },
              { path: 'plant', lazy: async () => ({ Component: (await import('../pages/plant')).PlantPage }) },
              { path: 'people', lazy: async () => ({ Component: (await import('../pages/people')).PeoplePage }) },
              { path: 'audit', lazy: async () => ({ Component: (await import('../pages/audit')).AuditPage }) },
              { path: 'account', lazy: async () => ({ Component: (await import('../pages/account')).AccountPage }) },
              { path: '*', element: <NotFound framed /> },
            ],
          },
        ],
      },
      { path: '*', element: <NotFound /> },
    ],
  },
]
