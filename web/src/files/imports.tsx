import { InboxOutlined } from '@ant-design/icons'
import { Button, Checkbox, Input } from 'antd'
import { useEffect, useRef, useState, type ReactNode } from 'react'

import { Problem } from '../api/problem'
import { keys } from '../api/queries'
import { useHere } from '../app/org'
import { bytes } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Fault } from '../ui/states'
import { Outcome } from './outcome'
import { formatOf, mostBytes, send, type Format, type Imported } from './transfer'

/** A chosen file. It is read once: what was checked is what is imported, also if the file has changed since. */
interface Chosen {
  name: string
  format: Format
  bytes: Blob
}

interface Doing {
  what: 'check' | 'apply'
  /** How much of the file has gone over the line, 0 to 1. */
  share: number
}

/** Imports takes a file, has the node check it at once, shows what it would do, and does it when told to. */
export function Imports({ beside }: { beside: ReactNode }) {
  const { org, may } = useHere()
  const { t, lang } = useI18n()
  const refreshed = useRefreshed()
  const chooser = useRef<HTMLInputElement>(null)
  const call = useRef<AbortController>(undefined)
  const [file, setFile] = useState<Chosen>()
  const [refusal, setRefusal] = useState('')
  const [prune, setPrune] = useState(false)
  const [reason, setReason] = useState('')
  const [doing, setDoing] = useState<Doing>()
  const [answer, setAnswer] = useState<Imported>()
  const [problem, setProblem] = useState<Problem>()
  const [over, setOver] = useState(false)
  useEffect(() => () => call.current?.abort(), [])

  const ask = async (what: Doing['what'], one: Chosen, pruning: boolean) => {
    call.current?.abort()
    const mine = new AbortController()
    call.current = mine
    setProblem(undefined)
    if (what === 'check') setAnswer(undefined)
    setDoing({ what, share: 0 })
    const about = {
      org: org.id,
      format: one.format,
      dryRun: what === 'check',
      prune: pruning,
      reason: what === 'apply' && pruning ? reason : '',
    }
    try {
      const got = await send(about, one.bytes, lang, mine.signal, (share) => {
        if (!mine.signal.aborted) setDoing({ what, share })
      })
      if (mine.signal.aborted) return
      setAnswer(got)
      if (got.applied) await refreshed(keys.plant(), keys.machine(), keys.series(), keys.latest())
    } catch (e) {
      if (mine.signal.aborted) return
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      if (call.current === mine) setDoing(undefined)
    }
  }

  const clear = () => {
    call.current?.abort()
    setDoing(undefined)
    setFile(undefined)
    setAnswer(undefined)
    setProblem(undefined)
    setRefusal('')
  }
  const take = async (given: File) => {
    clear()
    const { name } = given
    const format = formatOf(name)
    if (!format) return setRefusal(t('files.badFormat', { name }))
    if (given.size > mostBytes) return setRefusal(t('files.tooLarge', { name, size: bytes(lang, given.size) }))
    if (given.size === 0) return setRefusal(t('files.empty', { name }))
    let content: ArrayBuffer
    try {
      content = await given.arrayBuffer()
    } catch {
      return setRefusal(t('files.unread', { name }))
    }
    const one = { name, format, bytes: new Blob([content]) }
    setFile(one)
    await ask('check', one, prune)
  }
  const turn = (on: boolean) => {
    setPrune(on)
    if (file && !answer?.applied) void ask('check', file, on)
  }

  if (!may('configure')) {
    return (
      <div className="columns files">
        {beside}
        <section className="panel" aria-label={t('files.import')}>
          <header>
            <h2>{t('files.import')}</h2>
          </header>
          <div className="body muted">{t('files.viewer')}</div>
        </section>
      </div>
    )
  }
  const applying = doing?.what === 'apply'
  const done = answer?.applied ?? false
  return (
    <>
      <div className="columns files">
        {beside}
        <section className="panel" aria-label={t('files.import')}>
          <header>
            <h2>{t('files.import')}</h2>
          </header>
          <div className="body">
            <div
              className={over ? 'dropzone over' : 'dropzone'}
              onDragOver={(e) => {
                e.preventDefault()
                setOver(!applying)
              }}
              onDragLeave={() => setOver(false)}
              onDrop={(e) => {
                e.preventDefault()
                setOver(false)
                const given = e.dataTransfer.files[0]
                if (given && !applying) void take(given)
              }}
            >
              <p>
                {file ? (
                  <>
                    <strong>{file.name}</strong> <span className="muted">{bytes(lang, file.bytes.size)}</span>
                  </>
                ) : (
                  <>
                    <InboxOutlined aria-hidden /> {t('files.drop')}
                  </>
                )}
              </p>
              <div className="row wrap">
                <Button
                  type={file ? 'default' : 'primary'}
                  disabled={applying}
                  onClick={() => chooser.current?.click()}
                >
                  {file ? t('files.chooseOther') : t('files.choose')}
                </Button>
                {file && !done && (
                  <Button disabled={doing !== undefined} onClick={() => void ask('check', file, prune)}>
                    {t('files.again')}
                  </Button>
                )}
              </div>
              <p className="muted">
                <small>{t('files.limits')}</small>
              </p>
              <input
                ref={chooser}
                type="file"
                hidden
                accept=".xlsx,.csv,.yaml,.yml"
                aria-label={t('files.choose')}
                onChange={(e) => {
                  const given = e.target.files?.[0]
                  if (given) void take(given)
                  // The same file, mended, is a choice again.
                  e.target.value = ''
                }}
              />
            </div>
            <div className="prune">
              <Checkbox checked={prune} disabled={applying} onChange={(e) => turn(e.target.checked)}>
                {t('files.prune')}
              </Checkbox>
              {prune && (
                <>
                  <p className="muted">{t('files.pruneHelp')}</p>
                  <Input
                    className="reason"
                    aria-label={t('files.pruneReason')}
                    aria-required
                    placeholder={t('files.pruneReason')}
                    value={reason}
                    maxLength={500}
                    disabled={applying}
                    onChange={(e) => setReason(e.target.value)}
                  />
                  {reason.trim() === '' && <p className="muted">{t('files.pruneFirst')}</p>}
                </>
              )}
            </div>
            <div role="status" className="doing">
              {doing && file && (
                <>
                  <progress value={doing.share < 1 ? doing.share : undefined} aria-label={t('files.import')} />
                  {doing.share < 1
                    ? t('files.sending', { name: file.name, n: Math.floor(doing.share * 100) })
                    : t('files.checking', { name: file.name })}
                </>
              )}
            </div>
            {refusal && (
              <div className="fault" role="alert">
                {refusal}
              </div>
            )}
            {problem && file && (
              <Fault problem={problem} retry={problem.passing ? () => void ask('check', file, prune) : undefined} />
            )}
          </div>
        </section>
      </div>
      {answer && file && (
        <Outcome
          answer={answer}
          name={file.name}
          busy={applying}
          // The node retires nothing without a reason.
          ready={!prune || reason.trim() !== ''}
          apply={() => ask('apply', file, prune)}
          another={clear}
        />
      )}
    </>
  )
}
