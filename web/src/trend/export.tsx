import { Button, Modal, Radio } from 'antd'
import { useEffect, useRef, useState } from 'react'

import { Problem } from '../api/problem'
import { bytes } from '../format/number'
import { dateTime, zone } from '../format/time'
import { useI18n, type Key } from '../i18n'
import { Fault } from '../ui/states'
import { save } from './csv'
import type { Picked } from './lanes'
import type { Interval } from './segments'
import { nodeFile, type FileFormat } from './stream'
import { plotFile } from './wide'

type Kind = 'png' | 'plot' | FileFormat

const kinds: { kind: Kind; title: Key; help: Key }[] = [
  { kind: 'csv', title: 'trends.rawCsv', help: 'trends.rawHelp' },
  { kind: 'xlsx', title: 'trends.rawXlsx', help: 'trends.xlsxHelp' },
  { kind: 'arrow', title: 'trends.rawArrow', help: 'trends.arrowHelp' },
  { kind: 'plot', title: 'trends.plotCsv', help: 'trends.plotHelp' },
  { kind: 'png', title: 'trends.picture', help: 'trends.pictureHelp' },
]

interface Props {
  picked: Picked[]
  span: Interval
  asOf?: string
  pixels: number
  fileName: string
  /** Draws the picture, where there is one to take. */
  picture?: () => Promise<Blob>
  close: () => void
}

/** ExportDialog writes what is shown into a file: every sample, the plotted values, or the picture. */
export function ExportDialog({ picked, span, asOf, pixels, fileName, picture, close }: Props) {
  const { t, lang } = useI18n()
  // The span of a moving trend goes on; the export is of what was seen when it was asked for.
  const [fixed] = useState(span)
  const [kind, setKind] = useState<Kind>('csv')
  const offered = kinds.filter((k) => k.kind !== 'png' || picture)
  const [state, setState] = useState<{ running: boolean; done: boolean; told?: string }>({
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
  const make = (signal: AbortSignal): Promise<Blob> => {
    if (kind === 'png' && picture) return picture()
    if (kind === 'plot' || kind === 'png') return plotFile(picked, fixed, pixels, asOf, signal)
    const ids = picked.map((p) => p.id)
    return nodeFile(kind, ids, fixed, asOf, lang === 'en' ? 'en' : 'zh-CN', signal, (n) =>
      setState({ running: true, done: false, told: t('trends.bytes', { size: bytes(lang, n) }) }),
    )
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
      setState({ running: false, done: true, told: t('trends.saved', { size: bytes(lang, file.size) }) })
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
          <Button type="primary" loading={state.running} disabled={picked.length === 0} onClick={() => void start()}>
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
          <dd>{picked.map((p) => p.name).join(lang === 'en' ? ', ' : '、')}</dd>
        </dl>
        <Radio.Group
          value={kind}
          disabled={state.running}
          onChange={(e) => choose(e.target.value as Kind)}
          className="stack"
          style={{ gap: 6 }}
          aria-label={t('trends.format')}
        >
          {offered.map((k) => (
            <Radio key={k.kind} value={k.kind}>
              {t(k.title)}
              <div className="muted small">{t(k.help)}</div>
            </Radio>
          ))}
        </Radio.Group>
        <div aria-live="polite">{(state.running || state.done) && state.told}</div>
        {problem && <Fault problem={problem} />}
      </div>
    </Modal>
  )
}

const stamp = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
