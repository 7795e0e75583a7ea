import { useEffect, useState } from 'react'

import type { components } from '../api/schema'
import type { Text } from '../api/types'

type S = components['schemas']
export type Template = S['TemplateView']
export type Setup = S['SetupView']
export type AskedPoint = S['AskedPoint']
export type LinkAnswer = S['LinkAnswer']
export type LinkSample = S['LinkSample']
export type LinkFault = S['LinkFault']
export type Reading = S['LinkReading']

export type PartNumber = 1 | 2 | 3 | 4

/** How a point of this machine is decoded where that is not as its template says. */
export interface Change {
  encoding: string
  order?: string
}

/** Made is what a save has made already: going on makes nothing twice. */
export interface Made {
  site?: string
  area?: string
  line?: string
  machine?: string
  /** Keys of points that were changed or added. */
  points?: string[]
  link?: string
}

/** Draft is all that was entered so far. It lasts as long as the tab, reload or not. */
export interface Draft {
  /** The part that is open. */
  part: PartNumber
  /** The last part that may be opened. */
  reached: PartNumber
  template?: string
  /** Set once something was chosen; with a template it is that one's. */
  driver?: string
  gateway?: string
  /** An existing link, else a new one is made of config. */
  link?: string
  config: Record<string, unknown>
  unit: string
  changes: Record<string, Change>
  /** Points that no template gave. */
  added: Setup[]
  name?: Text
  /** Where the machine stands; 'new' makes the places named below. */
  parent?: string
  places?: { site?: string; area?: string; line?: string }
  made: Made
}

export const emptyDraft: Draft = { part: 1, reached: 1, config: {}, unit: '', changes: {}, added: [], made: {} }

/** throughGateway names the drivers that a gateway reads with; the others' devices tell their values to a source. */
export const throughGateway = (driver: string | undefined): boolean => driver === 'modbus' || driver === 'opcua'

/** protocolNames are proper names, the same in every language. */
export const protocolNames: Partial<Record<string, string>> = {
  modbus: 'Modbus TCP',
  opcua: 'OPC UA',
  mqtt: 'MQTT',
  sparkplug: 'Sparkplug B',
  push: 'HTTP',
}
export const protocolName = (driver: string | undefined): string => protocolNames[driver ?? ''] ?? driver ?? ''

/** chosen begins anew with another device; what was said about where it is stays if it speaks the same protocol. */
export function chosen(d: Draft, driver: string, template?: Template): Draft {
  const same = d.driver === driver
  const next: PartNumber = throughGateway(driver) ? 2 : 1
  return {
    ...d,
    part: next,
    reached: next,
    template: template?.id,
    driver,
    link: same ? d.link : undefined,
    config: same ? { ...template?.link, ...d.config } : { ...template?.link },
    unit: same && d.unit ? d.unit : driver === 'modbus' ? '1' : '',
    changes: {},
    added: [],
    name: undefined,
  }
}

/** pointsOf are the points that this machine will have, decoded as chosen. */
export function pointsOf(d: Pick<Draft, 'changes' | 'added'>, template: Template | undefined): Setup[] {
  const given = (template?.points ?? []).map((p) => {
    const change = d.changes[p.key]
    return change ? { ...p, encoding: change.encoding, order: change.order } : p
  })
  return [...given, ...d.added]
}

/** askedOf is what has to be known of a point to read it. */
export const askedOf = (p: Setup): AskedPoint => ({
  address: p.address,
  encoding: p.encoding,
  order: p.order,
  type: p.type,
  scale: p.scale,
  offset: p.offset,
})

/** suits tells whether a reading can be a point's: its type is fixed, and a float64 holds every number. */
export const suits = (point: Setup['type'], reading: Reading['type']): boolean =>
  point === reading || (point === 'float64' && reading === 'int64')

/** keyOf makes a key of an address or a name that no other point has. */
export function keyOf(text: string, taken: ReadonlySet<string>): string {
  const plain =
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '.')
      .replace(/^\.+|\.+$/g, '')
      .slice(-80)
      .replace(/^\.+/, '') || 'point'
  const start = /^[a-z]/.test(plain) ? plain : `p.${plain}`
  for (let n = 1; ; n++) {
    const key = n === 1 ? start : `${start}.${n}`
    if (!taken.has(key)) return key
  }
}

const place = (org: string) => `jingwei.wizard.${org}`

/** readDraft is what the tab remembers; anything it cannot make sense of is no draft. */
export function readDraft(text: string | null): Draft {
  try {
    const d = JSON.parse(text ?? '') as Partial<Draft>
    return typeof d.part === 'number' ? { ...emptyDraft, ...d } : emptyDraft
  } catch {
    return emptyDraft
  }
}

/** writeDraft leaves the secrets of a link out: a password is not kept in the browser. */
export function writeDraft(d: Draft, secrets: readonly string[]): string {
  const config = Object.fromEntries(Object.entries(d.config).filter(([name]) => !secrets.includes(name)))
  return JSON.stringify({ ...d, config })
}

export type SetDraft = (change: Partial<Draft> | ((d: Draft) => Draft)) => void

export function useDraft(org: string, secrets: readonly string[] | undefined): [Draft, SetDraft, () => void] {
  const [draft, setDraft] = useState(() => {
    try {
      return readDraft(sessionStorage.getItem(place(org)))
    } catch {
      return emptyDraft
    }
  })
  useEffect(() => {
    // Which members are secret is known from the drivers; until then nothing is written.
    if (!secrets) return
    try {
      if (draft === emptyDraft) sessionStorage.removeItem(place(org))
      else sessionStorage.setItem(place(org), writeDraft(draft, secrets))
    } catch {
      // Without storage the draft lasts until the page is left.
    }
  }, [org, draft, secrets])
  const set: SetDraft = (change) => setDraft((d) => (typeof change === 'function' ? change(d) : { ...d, ...change }))
  const clear = () => {
    setDraft(emptyDraft)
    try {
      sessionStorage.removeItem(place(org))
    } catch {
      // As above.
    }
  }
  return [draft, set, clear]
}
