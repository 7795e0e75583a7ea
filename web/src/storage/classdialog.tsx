import { Form, InputNumber } from 'antd'

import { patch, post } from '../api/client'
import type { Retention, RetentionClass } from '../api/types'
import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { useRefreshed } from '../live/live'
import { Ask, NameFields, nameOf, type Names } from '../plant/dialogs'
import { useSubmit } from '../ui/submit'
import { Consequence } from './consequence'
import { storageKeys } from './queries'
import { ReasonField } from './reason'
import { cutoff, daysFault, grace, leastDays, mostDays, shorter } from './terms'
import { useKept } from './words'

type Fields = Names & { days: number | null; reason: string }

/** ClassDialog makes a class, or gives one another time to keep; it says what will be gone by that, and when. */
export function ClassDialog({ rules, held, close }: { rules: Retention; held?: RetentionClass; close: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const submit = useSubmit()
  const [form] = Form.useForm<Fields>()
  const days = Form.useWatch('days', form)
  const save = async (f: Fields) => {
    const ok = await submit.run(async () => {
      const body = { days: f.days, reason: f.reason.trim() }
      if (held) await patch(`/retention/classes/${held.id}`, body)
      else await post('/retention/classes', { org: org.id, name: nameOf(f), ...body })
      await refreshed(storageKeys.rules(org.id))
    }, form)
    if (ok) close()
  }
  const takes = held !== undefined && typeof days === 'number' && shorter(held.days, days)
  return (
    <Ask
      title={held ? t('storage.changeOf', { name: n(held.name) }) : t('storage.addClass')}
      ok={takes ? t('storage.shortenDo') : held ? t('save') : t('storage.addClassDo')}
      danger={takes}
      form={form}
      submit={submit}
      initial={{ days: held?.days ?? 365 }}
      close={close}
      finish={(f) => void save(f)}
    >
      {!held && <NameFields />}
      <Form.Item
        name="days"
        label={t('storage.keepDays')}
        extra={<span className="field-mend">{t('storage.daysHelp', { min: leastDays, max: mostDays })}</span>}
        rules={[
          {
            validator: (_, v: number | null) =>
              v === null || daysFault(v)
                ? Promise.reject(new Error(t('storage.daysFault', { min: leastDays, max: mostDays })))
                : Promise.resolve(),
          },
        ]}
      >
        <InputNumber min={0} max={mostDays} precision={0} autoFocus={held !== undefined} style={{ width: 160 }} />
      </Form.Item>
      <ReasonField hint={t('storage.reasonHint')} />
      {held && typeof days === 'number' && !daysFault(days) && <Change rules={rules} held={held} days={days} />}
    </Ask>
  )
}

function Change({ rules, held, days }: { rules: Retention; held: RetentionClass; days: number }) {
  const { t, lang } = useI18n()
  const { kept, minute } = useKept()
  const series = rules.due.find((d) => d.class === held.id)?.series ?? 0
  if (days === held.days) return <Consequence>{t('storage.sameDays', { kept: kept(days) })}</Consequence>
  if (!shorter(held.days, days)) return <Consequence>{t('storage.longer', { kept: kept(days) })}</Consequence>
  const from = nodeNow() + grace
  return (
    <Consequence takes>
      {series === 0
        ? t('storage.shorterNone', { time: minute(from) })
        : t('storage.shorter', {
            n: whole(lang, series),
            time: minute(from),
            before: minute(cutoff(days, from) ?? 0),
          })}
    </Consequence>
  )
}
