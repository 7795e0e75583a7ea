import { ArrowLeftOutlined, ArrowRightOutlined, CaretRightOutlined, PauseOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { App, Button, Input } from 'antd'
import { useLayoutEffect, useRef, useState } from 'react'

import { get } from '../api/client'
import type { components } from '../api/schema'
import { dateTimeMillis, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Blank, Bones, Fault } from '../ui/states'
import { copy } from '../ui/secret'
import { DeviceFault } from '../wizard/fault'
import { asText, grouped, matching, type Frame } from './frame'

type Answer = components['schemas']['LinkAnswer']

/** Frames shows the last messages on the wire and follows them, until it is told to pause. */
export function Frames({ link, approve }: { link: string; approve: (fingerprint: string) => void }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const [paused, setPaused] = useState(false)
  const [filter, setFilter] = useState('')
  const asked = useQuery({
    queryKey: ['trace', link],
    queryFn: ({ signal }) => get<Answer>(`/links/${link}/trace`, { limit: 200 }, signal),
    enabled: !paused,
    refetchInterval: (q) => (q.state.error ? 5000 : 1000),
    gcTime: 0,
  })
  const word = (f: Frame) => t(f.sent ? 'trace.sent' : 'trace.received')
  const frames = asked.data?.frames ?? []
  const shown = matching(frames, filter, word)
  const save = () => {
    const file = URL.createObjectURL(new Blob([asText(shown, word)], { type: 'text/plain' }))
    const a = document.createElement('a')
    a.href = file
    a.download = `frames-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.txt`
    a.click()
    setTimeout(() => URL.revokeObjectURL(file), 60_000)
  }
  const take = async () => {
    if (await copy(asText(shown, word))) void message.success(t('copied'))
  }
  return (
    <div className="stack trace">
      <div className="row wrap">
        <Button
          icon={paused ? <CaretRightOutlined aria-hidden /> : <PauseOutlined aria-hidden />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? t('trace.continue') : t('trace.pause')}
        </Button>
        <Input
          className="filter"
          allowClear
          value={filter}
          placeholder={t('trace.filter')}
          aria-label={t('trace.filter')}
          onChange={(e) => setFilter(e.target.value)}
        />
        <Button disabled={shown.length === 0} onClick={() => void take()}>
          {t('trace.copy')}
        </Button>
        <Button disabled={shown.length === 0} onClick={save}>
          {t('trace.download')}
        </Button>
        <span className="muted nowrap" data-testid="frame-count">
          {shown.length === frames.length
            ? t('trace.count', { n: frames.length })
            : t('trace.shown', { n: shown.length, all: frames.length })}
          {paused && ` · ${t('trace.held')}`}
        </span>
      </div>
      {asked.error && <Fault problem={asked.error} retry={() => void asked.refetch()} />}
      {asked.data?.fault && <DeviceFault fault={asked.data.fault} approve={approve} />}
      {!asked.data && !asked.error && <Bones />}
      {asked.data && !asked.data.fault && frames.length === 0 && (
        <Blank title={t('trace.none')}>{t('trace.noneHelp')}</Blank>
      )}
      {frames.length > 0 && shown.length === 0 && <Blank title={t('trace.noMatch')} />}
      {shown.length > 0 && <Table frames={shown} word={word} follow={!paused} />}
    </div>
  )
}

function Table({ frames, word, follow }: { frames: readonly Frame[]; word: (f: Frame) => string; follow: boolean }) {
  const { t } = useI18n()
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  // The newest stand last; whoever has scrolled up to read is left there.
  useLayoutEffect(() => {
    if (follow && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [frames, follow])
  return (
    <div
      className="tablebox"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={t('trace.frames')}
      onScroll={(e) => {
        const b = e.currentTarget
        atEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40
      }}
    >
      <table className="data frames">
        <caption className="hidden-text">{t('trace.frames')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('trace.time')}</th>
            <th scope="col">{t('trace.direction')}</th>
            <th scope="col">{t('trace.bytes')}</th>
            <th scope="col">{t('trace.note')}</th>
          </tr>
        </thead>
        <tbody>
          {frames.map((f, i) => (
            <tr key={`${f.time} ${i}`} className={f.sent ? 'sent' : 'received'}>
              <td className="nowrap mono time" title={dateTimeMillis(millis(f.time))}>
                {dateTimeMillis(millis(f.time)).slice(11)}
              </td>
              <td className="nowrap direction">
                {f.sent ? <ArrowRightOutlined aria-hidden /> : <ArrowLeftOutlined aria-hidden />} {word(f)}
              </td>
              <td className="bytes">
                <code>{grouped(f.hex)}</code>
                {f.size && f.size * 2 > f.hex.length ? (
                  <span className="muted" title={t('trace.cut', { n: f.size })}>
                    {' …'}
                    <span className="hidden-text">{t('trace.cut', { n: f.size })}</span>
                  </span>
                ) : null}
              </td>
              <td className="note">{f.note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
