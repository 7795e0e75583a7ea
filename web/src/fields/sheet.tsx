import { DownloadOutlined, InboxOutlined } from '@ant-design/icons'
import { App, Button, Input, Modal } from 'antd'
import { useEffect, useRef, useState, type ReactNode } from 'react'

import { Problem } from '../api/problem'
import type { Text } from '../api/types'
import { download } from '../files/transfer'
import { errorList } from '../files/errorlist'
import { bytes, whole } from '../format/number'
import { useI18n } from '../i18n'
import { save } from '../trend/csv'
import { Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import { find, type Field } from './field'
import '../files/files.css'
import './fields.css'

export interface SheetFault {
  sheet?: string
  row: number
  cell?: string
  column?: string
  value?: string
  code: string
  message: Text
  mend: Text
}

/** What the node says that a spreadsheet does, or has done. */
export interface SheetAnswer {
  applied: boolean
  rows: number
  new: number
  changed: number
  unchanged: number
  faults: SheetFault[]
  more?: number
}

export interface SheetAsk {
  file: Blob
  dryRun: boolean
  reason: string
  signal: AbortSignal
}

/** What the node takes at most. */
const mostBytes = 32 * 1024 * 1024

/** A chosen file. It is read once: what was checked is what is imported, also if the file has changed since. */
interface Chosen {
  name: string
  bytes: Blob
}

/** How many faults are shown at first, and with each "more". */
const step = 100

/**
 * SheetDialog takes a spreadsheet: the node checks it at once and says what it would do or what is wrong, by row and
 * cell; it is imported whole, or not at all.
 */
export function SheetDialog({
  title,
  most,
  fields,
  template,
  send,
  options,
  ready = true,
  reason: told,
  again,
  imported,
  close,
}: {
  title: string
  /** Rows, at most. */
  most: number
  fields: Field[]
  /** Address of the empty file; undefined until it is known which. */
  template: string | undefined
  send: (ask: SheetAsk) => Promise<SheetAnswer>
  /** What has to be told besides the file. */
  options?: ReactNode
  /** All of it is told. */
  ready?: boolean
  /** The reason of changes, where the options ask for it. */
  reason?: string
  /** Whatever else the answer depends on: where it changes, the file is checked anew. */
  again?: string
  imported: () => Promise<unknown>
  close: () => void
}) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const chooser = useRef<HTMLInputElement>(null)
  const call = useRef<AbortController>(undefined)
  const [file, setFile] = useState<Chosen>()
  const [refusal, setRefusal] = useState('')
  const [typed, setTyped] = useState('')
  const reason = told ?? typed
  const [doing, setDoing] = useState<'check' | 'apply'>()
  const [answer, setAnswer] = useState<SheetAnswer>()
  const [checked, setChecked] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  const [over, setOver] = useState(false)
  useEffect(() => () => call.current?.abort(), [])

  const ask = async (what: 'check' | 'apply', one: Chosen) => {
    call.current?.abort()
    const mine = new AbortController()
    call.current = mine
    setProblem(undefined)
    if (what === 'check') setAnswer(undefined)
    setDoing(what)
    try {
      const got = await send({ file: one.bytes, dryRun: what === 'check', reason: reason.trim(), signal: mine.signal })
      if (mine.signal.aborted) return
      setAnswer(got)
      setChecked(again)
      if (got.applied) await imported()
    } catch (e) {
      if (mine.signal.aborted) return
      if (!(e instanceof Problem)) throw e
      setProblem(e)
    } finally {
      if (call.current === mine) setDoing(undefined)
    }
  }
  const take = async (given: File) => {
    call.current?.abort()
    setAnswer(undefined)
    setProblem(undefined)
    setRefusal('')
    setFile(undefined)
    const { name } = given
    if (!/\.(xlsx|csv)$/i.test(name)) return setRefusal(t('fields.badFormat', { name }))
    if (given.size > mostBytes) return setRefusal(t('fields.tooLarge', { name, size: bytes(lang, given.size) }))
    if (given.size === 0) return setRefusal(t('files.empty', { name }))
    let content: ArrayBuffer
    try {
      content = await given.arrayBuffer()
    } catch {
      return setRefusal(t('files.unread', { name }))
    }
    const one = { name, bytes: new Blob([content]) }
    setFile(one)
    if (ready) await ask('check', one)
  }
  const save = async (format: string) => {
    if (!template) return
    try {
      await download(template, { format }, lang)
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const applying = doing === 'apply'
  const stale = answer !== undefined && !answer.applied && checked !== again
  const good = answer && !stale && answer.faults.length === 0
  const todo = good ? answer.new + answer.changed : 0
  const done = answer?.applied ?? false
  return (
    <Modal
      open
      width={920}
      className="sheet"
      title={title}
      onCancel={close}
      mask={{ closable: false }}
      footer={[
        <Button key="close" onClick={close} disabled={applying}>
          {done ? t('close') : t('cancel')}
        </Button>,
        file && !done && (stale || !answer) && (
          <Button key="check" disabled={!ready} loading={doing === 'check'} onClick={() => void ask('check', file)}>
            {t('fields.check')}
          </Button>
        ),
        file && !done && todo > 0 && (
          <Button
            key="apply"
            type="primary"
            loading={applying}
            disabled={doing === 'check' || (good && answer.changed > 0 && reason.trim().length < 3)}
            onClick={() => void ask('apply', file)}
          >
            {t('fields.apply', { n: todo })}
          </Button>
        ),
      ]}
    >
      {options}
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
          <Button type={file ? 'default' : 'primary'} disabled={applying} onClick={() => chooser.current?.click()}>
            {file ? t('files.chooseOther') : t('files.choose')}
          </Button>
          {template && (
            <>
              <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={() => void save('xlsx')}>
                {t('fields.template', { format: 'XLSX' })}
              </Button>
              <Button type="link" icon={<DownloadOutlined aria-hidden />} onClick={() => void save('csv')}>
                {t('fields.template', { format: 'CSV' })}
              </Button>
            </>
          )}
        </div>
        <p className="muted">
          <small>{t('fields.limits', { n: whole(lang, most) })}</small>
        </p>
        <input
          ref={chooser}
          type="file"
          hidden
          accept=".xlsx,.csv"
          aria-label={t('files.choose')}
          onChange={(e) => {
            const given = e.target.files?.[0]
            if (given) void take(given)
            // The same file, mended, is a choice again.
            e.target.value = ''
          }}
        />
      </div>
      <div role="status" className="doing">
        {doing && file && t(applying ? 'fields.applying' : 'files.checking', { name: file.name })}
        {done && file && <span className="tag good">{t('fields.applied', { name: file.name })}</span>}
      </div>
      {refusal && (
        <div className="fault" role="alert">
          {refusal}
        </div>
      )}
      {problem && file && (
        <Fault problem={problem} retry={problem.passing ? () => void ask('check', file) : undefined} />
      )}
      {answer && !stale && (
        <>
          <dl className="figures dense sheetcounts">
            {(
              [
                ['fields.rows', answer.rows],
                ['fields.new', answer.new],
                ['fields.changed', answer.changed],
                ['fields.unchanged', answer.unchanged],
                ['fields.faults', answer.faults.length + (answer.more ?? 0)],
              ] as const
            ).map(([word, n]) => (
              <div key={word} data-count={word}>
                <dt>{t(word)}</dt>
                <dd>{whole(lang, n)}</dd>
              </div>
            ))}
          </dl>
          {answer.faults.length > 0 && file && <Faults answer={answer} fields={fields} name={file.name} />}
          {good && !done && todo === 0 && <p className="muted">{t('fields.nothing')}</p>}
          {good && !done && answer.changed > 0 && told === undefined && (
            <>
              <label htmlFor="sheet-reason">{t('fields.reasonFor', { n: answer.changed })}</label>
              <Input
                id="sheet-reason"
                aria-required
                value={reason}
                maxLength={2000}
                disabled={applying}
                placeholder={t('fields.reasonHint')}
                onChange={(e) => setTyped(e.target.value)}
              />
            </>
          )}
        </>
      )}
    </Modal>
  )
}

function Faults({ answer, fields, name }: { answer: SheetAnswer; fields: Field[]; name: string }) {
  const { t, n, lang } = useI18n()
  const [most, setMost] = useState(step)
  const { faults } = answer
  const sheets = new Set(faults.map((f) => f.sheet)).size > 1
  const column = (f: SheetFault) => n(find(fields, (f.column ?? '').replace(/\[\d+\]/g, ''))?.name) || f.column
  const heads = () => [
    t('files.sheet'),
    t('files.row'),
    t('files.cell'),
    t('files.column'),
    t('value'),
    t('files.wrong'),
    t('files.mend'),
    t('files.code'),
  ]
  return (
    <>
      <div className="row wrap" style={{ marginBottom: 8 }}>
        <strong className="grow" role="alert">
          {t('fields.refused', { n: faults.length + (answer.more ?? 0) })}
        </strong>
        <Button
          size="small"
          icon={<DownloadOutlined aria-hidden />}
          onClick={() =>
            save(errorList(faults, heads(), n), t('files.errorsName', { name: name.replace(/\.\w+$/, '') }))
          }
        >
          {t('files.saveErrors')}
        </Button>
      </div>
      <DataTable label={t('files.errors')} className="cards roomy">
        <thead>
          <tr>
            {sheets && <th scope="col">{t('files.sheet')}</th>}
            <th scope="col" className="num">
              {t('files.row')}
            </th>
            <th scope="col">{t('files.cell')}</th>
            <th scope="col">{t('files.column')}</th>
            <th scope="col">{t('value')}</th>
            <th scope="col">{t('files.wrong')}</th>
            <th scope="col">{t('files.mend')}</th>
          </tr>
        </thead>
        <tbody>
          {faults.slice(0, most).map((f, i) => (
            <tr key={i}>
              {sheets && <td data-label={t('files.sheet')}>{f.sheet ?? '–'}</td>}
              <td data-label={t('files.row')} className="num">
                <strong>{f.row}</strong>
              </td>
              <td data-label={t('files.cell')}>{f.cell ? <code>{f.cell}</code> : '–'}</td>
              <td data-label={t('files.column')}>{column(f) ?? '–'}</td>
              <td data-label={t('value')}>{f.value ? <code>{f.value}</code> : '–'}</td>
              <td data-label={t('files.wrong')}>{n(f.message)}</td>
              <td data-label={t('files.mend')}>{n(f.mend)}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <div className="row wrap muted" style={{ paddingTop: 8 }}>
        {most < faults.length && (
          <Button size="small" onClick={() => setMost((m) => m + step)}>
            {t('files.more', { n: whole(lang, Math.min(step, faults.length - most)) })}
          </Button>
        )}
        {(answer.more ?? 0) > 0 && <span>{t('fields.unlisted', { n: whole(lang, answer.more ?? 0) })}</span>}
      </div>
    </>
  )
}
