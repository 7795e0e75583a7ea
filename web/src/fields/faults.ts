import type { FormInstance } from 'antd'
import { useState } from 'react'

import { Problem } from '../api/problem'

export type Path = (string | number)[]

/** placeOf takes "body.content.tags[2].from" apart into the path of a form that is built as the body is. */
export const placeOf = (location: string | undefined): Path =>
  (location ?? '')
    .replace(/^body\./, '')
    .split(/[.[\]]/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))

/** What is wrong with fields is said at the fields; the rest stays a problem of the whole. */
export interface Saving {
  busy: boolean
  problem: Problem | undefined
  /** Faults that stand at their fields. */
  marked: number
  /** `quiet` is for what is kept while somebody goes on typing: it takes nobody's focus. */
  run: (work: () => Promise<unknown>, quiet?: boolean) => Promise<boolean>
}

/**
 * useSaving does the work of a form, and puts what the node finds wrong where it is wrong. `near` names the box at which
 * a fault of several boxes stands.
 */
export function useSaving(form: FormInstance, near: Record<string, Path> = {}): Saving {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [placed, setPlaced] = useState<Path[]>([])
  const run: Saving['run'] = async (work, quiet) => {
    setBusy(true)
    setProblem(undefined)
    form.setFields(placed.map((name) => ({ name, errors: [] })))
    setPlaced([])
    try {
      await work()
      return true
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      const boxes = new Set(form.getFieldsError().map((f) => JSON.stringify(f.name)))
      const at = new Map<string, string[]>()
      const rest = e.faults.filter((f) => {
        const path = placeOf(f.location)
        const place = JSON.stringify(near[path.join('.')] ?? path)
        if (!boxes.has(place)) return true
        at.set(place, [...(at.get(place) ?? []), [f.message, f.mend].filter(Boolean).join(' ')])
        return false
      })
      const marks = [...at].map(([place, errors]) => ({ name: JSON.parse(place) as Path, errors }))
      form.setFields(marks)
      setPlaced(marks.map((m) => m.name))
      if (marks[0] && !quiet) form.scrollToField(marks[0].name, { block: 'center', focus: true })
      if (rest.length > 0 || marks.length === 0)
        setProblem(new Problem(e.status, e.code, e.message, rest, e.instance, e.mend))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, problem, marked: placed.length, run }
}
