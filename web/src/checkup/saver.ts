import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'

import { put } from '../api/client'
import { Problem } from '../api/problem'
import { checkupKeys, type Answer, type AnswerRequest, type Detail } from './queries'

/** What was said here and the node has not yet: it is kept in this browser until the node has it. */
export interface Pending {
  body: AnswerRequest
  seq: number
  /** The node has something newer; a person chooses. */
  conflict?: boolean
  /** Why the node does not take it. */
  refused?: string
}

type Waiting = Record<string, Pending>

const key = (id: string) => `jingwei.checkup.${id}`

function load(id: string): Waiting {
  try {
    return JSON.parse(localStorage.getItem(key(id)) ?? '{}') as Waiting
  } catch {
    return {}
  }
}

function keep(id: string, all: Waiting) {
  try {
    if (Object.keys(all).length === 0) localStorage.removeItem(key(id))
    else localStorage.setItem(key(id), JSON.stringify(all))
  } catch {
    // A browser without storage keeps it in the page alone.
  }
}

export interface Saver {
  waiting: Waiting
  /** saving, saved, offline, or stopped where something needs a person. */
  state: 'saved' | 'saving' | 'offline' | 'stopped'
  say: (question: string, body: Omit<AnswerRequest, 'basis'>) => void
  /** Takes what is here (mine) or what the node has. */
  settle: (question: string, mine: boolean) => Promise<void>
}

/**
 * useSaver saves answers one by one, as they are given. Each is kept in this browser first and sent until the node has it,
 * over restarts of page and node; the node saves the same answer on the same basis once. One at a time, in order of questions said.
 */
export function useSaver(id: string, detail: Detail | undefined): Saver {
  const queries = useQueryClient()
  const [waiting, setWaiting] = useState<Waiting>(() => load(id))
  const [offline, setOffline] = useState(false)
  const now = useRef(waiting)
  const busy = useRef(false)
  const seq = useRef(Date.now())
  const change = useCallback(
    (next: Waiting) => {
      now.current = next
      keep(id, next)
      setWaiting(next)
    },
    [id],
  )
  const settled = useCallback(
    (a: Answer) => {
      queries.setQueryData<Detail>(
        checkupKeys.one(id),
        (d) => d && { ...d, answers: [...d.answers.filter((x) => x.question !== a.question), a] },
      )
    },
    [queries, id],
  )
  const send = useCallback(async () => {
    if (busy.current) return
    busy.current = true
    try {
      for (;;) {
        const next = Object.entries(now.current).find(([, p]) => !p.conflict && !p.refused)
        if (!next) break
        const [question, sent] = next
        try {
          const saved = await put<Answer>(`/checkups/${id}/answers/${question}`, sent.body)
          settled(saved)
          setOffline(false)
          const { [question]: still, ...rest } = now.current
          // What was said while this was on its way goes on from it.
          change(
            still && still.seq !== sent.seq
              ? { ...rest, [question]: { ...still, body: { ...still.body, basis: saved.revision } } }
              : rest,
          )
        } catch (e) {
          if (!(e instanceof Problem)) throw e
          if (e.passing || e.status === 401) {
            setOffline(true)
            break
          }
          const still = now.current[question]
          if (still)
            change({
              ...now.current,
              [question]: {
                ...still,
                conflict: e.code === 'checkup-answered',
                refused: e.code === 'checkup-answered' ? undefined : e.message,
              },
            })
          if (e.code === 'checkup-answered') await queries.invalidateQueries({ queryKey: checkupKeys.one(id) })
        }
      }
      await queries.invalidateQueries({ queryKey: checkupKeys.result(id) })
    } finally {
      busy.current = false
    }
  }, [id, change, settled, queries])
  useEffect(() => {
    const again = () => void send()
    again()
    const timer = setInterval(() => {
      if (Object.keys(now.current).length > 0) again()
    }, 4000)
    window.addEventListener('online', again)
    return () => {
      clearInterval(timer)
      window.removeEventListener('online', again)
    }
  }, [send])
  const say: Saver['say'] = (question, body) => {
    const before = now.current[question]
    const basis = before?.body.basis ?? detail?.answers.find((a) => a.question === question)?.revision ?? 0
    seq.current += 1
    change({ ...now.current, [question]: { body: { ...body, basis }, seq: seq.current, conflict: before?.conflict } })
    void send()
  }
  const settle: Saver['settle'] = async (question, mine) => {
    const { [question]: here, ...rest } = now.current
    if (!mine || !here) {
      change(rest)
      await queries.invalidateQueries({ queryKey: checkupKeys.one(id) })
      return
    }
    const revision =
      queries.getQueryData<Detail>(checkupKeys.one(id))?.answers.find((a) => a.question === question)?.revision ?? 0
    seq.current += 1
    change({ ...rest, [question]: { body: { ...here.body, basis: revision }, seq: seq.current } })
    void send()
  }
  const list = Object.values(waiting)
  const state = list.some((p) => p.conflict === true || p.refused !== undefined)
    ? 'stopped'
    : list.length === 0
      ? 'saved'
      : offline
        ? 'offline'
        : 'saving'
  return { waiting, state, say, settle }
}
