import { Button, Modal, Progress, Radio } from 'antd'
import { useEffect, useRef, useState } from 'react'

import { Problem } from '../../api/problem'
import { bytes, whole } from '../../format/number'
import { dateTime, zone } from '../../format/time'
import { useI18n, type Key } from '../../i18n'
import { save } from '../../trend/csv'
import type { Interval } from '../../trend/segments'
import { Fault } from '../../ui/states'
import { nodeFile, NoRoute, type FileFormat } from './stream'
import { readPlot, readRaw, wideFile } from './wide'
import type { Known } from './usedata'

type Kind = 'png' | 'plot' | FileFormat

const kinds: { kind: Kind; title: Key; help: Key }[] = [
  { kind: 'csv', title: 'trends.rawCsv', help: 'trends.rawHelp' },
  { kind: 'xlsx', title: 'trends.rawXlsx', help: 'trends.xlsxHelp' },
  { kind: 'arrow', title: 'trends.rawArrow', help: 'trends.arrowHelp' },
  { kind: 'plot', title: 'trends.plotCsv', help: 'trends.plotHelp' },
  { kind: 'png', title: 'trends.picture', help: 'trends.pictureHelp' },
]

interface Props {
  known: Known[]
  span: Interval
  asOf: string | undefined
  pixels: number
  fileName: string
  picture: () => Promise<Blob>
  close: () => void
}

/** ExportDialog writes what is shown into a file: the samples, the plotted values, or the picture. */
export function ExportDialog({ known, span, asOf, pixels, fileName, picture, close }: Props) {
  const { t, lang } = useI18n()
  // The span of a moving trend goes on; the export is of what was seen when it was asked for.
  const [fixed] = useState(span)
  const [kind, setKind] = useState<Kind>('csv')
  const [state, setState] = useState<{ running: boolean; done: boolean; share?: number; told?: string }>({
    running: false,
    done: false,
  })
  const [problem, setProblem] = useState<Problem>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const choose = (next: Kind) => {
    setKind(next)
    setProblem(undefined)
    setState({ running: false, done: false })
  }
  const paged = (raw: boolean, signal: AbortSignal) =>
    wideFile(
      known.map((k) => ({ id: k.id, label: k.name, unit: k.unit, text: k.type === 'string' })),
      fixed,
      raw ? readRaw(fixed, asOf) : readPlot(fixed, pixels, asOf),
      signal,
      ({ share, rows }) =>
        setState({ running: true, done: false, share, told: t('trends.rows', { rows: whole(lang, rows) }) }),
    )
  const make = async (signal: AbortSignal): Promise<Blob> => {
    if (kind === 'png') return picture()
    if (kind === 'plot') return paged(false, signal)
    try {
      const ids = known.map((k) => k.id)
      return await nodeFile(kind, ids, fixed, asOf, lang === 'en' ? 'en' : 'zh-CN', signal, (n) =>
        setState({ running: true, done: false, told: t('trends.bytes', { size: bytes(lang, n) }) }),
      )
    } catch (e) {
      if (!(e instanceof NoRoute)) throw e
      if (kind !== 'csv') throw new Problem(404, 'no-such-address', t('trends.noRoute'))
      return paged(true, signal)
    }
  }
  const start = async () => {
    const mine = new AbortController()
    abort.current = mine
    setProblem(undefined)
    setState({ running: true, done: false })
    try {
      const file = await make(mine.signal)
      if (mine.signal.aborted) return
      save(file, `${fileName}-${stamp(fixed.from)}-${stamp(fixed.to)}${kind === 'plot' ? '-plot.csv' : `.${kind}`}`)
      setState((s) => ({
        ...s,
        running: false,
        done: true,
        share: 1,
        told: t('trends.saved', { size: bytes(lang, file.size) }),
      }))
    } catch (e) {
      if (mine.signal.aborted) return
      setState({ running: false, done: false })
      setProblem(e instanceof Problem ? e : new Problem(0, 'export', String(e)))
    }
  }
  const cancel = () => {
    abort.current?.abort()
    if (state.running) setState({ running: false, done: false })
    else close()
  }
  return (
    <Modal
      open
      title={t('trends.export')}
      onCancel={() => {
        abort.current?.abort()
        close()
      }}
      mask={{ closable: !state.running }}
      width={480}
      footer={
        <>
          <Button onClick={cancel}>{t(state.running ? 'cancel' : 'close')}</Button>
          <Button type="primary" loading={state.running} disabled={known.length === 0} onClick={() => void start()}>
            {t('export.start')}
          </Button>
        </>
      }
    >
      <div className="stack">
        <dl className="facts">
          <dt>{t('trend.span')}</dt>
          <dd>
            {dateTime(fixed.from)} – {dateTime(fixed.to)}
            <div className="muted">{zone()}</div>
          </dd>
          {asOf !== undefined && (
            <>
              <dt>{t('trends.asOf')}</dt>
              <dd>{dateTime(Date.parse(asOf))}</dd>
            </>
          )}
          <dt>{t('export.series')}</dt>
          <dd>{known.map((k) => k.name).join(lang === 'en' ? ', ' : '、')}</dd>
        </dl>
        <Radio.Group
          value={kind}
          disabled={state.running}
          onChange={(e) => choose(e.target.value as Kind)}
          className="stack"
          style={{ gap: 6 }}
          aria-label={t('trends.format')}
        >
          {kinds.map((k) => (
            <Radio key={k.kind} value={k.kind}>
              {t(k.title)}
              <div className="muted small">{t(k.help)}</div>
            </Radio>
          ))}
        </Radio.Group>
        <div aria-live="polite">
          {(state.running || state.done) && (
            <>
              {state.share !== undefined && (
                <Progress percent={Math.round(state.share * 100)} status={state.done ? 'success' : 'active'} />
              )}
              {state.told}
            </>
          )}
        </div>
        {problem && <Fault problem={problem} />}
      </div>
    </Modal>
  )
}

const stamp = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
