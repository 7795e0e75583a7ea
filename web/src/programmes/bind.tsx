import { Button, Select } from 'antd'
import { useState } from 'react'

import { put } from '../api/client'
import { usePlant, useSeriesOf } from '../api/queries'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { keys, type Indicator } from './queries'

/** Bind lets the applicant choose the points by which an indicator is measured. */
export function Bind({ project, org, of: x }: { project: string; org: string; of: Indicator }) {
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [chosen, setChosen] = useState<Record<string, string>>(x.bound)
  const roles = x.series ?? []
  const save = () =>
    submit.run(async () => {
      await put(`/programme-applications/${project}/indicators/${x.key}/series`, { series: chosen })
      await refreshed(keys.project(project))
    })
  return (
    <div>
      {roles.map((r) => (
        <div key={r.role} style={{ marginBottom: 8 }}>
          <label htmlFor={`bind-${x.key}-${r.role}`}>{n(r.name)}</label>
          <Picker
            id={`bind-${x.key}-${r.role}`}
            org={org}
            name={n(x.names[r.role])}
            value={chosen[r.role]}
            onChange={(id) => setChosen({ ...chosen, [r.role]: id })}
          />
        </div>
      ))}
      <p className="muted small">{t('programme.bindHelp')}</p>
      {submit.problem && <Fault problem={submit.problem} />}
      <Button loading={submit.busy} disabled={roles.some((r) => !chosen[r.role])} onClick={() => void save()}>
        {t('programme.bind')}
      </Button>
    </div>
  )
}

function Picker({
  id,
  org,
  name,
  value,
  onChange,
}: {
  id: string
  org: string
  name: string
  value?: string
  onChange: (id: string) => void
}) {
  const { n } = useI18n()
  const series = useSeriesOf(org)
  const plant = usePlant(org)
  const machines = new Map((plant.data ?? []).map((m) => [m.id, n(m.name)]))
  const options = (series.data ?? []).map((p) => ({
    value: p.id,
    label: `${machines.get(p.machine) ?? ''} · ${n(p.name)}${p.unit ? ` (${p.unit})` : ''}`,
  }))
  if (value && name && !options.some((o) => o.value === value)) options.unshift({ value, label: name })
  return (
    <Select
      id={id}
      style={{ width: '100%' }}
      showSearch={{ optionFilterProp: 'label' }}
      loading={series.isFetching}
      value={value}
      onChange={onChange}
      options={options}
    />
  )
}
