import { Form, Input, Radio, Select } from 'antd'
import { useNavigate } from 'react-router'

import { post } from '../api/client'
import type { Calendar, CalendarDefinition } from '../api/types'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { Ask, NameFields, nameOf, type Names } from '../plant/dialogs'
import { Bones, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { useZones } from './editor'
import { calendarKeys, usePresets } from './queries'
import type { File } from './transfer'
import { dateIn, isDate } from './zone'

type Fields = Names & { zone?: string; preset?: string; first?: string }

/** NewCalendar makes a calendar from a preset or from a file, and goes on to it. */
export function NewCalendar({ file, close }: { file?: File; close: () => void }) {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const zone = Form.useWatch('zone', form) ?? 'Asia/Shanghai'
  const presets = usePresets(zone)
  const zones = useZones(zone)
  const preset = Form.useWatch('preset', form) ?? 'three-shifts'
  const picked = presets.data?.find((p) => p.id === preset)
  const asksFirst = picked !== undefined && firstOf(picked.definition) !== undefined
  const save = (f: Fields) =>
    submit.run(async () => {
      const definition = file?.definition ?? (picked && begun(picked.definition, f.first))
      if (!definition) return
      const made = await post<Calendar>('/plant/calendars', { org: org.id, name: nameOf(f), definition })
      await refreshed(calendarKeys.list(org.id))
      await navigate(at(`calendars/${made.id}`))
    }, form)
  return (
    <Ask
      title={file ? t('calendars.import') : t('calendars.add')}
      ok={t('calendars.addDo')}
      form={form}
      submit={submit}
      initial={
        file
          ? { zh: file.name?.zh, en: file.name?.en }
          : { zone: 'Asia/Shanghai', preset: 'three-shifts', first: dateIn(zone, nodeNow()) }
      }
      close={close}
      finish={(f) => void save(f)}
    >
      <NameFields />
      {file ? (
        <p className="muted">{t('calendars.importText', { zone: file.definition.zone })}</p>
      ) : (
        <>
          <Form.Item name="zone" label={t('calendars.zone')}>
            <Select showSearch options={zones} />
          </Form.Item>
          {presets.error && !presets.data ? (
            <Fault problem={presets.error} retry={() => void presets.refetch()} />
          ) : presets.data ? (
            <Form.Item name="preset" label={t('calendars.preset')}>
              <Radio.Group className="presets">
                {presets.data.map((p) => (
                  <Radio key={p.id} value={p.id}>
                    {n(p.name)}
                    <br />
                    <small className="muted">{n(p.note)}</small>
                  </Radio>
                ))}
              </Radio.Group>
            </Form.Item>
          ) : (
            <Bones rows={4} />
          )}
          {asksFirst && (
            <Form.Item
              name="first"
              label={t('calendars.cycleFirst')}
              extra={<span className="field-mend">{t('calendars.cycleFirstHelp')}</span>}
              rules={[
                {
                  validator: (_, v: string) =>
                    isDate(v) ? Promise.resolve() : Promise.reject(new Error(t('calendars.dateMissing'))),
                },
              ]}
            >
              <Input type="date" style={{ width: 180 }} />
            </Form.Item>
          )}
        </>
      )}
    </Ask>
  )
}

const firstOf = (d: CalendarDefinition) => d.patterns?.[0]?.cycle?.first

// A preset with a cycle begins it on the date that was asked for.
function begun(d: CalendarDefinition, first: string | undefined): CalendarDefinition {
  if (firstOf(d) === undefined || !first) return d
  return { ...d, patterns: d.patterns?.map((p) => (p.cycle ? { ...p, cycle: { ...p.cycle, first } } : p)) }
}
