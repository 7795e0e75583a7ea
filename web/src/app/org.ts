import { createContext, use } from 'react'

import type { Me, Org } from '../api/types'
import type { Doing } from '../ui/role'

export interface Here {
  org: Org
  orgs: Org[]
  me: Me
  may: (doing: Doing) => boolean
  /** at makes an address inside this organisation. */
  at: (path?: string) => string
}

const HereContext = createContext<Here | undefined>(undefined)
export const HereProvider = HereContext.Provider

/** useHere is where the person is: the organisation of the page, and what may be done in it. */
export function useHere(): Here {
  const here = use(HereContext)
  if (!here) throw new Error('useHere outside Frame')
  return here
}

const key = 'jingwei.org'

export function lastOrg(): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function rememberOrg(id: string): void {
  try {
    localStorage.setItem(key, id)
  } catch {
    // Next time the first organisation is shown.
  }
}
