import { useSyncExternalStore } from 'react'

import type { Lang } from '../format/time'

export type Theme = 'system' | 'light' | 'dark'

export interface Preferences {
  lang: Lang
  theme: Theme
}

const listeners = new Set<() => void>()
const darkQuery = matchMedia('(prefers-color-scheme: dark)')
// A query that is looked at between the change and the next frame does not tell of the change (Chromium): only its events
// are listened to.
let night = darkQuery.matches
const stillQuery = matchMedia('(prefers-reduced-motion: reduce)')
let still = stillQuery.matches

let current: Preferences = { lang: read('lang') === 'en' ? 'en' : 'zh', theme: themeOf(read('theme')) }

function themeOf(v: string | null): Theme {
  return v === 'light' || v === 'dark' ? v : 'system'
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(`jingwei.${key}`)
  } catch {
    return null
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(`jingwei.${key}`, value)
  } catch {
    // A browser that keeps nothing still shows what was chosen, for as long as the tab lives.
  }
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change }
  write('lang', current.lang)
  write('theme', current.theme)
  show()
  for (const f of listeners) f()
}

const isDark = () => current.theme === 'dark' || (current.theme === 'system' && night)

function show(): void {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light'
  document.documentElement.lang = current.lang === 'en' ? 'en' : 'zh-CN'
}

darkQuery.addEventListener('change', (e) => {
  night = e.matches
  show()
  for (const f of listeners) f()
})
stillQuery.addEventListener('change', (e) => {
  still = e.matches
  for (const f of listeners) f()
})
show()

function subscribe(f: () => void): () => void {
  listeners.add(f)
  return () => listeners.delete(f)
}

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current)

/** useDark tells whether the dark colours are shown now. */
export const useDark = (): boolean => useSyncExternalStore(subscribe, isDark)

/** useStill tells whether this person's system asks for pages that do not move (WCAG 2.2, 2.3.3). */
export const useStill = (): boolean => useSyncExternalStore(subscribe, () => still)
