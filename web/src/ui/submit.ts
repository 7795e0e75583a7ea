import type { FormInstance } from 'antd'
import { useState } from 'react'

import { Problem } from '../api/problem'

export interface Submit {
  busy: boolean
  problem: Problem | undefined
  /** run does the work and tells whether it went well; what is wrong with a field is shown at the field. */
  run: (work: () => Promise<unknown>, form?: FormInstance) => Promise<boolean>
  clear: () => void
}

export function useSubmit(): Submit {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const run: Submit['run'] = async (work, form) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await work()
      return true
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      setProblem(e)
      if (form) showAtFields(form, e)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, problem, run, clear: () => setProblem(undefined) }
}

function showAtFields(form: FormInstance, problem: Problem): void {
  const names = Object.keys(form.getFieldsValue(true) as object)
  form.setFields(
    names.map((name) => {
      const f = problem.fault(name)
      return { name, errors: f ? [[f.message, f.mend].filter(Boolean).join(' ')] : [] }
    }),
  )
}
