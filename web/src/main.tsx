import './ui/style/index.css'

import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter, RouterProvider } from 'react-router'

import { setLanguage, whenSignedOut } from './api/client'
import { keys, newQueryClient } from './api/queries'
import { Look } from './app/look'
import { routes } from './app/routes'
import { LiveProvider, newLive } from './live/live'

// A one-time link may also be /#/welcome?token=…: what stands after # never reaches a server's log.
if (location.hash.startsWith('#/')) history.replaceState(null, '', location.hash.slice(1))

setLanguage(document.documentElement.lang)
const queries = newQueryClient()
const router = createBrowserRouter(routes)

const toSignIn = () => {
  // Whoever is on the way to the door already (by signing out, say) goes on as they meant to.
  const { pathname, search } = router.state.navigation.location ?? router.state.location
  queries.removeQueries({ queryKey: keys.me() })
  if (pathname === '/sign-in' || pathname === '/welcome') return
  void router.navigate(`/sign-in?next=${encodeURIComponent(pathname + search)}`, { replace: true })
}
whenSignedOut(toSignIn)
const live = newLive(queries, toSignIn)

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element "root"')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LiveProvider value={live}>
        <Look>
          <RouterProvider router={router} />
        </Look>
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
)
