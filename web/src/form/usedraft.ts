import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'

import { get, post, put } from '../api/client'
import { Problem } from '../api/problem'
import type { components } from '../api/schema'
import { toForm, type Content } from '../fields/field'
import { useI18n } from '../i18n'
import { draftOf, type Attachment, type Draft } from './form'
import { contentIn } from './formfields'

type S = components['schemas']

export const draftKeys = {
  all: () => ['drafts'] as const,
  one: (id: string) => ['draft', id] as const,
}

export const useDraft = (id: string) =>
  useQuery({
    queryKey: draftKeys.one(id),
    queryFn: async ({ signal }) => draftOf(await get<S['DraftView']>(`/drafts/${id}`, {}, signal)),
    staleTime: Infinity, // what people are typing is not taken away from under them
    gcTime: 0, // and another visit begins with what is kept
    refetchOnWindowFocus: false,
  })

/** How long nothing is typed before it is saved, and how long before a saving that failed is tried again, in ms. */
const pause = 700
const again = 4000

export type SaveState = 'saved' | 'waiting' | 'saving' | 'offline' | 'conflict' | 'ended'

/** What a draft looks like here while it is filled in. */
export interface Filling {
  draft: Draft
  boxes: Content
  reason: string
  state: SaveState
  problem: Problem | undefined
  /** Two devices have saved: the other's version. */
  theirs: Draft | undefined
  change: (boxes: Content) => void
  setReason: (reason: string) => void
  changed: (change: (list: Attachment[]) => Attachment[]) => void
  /** flush saves at once and tells whether all is kept. */
  flush: () => Promise<boolean>
  /** settle ends a conflict with what shall stand. */
  settle: (content: Content, reason: string) => Promise<void>
  submit: () => Promise<Draft>
}

/** useFilling keeps a draft as it is typed. */
export function useFilling(first: Draft): Filling {
  const { t } = useI18n()
  const [draft, setDraft] = useState(first)
  const [boxes, setBoxes] = useState(() => toForm(first.form?.fields ?? [], first.content))
  const [reason, setReasonHeld] = useState(first.reason ?? '')
  const [state, setState] = useState<SaveState>('saved')
  const [problem, setProblem] = useState<Problem>()
  const [theirs, setTheirs] = useState<Draft>()
  const held = useRef({ draft: first, boxes, reason, dirty: false, busy: undefined as Promise<boolean> | undefined })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const device = t(/Android|iPhone|Mobile/.test(navigator.userAgent) ? 'form.phone' : 'form.computer')

  const take = useCallback((d: Draft) => {
    held.current.draft = d
    setDraft(d)
  }, [])

  const save = useCallback(async (): Promise<boolean> => {
    const h = held.current
    while (h.busy) await h.busy
    if (!h.dirty || !h.draft.form) return !h.dirty
    const work = async (): Promise<boolean> => {
      h.dirty = false
      setState('saving')
      const form = h.draft.form
      if (!form) return false
      try {
        const saved = draftOf(
          await put<S['DraftView']>(`/drafts/${h.draft.id}`, {
            basis: h.draft.revision,
            content: contentIn(form, h.boxes, h.draft.content),
            reason: h.reason || undefined,
            device,
          }),
        )
        take(saved)
        setProblem(undefined)
        setState(held.current.dirty ? 'waiting' : 'saved') // something may have been typed meanwhile
        return true
      } catch (e) {
        if (!(e instanceof Problem)) throw e
        h.dirty = true
        setProblem(e)
        if (e.code === 'form-changed') {
          setTheirs(draftOf(await get<S['DraftView']>(`/drafts/${h.draft.id}`)))
          setState('conflict')
        } else setState(e.passing ? 'offline' : 'ended')
        return false
      }
    }
    h.busy = work()
    try {
      return await h.busy
    } finally {
      h.busy = undefined
    }
  }, [device, take])

  const touch = () => {
    held.current.dirty = true
    setState((s) => (s === 'conflict' || s === 'ended' ? s : 'waiting'))
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void save(), pause)
  }
  // What could not be saved is tried again.
  useEffect(() => {
    if (state !== 'offline') return
    const next = setTimeout(() => void save(), again)
    return () => clearTimeout(next)
  }, [state, save])
  // What is typed last is kept when the page goes: another tab, the home button, the way back.
  useEffect(() => {
    const hide = () => {
      if (document.visibilityState === 'hidden') void save()
    }
    document.addEventListener('visibilitychange', hide)
    return () => {
      document.removeEventListener('visibilitychange', hide)
      clearTimeout(timer.current)
      void save()
    }
  }, [save])

  return {
    draft,
    boxes,
    reason,
    state,
    problem,
    theirs,
    change: (b) => {
      held.current.boxes = b
      setBoxes(b)
      touch()
    },
    setReason: (r) => {
      held.current.reason = r
      setReasonHeld(r)
      touch()
    },
    changed: (change) => {
      const d = { ...held.current.draft, attachments: change(held.current.draft.attachments) }
      d.lacking = (d.form?.attachments ?? [])
        .filter((k) => k.required && !k.present && !d.attachments.some((a) => a.kind === k.id))
        .map((k) => k.id)
      take(d)
    },
    flush: async () => {
      clearTimeout(timer.current)
      return save()
    },
    settle: async (content, why) => {
      if (!theirs?.form) return
      const fresh = toForm(theirs.form.fields, content)
      Object.assign(held.current, { boxes: fresh, reason: why, dirty: true })
      take({ ...theirs, content })
      setBoxes(fresh)
      setReasonHeld(why)
      setTheirs(undefined)
      await save()
    },
    submit: async () => {
      const d = held.current.draft
      const done = draftOf(
        await post<S['DraftView']>(`/drafts/${d.id}/submit`, {
          basis: d.revision,
          caseRevision: d.form?.caseRevision,
        }),
      )
      held.current.dirty = false
      take(done)
      return done
    },
  }
}
