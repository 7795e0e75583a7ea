// Twelve colours that differ in lightness as well as hue (after Okabe and Ito), each readable on its ground.
const light = [
  '#0b66a8',
  '#b4530a',
  '#00795c',
  '#a02c6d',
  '#6a51a3',
  '#5d6b00',
  '#c0392b',
  '#007a8a',
  '#7a4b1e',
  '#444f5a',
  '#2f4fd0',
  '#2e7d32',
]
const dark = [
  '#6bb8f0',
  '#f5a65b',
  '#4fd1a5',
  '#f08cc4',
  '#b9a5ee',
  '#c9d65b',
  '#ff8f80',
  '#5fd3e3',
  '#d6a77a',
  '#b5c0ca',
  '#93a8ff',
  '#8fd694',
]

/** How many series the trend of a machine takes. */
export const mostSeries = 10

export const colourCount = light.length

export const colourOf = (slot: number, isDark: boolean): string =>
  (isDark ? dark : light)[slot % colourCount] ?? '#888888'

export interface Inks {
  ink: string
  faint: string
  edge: string
  good: string
  warn: string
  bad: string
  gap: string
  panel: string
}

/** inks reads the page's colours: a canvas does not know CSS variables. */
export function inks(): Inks {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(name).trim()
  return {
    ink: of('--ink'),
    faint: of('--ink-3'),
    edge: of('--edge'),
    good: of('--good'),
    warn: of('--warn'),
    bad: of('--bad'),
    gap: of('--edge-strong'),
    panel: of('--panel'),
  }
}
