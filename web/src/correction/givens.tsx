import { DeleteOutlined, PlusOutlined, UploadOutlined } from '@ant-design/icons'
import { Button, Input } from 'antd'
import { useRef } from 'react'

import { whole } from '../format/number'
import { dateTimeMillis, millis, zone } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n, type Key } from '../i18n'
import type { Interval } from '../trend/segments'
import { StatusMark } from '../ui/marks'
import { Answer, Blank } from '../ui/states'
import type { Of } from './preview'
import { useRawSamples } from './queries'
import { editable, mostGiven, pasted, readValue, type Row, type RowFault } from './rows'
import { typeKey } from './words'

/** How many samples are edited one by one. */
const most = 200

/** SetTable lists the samples of a span, whose values are changed in place. `edits` holds what was typed, by source time. */
export function SetTable({
  of,
  span,
  edits,
  onEdits,
}: {
  of: Of
  span: Interval
  edits: ReadonlyMap<string, string>
  onEdits: (to: ReadonlyMap<string, string>) => void
}) {
  const { t } = useI18n()
  const query = useRawSamples(of.id, span, most, true)
  return (
    <div className="givens">
      <Answer
        query={query}
        rows={4}
        empty={(page) =>
          (page.items?.length ?? 0) === 0 && (
            <Blank title={t('correction.noSamples')}>{t('correction.noSamplesHelp')}</Blank>
          )
        }
      >
        {(page) => {
          const items = page.items ?? []
          if (items.length > most) return <p className="state is-bad">{t('correction.tooMany', { n: most })}</p>
          return (
            <div className="tablebox boxed" tabIndex={0} role="group" aria-label={t('correction.samples')}>
              <table className="data">
                <caption className="hidden-text">{t('correction.samples')}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t('correction.time')}</th>
                    <th scope="col">
                      {t('value')} {readableUnit(of.unit)}
                    </th>
                    <th scope="col">{t('status')}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((s) => {
                    const was = editable(s.value)
                    const text = edits.get(s.time) ?? was
                    const wrong = edits.has(s.time) && readValue(text, of.type) === undefined
                    const at = dateTimeMillis(millis(s.time))
                    return (
                      <tr key={s.time} className={edits.has(s.time) ? 'changed' : undefined}>
                        <th scope="row" className="nowrap" title={s.time}>
                          {at}
                        </th>
                        <td>
                          <Input
                            size="small"
                            inputMode={of.type === 'string' ? 'text' : 'decimal'}
                            aria-label={t('correction.valueAt', { time: at })}
                            aria-invalid={wrong}
                            status={wrong ? 'error' : undefined}
                            value={text}
                            onChange={(e) => {
                              const next = new Map(edits)
                              if (e.target.value === was) next.delete(s.time)
                              else next.set(s.time, e.target.value)
                              onEdits(next)
                            }}
                          />
                        </td>
                        <td>
                          <StatusMark status={s.status} />
                        </td>
                      </tr>
                    )
                  })}
                </tbody>
              </table>
            </div>
          )
        }}
      </Answer>
      <p className="muted help" aria-live="polite">
        {t('correction.edited', { n: edits.size })} {t(typeKey[of.type])}
      </p>
    </div>
  )
}

const faultKey: Record<RowFault, Key> = {
  time: 'correction.fault.time',
  value: 'correction.fault.value',
  twice: 'correction.fault.twice',
}

const shownRows = 200

/** EnterTable takes times and values: typed, pasted from a spreadsheet, or out of a CSV file. */
export function EnterTable({
  of,
  rows,
  faults,
  onRows,
}: {
  of: Of
  rows: Row[]
  faults: ReadonlyMap<number, RowFault | { text: string }>
  onRows: (rows: Row[]) => void
}) {
  const { t, lang } = useI18n()
  const file = useRef<HTMLInputElement>(null)
  const filled = (list: Row[]) => list.filter((r) => r.time.trim() !== '' || r.value.trim() !== '')
  // What is half typed, a time without a value, gives way to what is pasted.
  const add = (more: Row[]) => onRows([...rows.filter((r) => r.value.trim() !== ''), ...more].slice(0, mostGiven + 1))
  const change = (i: number, part: Partial<Row>) => onRows(rows.map((r, at) => (at === i ? { ...r, ...part } : r)))
  const count = filled(rows).length
  const ordered = [...rows.keys()].sort((a, b) => Number(faults.has(b)) - Number(faults.has(a)) || a - b)
  const shown = ordered.slice(0, shownRows).sort((a, b) => a - b)
  return (
    <div
      className="givens"
      onPaste={(e) => {
        const text = e.clipboardData.getData('text/plain')
        const more = pasted(text)
        // One cell goes into its field.
        if (more.length < 2 && !text.includes('\t')) return
        e.preventDefault()
        add(more)
      }}
    >
      <div className="tablebox boxed" tabIndex={0} role="group" aria-label={t('correction.rows')}>
        <table className="data">
          <caption className="hidden-text">{t('correction.rows')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('correction.time')}</th>
              <th scope="col">
                {t('value')} {readableUnit(of.unit)}
              </th>
              <th scope="col">
                <span className="hidden-text">{t('actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((i) => {
              const row = rows[i] ?? { time: '', value: '' }
              const fault = faults.get(i)
              const text = fault && (typeof fault === 'string' ? t(faultKey[fault]) : fault.text)
              const told = text ? { 'aria-invalid': true, 'aria-describedby': `given-fault-${i}` } : {}
              const status = text ? 'error' : undefined
              return (
                <tr key={i}>
                  <td>
                    <Input
                      size="small"
                      aria-label={t('correction.rowTime', { n: i + 1 })}
                      placeholder="2026-05-04 08:00:00"
                      value={row.time}
                      status={status}
                      {...told}
                      onChange={(e) => change(i, { time: e.target.value })}
                    />
                    {text && (
                      <div id={`given-fault-${i}`} className="state is-bad" role="alert">
                        {text}
                      </div>
                    )}
                  </td>
                  <td style={{ verticalAlign: 'top' }}>
                    <Input
                      size="small"
                      inputMode={of.type === 'string' ? 'text' : 'decimal'}
                      aria-label={t('correction.rowValue', { n: i + 1 })}
                      value={row.value}
                      status={status}
                      {...told}
                      onChange={(e) => change(i, { value: e.target.value })}
                    />
                  </td>
                  <td className="num" style={{ verticalAlign: 'top' }}>
                    <Button
                      size="small"
                      type="text"
                      icon={<DeleteOutlined aria-hidden />}
                      aria-label={t('correction.rowAway', { n: i + 1 })}
                      onClick={() => onRows(rows.filter((_, at) => at !== i))}
                    />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      <div className="row wrap" style={{ margin: '6px 0' }}>
        <Button
          size="small"
          icon={<PlusOutlined aria-hidden />}
          disabled={rows.length >= mostGiven}
          onClick={() => onRows([...rows, { time: '', value: '' }])}
        >
          {t('correction.rowAdd')}
        </Button>
        <Button size="small" icon={<UploadOutlined aria-hidden />} onClick={() => file.current?.click()}>
          {t('correction.csv')}
        </Button>
        <input
          ref={file}
          type="file"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          aria-label={t('correction.csv')}
          hidden
          onChange={(e) => {
            const [one] = e.target.files ?? []
            e.target.value = ''
            void one
              ?.slice(0, 4 << 20)
              .text()
              .then((text) => add(pasted(text)))
          }}
        />
        {count > 0 && (
          <Button size="small" type="link" onClick={() => onRows([{ time: '', value: '' }])}>
            {t('correction.rowsAway')}
          </Button>
        )}
      </div>
      <p className="muted help" aria-live="polite">
        {t('correction.rowCount', { n: whole(lang, count), most: whole(lang, mostGiven) })}
        {count > shownRows && ` ${t('correction.first', { n: shownRows })}`} {t(typeKey[of.type])}{' '}
        {t('correction.pasteHelp')} {zone()}
      </p>
    </div>
  )
}
