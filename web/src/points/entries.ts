import type { LiveState, PlantNode, Series, SampleValue, ValueType } from '../api/types'
import { durationMillis } from '../format/duration'
import { readableUnit } from '../format/unit'
import { Pace, sortInSlices } from '../live/slices'
import { stateAt, type LiveValue } from '../live/store'
import type { Counts } from '../plant/tree'

/** Entry is what of a point never changes by the second. */
export interface Entry {
  id: string
  name: string
  machine: string
  machineName: string
  unit: string
  type: ValueType
  /** Longest time between samples, in ms. */
  silence: number
  /** In which a search looks. */
  words: string
}

export type SortBy = 'machine' | 'name' | 'value' | 'age'
export interface Sort {
  by: SortBy
  down: boolean
}

type Read = (series: string) => LiveValue | undefined
type NameOf = (name: Series['name']) => string

/** buildEntries joins series and machines, in slices. */
export async function buildEntries(
  series: readonly Series[],
  nodes: readonly PlantNode[],
  n: NameOf,
  locale: string,
): Promise<Entry[]> {
  const pace = new Pace()
  const machines = new Map(nodes.map((node) => [node.id, n(node.name)]))
  const entries: Entry[] = []
  for (const s of series) {
    const name = n(s.name)
    const { machine } = s
    const machineName = machines.get(machine) ?? ''
    const unit = readableUnit(s.unit)
    const words = `${machineName}\n${name}\n${unit}\n${s.unit}`.toLocaleLowerCase(locale)
    entries.push({
      id: s.id,
      name,
      machine,
      machineName,
      unit,
      type: s.type,
      silence: durationMillis(s.maxSilence),
      words,
    })
    if ((entries.length & 63) === 0 && pace.due()) await pace.rest()
  }
  return entries
}

/** sortEntries orders a copy, in slices. By value or age it is a picture of the moment: `read` gives the values of now. */
export async function sortEntries(entries: readonly Entry[], sort: Sort, locale: string, read: Read): Promise<Entry[]> {
  const collator = new Intl.Collator(locale, { numeric: true })
  const names = ranks(
    entries.map((e) => e.name),
    collator,
  )
  const machines = ranks(
    entries.map((e) => e.machineName),
    collator,
  )
  const place = new Map(entries.map((e, i) => [e, i]))
  const of = (ranking: Map<string, number>, text: string) => ranking.get(text) ?? 0
  const [nameRank, machineRank] = [await names, await machines]
  const byPlace = (a: Entry, b: Entry) =>
    of(machineRank, a.machineName) - of(machineRank, b.machineName) ||
    a.machine.localeCompare(b.machine) ||
    of(nameRank, a.name) - of(nameRank, b.name) ||
    (place.get(a) ?? 0) - (place.get(b) ?? 0)
  const way = sort.down ? -1 : 1
  if (sort.by === 'machine') return sortInSlices(entries, (a, b) => way * byPlace(a, b))
  if (sort.by === 'name')
    return sortInSlices(entries, (a, b) => way * (of(nameRank, a.name) - of(nameRank, b.name)) || byPlace(a, b))
  const held = new Map(entries.map((e) => [e, sort.by === 'value' ? weightOf(e, read(e.id)) : ageOf(read(e.id))]))
  return sortInSlices(entries, (a, b) => compareHeld(held.get(a), held.get(b), way) || byPlace(a, b))
}

/** ranks numbers the different texts in the order of the language: a text is compared once, however often it stands. */
async function ranks(texts: string[], collator: Intl.Collator): Promise<Map<string, number>> {
  const sorted = await sortInSlices([...new Set(texts)], (a, b) => collator.compare(a, b))
  return new Map(sorted.map((text, i) => [text, i]))
}

type Held = number | string | undefined

// Numbers before texts; what has no value stands last, whichever way.
function compareHeld(a: Held, b: Held, way: number): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0)
  if (typeof a === 'number' && typeof b === 'number') return way * (a - b)
  if (typeof a === 'string' && typeof b === 'string') return way * (a < b ? -1 : a > b ? 1 : 0)
  return way * (typeof a === 'number' ? -1 : 1)
}

function weightOf(e: Entry, live: LiveValue | undefined): Held {
  const v: SampleValue | undefined = live?.sample?.value
  if (v === null || v === undefined) return undefined
  if (e.type === 'string') return String(v)
  const number = Number(v)
  return Number.isNaN(number) ? undefined : number
}

// Young before old.
const ageOf = (live: LiveValue | undefined): Held => (live?.sample ? -live.ms : undefined)

/** matching leaves those of a machine (if one is named) in which every word of a search stands. */
export function matching(entries: readonly Entry[], search: string, machine: string | undefined): readonly Entry[] {
  const words = search.split(/\s+/).filter(Boolean)
  if (words.length === 0 && !machine) return entries
  return entries.filter((e) => (!machine || e.machine === machine) && words.every((w) => e.words.includes(w)))
}

/** countStates counts how many are live, stale and silent at `now`. */
export function countStates(entries: readonly Entry[], read: Read, now: number): Counts {
  const counts: Counts = { live: 0, stale: 0, silent: 0 }
  for (const e of entries) counts[stateAt(read(e.id), e.silence, now)]++
  return counts
}

/** inState leaves those that are in a state at `now`. */
export const inState = (entries: readonly Entry[], state: LiveState, read: Read, now: number): readonly Entry[] =>
  entries.filter((e) => stateAt(read(e.id), e.silence, now) === state)

/** sameList spares a table that would show what it shows. */
export const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => x === b[i]))
