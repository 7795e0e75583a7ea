import '../storage/storage.css'
import '../calendars/calendars.css'

import { DownloadOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useMemo, useState } from 'react'
import { useParams } from 'react-router'

import type { Calendar } from '../api/types'
import { useHere } from '../app/org'
import { RenameDialog, SaveDialog } from '../calendars/dialogs'
import { toDefinition, toDraft, type Draft } from '../calendars/draft'
import { Editor } from '../calendars/editor'
import { FaultsContext, faultsOf } from '../calendars/faults'
import { Preview, twoWeeks, useFirstDay } from '../calendars/preview'
import { useCalendar, usePreview } from '../calendars/queries'
import { fileName, fileText } from '../calendars/transfer'
import { Versions } from '../calendars/versions'
import { dateIn } from '../calendars/zone'
import { save } from '../trend/csv'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { PageHead } from '../ui/page'
import { Answer, Fault } from '../ui/states'

/** CalendarPage shows one calendar: what it says, two weeks of it, and all its versions; and changes it. */
export function CalendarPage() {
  const { id = '' } = useParams()
  const { t } = useI18n()
  const { at } = useHere()
  const calendar = useCalendar(id)
  if (calendar.data) return <One key={calendar.data.etag} calendar={calendar.data} />
  return (
    <>
      <PageHead title={t('calendars.one')} crumbs={[{ label: t('calendars.title'), to: at('calendars') }]} />
      <section className="panel">
        <Answer query={calendar}>{() => null}</Answer>
      </section>
    </>
  )
}

function One({ calendar: c }: { calendar: Calendar }) {
  const { at, may } = useHere()
  const { t, n } = useI18n()
  const [draft, setDraft] = useState(() => toDraft(c.definition))
  const [dialog, setDialog] = useState<'save' | 'rename'>()
  const definition = useMemo(() => toDefinition(draft), [draft])
  const changed = JSON.stringify(definition) !== JSON.stringify(toDefinition(toDraft(c.definition)))
  useStay(changed)
  const settled = useSettled(definition)
  const day = useFirstDay(settled.zone)
  const { from, to } = twoWeeks(settled, day.first)
  const preview = usePreview(settled, from, to)
  const faults = useMemo(() => faultsOf(preview.error), [preview.error])
  const today = dateIn(draft.zone, nodeNow())
  // What belongs to no field is told as a whole.
  const other = preview.error && faults.size === 0 ? preview.error : undefined
  const take = (d: Draft) => {
    setDraft(d)
    window.scrollTo({ top: 0 })
  }
  return (
    <FaultsContext value={faults}>
      <PageHead
        title={n(c.name)}
        crumbs={[{ label: t('calendars.title'), to: at('calendars') }]}
        after={<span className="tag">{t('calendars.version', { n: c.number })}</span>}
      >
        <Button
          icon={<DownloadOutlined aria-hidden />}
          onClick={() => download(fileText({ name: c.name, definition }), fileName(n(c.name)))}
        >
          {t('calendars.export')}
        </Button>
        {may('configure') && <Button onClick={() => setDialog('rename')}>{t('plant.rename')}</Button>}
      </PageHead>
      {changed && (
        <div className="panel unsaved" role="status">
          <span className="grow">
            {faults.size > 0 ? t('calendars.faults', { n: faults.size }) : t('calendars.unsaved')}
          </span>
          <Button onClick={() => setDraft(toDraft(c.definition))}>{t('calendars.discard')}</Button>
          <Button type="primary" disabled={preview.error !== null} onClick={() => setDialog('save')}>
            {t('calendars.save')}
          </Button>
        </div>
      )}
      {other && <Fault problem={other} retry={() => void preview.refetch()} />}
      <div className="columns calendar">
        <div className="stack">
          <Editor draft={draft} change={setDraft} today={today} disabled={!may('configure')} />
        </div>
        <div className="stack">
          <Preview definition={settled} answer={preview} {...day} />
          <Versions calendar={c} take={may('configure') ? (v) => take(toDraft(v.definition)) : undefined} />
        </div>
      </div>
      {dialog === 'save' && <SaveDialog calendar={c} definition={definition} close={() => setDialog(undefined)} />}
      {dialog === 'rename' && <RenameDialog calendar={c} close={() => setDialog(undefined)} />}
    </FaultsContext>
  )
}

// What is typed is asked about once the hand rests.
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 300)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

// Closing the tab would lose what is not saved.
function useStay(changed: boolean) {
  useEffect(() => {
    if (!changed) return
    const ask = (e: BeforeUnloadEvent) => e.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [changed])
}

const download = (text: string, name: string) => save(new Blob([text], { type: 'application/json' }), name)
