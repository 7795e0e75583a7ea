import { Button, Modal, Progress } from 'antd'
import { useEffect, useRef, useState } from 'react'

import { Problem } from '../api/problem'
import { whole } from '../format/number'
import { dateTime, zone } from '../format/time'
import { useI18n } from '../i18n'
import { Fault } from '../ui/states'
import { exportSpan, save, type Progress as Share } from './csv'
import type { Picked } from './lanes'
import type { Interval } from './segments'

/** ExportDialog writes every raw sample of the span into a file: it shows how far it is and can be stopped. */
export function ExportDialog({
  picked,
  span,
  fileName,
  close,
}: {
  picked: Picked[]
  span: Interval
  fileName: string
  close: () => void
}) {
  const { t, lang } = useI18n()
  // The span of a moving trend goes on; the export is of what was seen when it was asked for.
  const [fixed] = useState(span)
  const [share, setShare] = useState<Share>()
  const [done, setDone] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const start = async () => {
    const mine = new AbortController()
    abort.current = mine
    setProblem(undefined)
    setShare({ share: 0, rows: 0 })
    try {
      const series = picked.map((p) => ({ ...p, label: p.name }))
      const file = await exportSpan(series, fixed, mine.signal, setShare)
      save(file, `${fileName}-${stamp(fixed.from)}-${stamp(fixed.to)}.csv`)
      setDone(true)
    } catch (e) {
      if (mine.signal.aborted) return
      setShare(undefined)
      setProblem(e instanceof Problem ? e : new Problem(0, 'export', String(e)))
    }
  }
  const cancel = () => {
    abort.current?.abort()
    close()
  }
  const running = share !== undefined && !done
  return (
    <Modal
      open
      title={t('export.title')}
      onCancel={cancel}
      mask={{ closable: !running }}
      width={440}
      footer={
        done ? (
          <Button type="primary" onClick={close}>
            {t('close')}
          </Button>
        ) : (
          <>
            <Button onClick={cancel}>{t('cancel')}</Button>
            <Button type="primary" loading={running} onClick={() => void start()}>
              {t('export.start')}
            </Button>
          </>
        )
      }
    >
      <div className="stack">
        <dl className="facts">
          <dt>{t('trend.span')}</dt>
          <dd>
            {dateTime(fixed.from)} – {dateTime(fixed.to)}
            <div className="muted">{zone()}</div>
          </dd>
          <dt>{t('export.series')}</dt>
          <dd>{picked.map((p) => p.name).join(lang === 'en' ? ', ' : '、')}</dd>
        </dl>
        <p className="muted">{t('export.help')}</p>
        {share && (
          <div aria-live="polite">
            <Progress percent={Math.round(share.share * 100)} status={done ? 'success' : 'active'} />
            {done
              ? t('export.done', { rows: whole(lang, share.rows) })
              : t('export.rows', { rows: whole(lang, share.rows) })}
          </div>
        )}
        {problem && <Fault problem={problem} />}
      </div>
    </Modal>
  )
}

const stamp = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', 'T') + 'Z'
