import { Button, Input, Select } from 'antd'
import { useState } from 'react'

import { post } from '../api/client'
import { useCase } from '../cases/queries'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { keys, type Indicator } from './queries'

const decimal = /^-?\d+(\.\d+)?$/

/** Declare lets the office write down what a paper of the application says of an indicator that nothing measures. */
export function Declare({ project, of: x }: { project: string; of: Indicator }) {
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const papers = useCase(project)
  const [value, setValue] = useState('')
  const [paper, setPaper] = useState<string>()
  const kinds = papers.data?.declared?.documents ?? []
  const options = (papers.data?.documents ?? []).map((d) => ({
    value: d.id,
    label: `${n(kinds.find((k) => k.id === d.kind)?.name) || d.kind} · ${d.name}`,
  }))
  const save = () =>
    submit.run(async () => {
      await post(`/programme-applications/${project}/indicators/${x.key}/declarations`, {
        value: value.trim(),
        document: paper,
      })
      await refreshed(keys.project(project))
    })
  return (
    <div>
      <div style={{ marginBottom: 8 }}>
        <label htmlFor={`declare-${x.key}`}>{t('programme.declaredValue')}</label>
        <Input
          id={`declare-${x.key}`}
          inputMode="decimal"
          maxLength={30}
          suffix={x.unit === '1' ? undefined : x.unit}
          value={value}
          onChange={(e) => setValue(e.target.value)}
        />
      </div>
      <div style={{ marginBottom: 8 }}>
        <label htmlFor={`paper-${x.key}`}>{t('programme.declaredPaper')}</label>
        <Select
          id={`paper-${x.key}`}
          style={{ width: '100%' }}
          loading={papers.isFetching}
          value={paper}
          onChange={setPaper}
          options={options}
        />
      </div>
      <p className="muted small">{t('programme.declareHelp', { grade: x.grade })}</p>
      {submit.problem && <Fault problem={submit.problem} />}
      <Button loading={submit.busy} disabled={!decimal.test(value.trim()) || !paper} onClick={() => void save()}>
        {t('programme.declare')}
      </Button>
    </div>
  )
}

/** DeclaredBy names the paper that a value rests on, and the grade of the evidence. */
export function DeclaredBy({ project, document: id, grade }: { project: string; document: string; grade: string }) {
  const { t } = useI18n()
  const papers = useCase(project)
  const name = papers.data?.documents.find((d) => d.id === id)?.name
  return (
    <div className="muted small">
      {t('programme.declaredBy', { name: name ?? '…' })} · {grade}
    </div>
  )
}
