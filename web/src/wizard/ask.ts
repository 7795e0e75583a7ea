import { useState } from 'react'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { askedOf, type LinkAnswer, type LinkFault, type LinkSample, type Setup } from './draft'

/** Via is the way to a device: through a link that exists, or over one that is tried only. */
export interface Via {
  gateway: string
  link?: string
  driver: string
  config: Record<string, unknown>
  unit: string
}

const trying = (via: Via, question: Record<string, unknown>) =>
  post<LinkAnswer>(`/gateways/${via.gateway}/try`, { driver: via.driver, config: via.config, ...question })

const unitOf = (via: Via) => via.unit || undefined

export const probe = (via: Via, address: string): Promise<LinkAnswer> =>
  via.link
    ? post<LinkAnswer>(`/links/${via.link}/probe`, { unit: unitOf(via), address })
    : trying(via, { verb: 'probe', unit: unitOf(via), address })

export const browse = (via: Via, node: string | undefined, cursor?: string): Promise<LinkAnswer> =>
  via.link
    ? post<LinkAnswer>(`/links/${via.link}/browse`, { node, cursor })
    : trying(via, { verb: 'browse', node, cursor })

const read = (via: Via, points: Setup[]): Promise<LinkAnswer> => {
  const asked = points.map((p) => ({ ...askedOf(p), unit: unitOf(via) }))
  return via.link
    ? post<LinkAnswer>(`/links/${via.link}/read`, { points: asked })
    : trying(via, { verb: 'read', points: asked })
}

// As many as one question may hold.
const most = 500

export interface Attempt {
  busy: boolean
  /** What each point held, by its key. */
  results: Map<string, LinkSample>
  tookMs?: number
  fault?: LinkFault
  problem?: Problem
  run: (via: Via, points: Setup[]) => Promise<void>
  clear: () => void
}

interface State extends Omit<Attempt, 'run' | 'clear'> {
  via?: string
}
const fresh: State = { busy: false, results: new Map() }

/** useAttempt reads points now. Reading some of them again keeps what the others held, on the same way. */
export function useAttempt(): Attempt {
  const [state, setState] = useState(fresh)
  const run = async (via: Via, points: Setup[]) => {
    const way = JSON.stringify(via)
    const held = (s: State) => (s.via === way ? s.results : new Map<string, LinkSample>())
    setState((s) => ({ busy: true, results: held(s), via: way }))
    try {
      let took = 0
      for (let i = 0; i < points.length; i += most) {
        const some = points.slice(i, i + most)
        const answer = await read(via, some)
        took += answer.tookMs
        setState((s) => {
          const results = new Map(held(s))
          answer.samples?.forEach((sample, j) => {
            const p = some[j]
            if (p) results.set(p.key, sample)
          })
          return { ...s, results, tookMs: took, fault: answer.fault }
        })
        if (answer.fault) break
      }
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setState((s) => ({ ...s, problem: e }))
    } finally {
      setState((s) => ({ ...s, busy: false }))
    }
  }
  return { ...state, run, clear: () => setState(fresh) }
}
