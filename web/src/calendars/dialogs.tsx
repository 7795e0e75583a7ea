import { Form, Input, Select } from 'antd'

import { call, patch } from '../api/client'
import { keys } from '../api/queries'
import type { Calendar, CalendarDefinition, CalendarSummary, PlantNode } from '../api/types'
import { useHere } from '../app/org'
import { millis } from '../format/time'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { Ask, NameFields, nameOf, type Names } from '../plant/dialogs'
import { Consequence } from '../storage/consequence'
import { ReasonField } from '../storage/reason'
import { useSubmit } from '../ui/submit'
import { calendarKeys } from './queries'
import { addDays, dateIn, isDate, within } from './zone'

interface Dated {
  from: string
  reason: string
}

function DateField({ zone }: { zone: string }) {
  const { t } = useI18n()
  return (
    <Form.Item
      name="from"
      label={t('calendars.effective')}
      extra={<span className="field-mend">{t('calendars.effectiveHelp', { zone })}</span>}
      rules={[
        {
          validator: (_, v: string) =>
            isDate(v) ? Promise.resolve() : Promise.reject(new Error(t('calendars.dateMissing'))),
        },
      ]}
    >
      <Input type="date" style={{ width: 180 }} />
    </Form.Item>
  )
}

/** SaveDialog adds a version: from which day it holds, and why; and says what that changes. */
export function SaveDialog({
  calendar: c,
  definition,
  close,
}: {
  calendar: Calendar
  definition: CalendarDefinition
  close: () => void
}) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Dated>()
  const today = dateIn(definition.zone, nodeNow())
  const from = (Form.useWatch('from', form) as string | undefined) ?? addDays(today, 1)
  const save = async (f: Dated) => {
    const ok = await submit.run(async () => {
      const body = { definition, from: within(definition.zone, f.from), reason: f.reason.trim() }
      await patch(`/plant/calendars/${c.id}`, body, c.etag)
      await refreshed(calendarKeys.one(c.id), calendarKeys.list(org.id), calendarKeys.site())
    }, form)
    if (ok) close()
  }
  const gone = isDate(from)
    ? c.versions.filter((v) => v.from !== undefined && dateIn(definition.zone, millis(v.from)) >= from)
    : []
  return (
    <Ask
      title={t('calendars.save')}
      ok={t('calendars.saveDo')}
      form={form}
      submit={submit}
      initial={{ from: addDays(today, 1) }}
      close={close}
      finish={(f) => void save(f)}
    >
      <DateField zone={definition.zone} />
      <ReasonField hint={t('calendars.reasonHint')} />
      <Consequence takes={from <= today}>
        {t(from > today ? 'calendars.saveLater' : 'calendars.savePast', { date: from })}
        {gone.length > 0 && ` ${t('calendars.saveReplaces', { list: gone.map((v) => v.number).join(', ') })}`}
      </Consequence>
    </Ask>
  )
}

export function RenameDialog({ calendar: c, close }: { calendar: Calendar; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Names & { reason: string }>()
  const save = async (f: Names & { reason: string }) => {
    const ok = await submit.run(async () => {
      await patch(`/plant/calendars/${c.id}`, { name: nameOf(f), reason: f.reason.trim() }, c.etag)
      await refreshed(calendarKeys.one(c.id), calendarKeys.list(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('plant.rename')}
      ok={t('save')}
      form={form}
      submit={submit}
      initial={{ zh: c.name.zh, en: c.name.en }}
      close={close}
      finish={(f) => void save(f)}
    >
      <NameFields />
      <ReasonField hint={t('calendars.renameHint')} />
    </Ask>
  )
}

/** AssignCalendar says by which calendar a site works from a day on. */
export function AssignCalendar({
  site,
  held,
  calendars,
  close,
}: {
  site: PlantNode
  held?: string
  calendars: CalendarSummary[]
  close: () => void
}) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  interface Fields extends Dated {
    calendar: string
  }
  const [form] = Form.useForm<Fields>()
  const chosen = (Form.useWatch('calendar', form) as string | undefined) ?? held ?? ''
  const zoneOf = (id: string) => calendars.find((c) => c.id === id)?.zone ?? 'Asia/Shanghai'
  const today = dateIn(zoneOf(chosen), nodeNow())
  const from = (Form.useWatch('from', form) as string | undefined) ?? today
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      await call('PUT', `/plant/nodes/${site.id}/calendar`, {
        body: {
          calendar: f.calendar || undefined,
          from: within(zoneOf(f.calendar), f.from),
          reason: f.reason.trim(),
        },
        etag: site.etag,
      })
      await refreshed(calendarKeys.site(), keys.plant(org.id))
    }, form)
    if (ok) close()
  }
  return (
    <Ask
      title={t('calendars.assignTo', { name: n(site.name) })}
      ok={t('calendars.assign')}
      form={form}
      submit={submit}
      initial={{ calendar: held ?? calendars[0]?.id ?? '', from: today }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item name="calendar" label={t('calendars.one')}>
        <Select
          options={[
            ...calendars.map((c) => ({ value: c.id, label: `${n(c.name)} · ${c.zone}` })),
            { value: '', label: t('calendars.default') },
          ]}
        />
      </Form.Item>
      <DateField zone={zoneOf(chosen)} />
      <ReasonField hint={t('calendars.assignHint')} />
      <Consequence takes={from <= today}>
        {t(from > today ? 'calendars.assignLater' : 'calendars.assignPast', { date: from })}
      </Consequence>
    </Ask>
  )
}
