import type { RouteObject } from 'react-router'

import { Frame } from './frame'
import { Home } from './home'
import { Bones } from '../ui/states'
import { Crash, NotFound } from './lost'

// Each page is a file of its own that comes when it is first asked for.
export const routes: RouteObject[] = [
  {
    errorElement: <Crash />,
    HydrateFallback: () => <Bones rows={8} />,
    children: [
      { path: '/sign-in', lazy: async () => ({ Component: (await import('../pages/signin')).SignInPage }) },
      { path: '/welcome', lazy: async () => ({ Component: (await import('../pages/welcome')).Welcome }) },
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
              { path: 'points', lazy: async () => ({ Component: (await import('../pages/points')).PointsPage }) },
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
              { path: 'facts', lazy: async () => ({ Component: (await import('../pages/facts')).FactsPage }) },
              { path: 'facts/:id', lazy: async () => ({ Component: (await import('../pages/fact')).FactPage }) },
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
