import { Button, Checkbox, Input, Radio } from 'antd'
import { useId, useState } from 'react'

import { fenOf, money, yuanOf } from '../fields/field'
import { useI18n } from '../i18n'
import type { Ask } from './queries'

interface Row {
  date: string
  yuan: string
}

const rowsOf = (v: unknown): Row[] =>
  Array.isArray(v) && v.length > 0
    ? (v as { date: string; amount: number }[]).map((x) => ({ date: x.date, yuan: yuanOf(x.amount) }))
    : [{ date: '', yuan: '' }]

/** Question puts one question, in the form of its answer. What is chosen is sent at once; what is written, by the button. */
export function Question({
  ask,
  value,
  busy,
  send,
}: {
  ask: Ask
  value?: unknown
  busy?: boolean
  send: (v: unknown) => void
}) {
  const { t, n, lang } = useI18n()
  const id = useId()
  const [written, setWritten] = useState(() =>
    typeof value === 'number'
      ? ask.type === 'money'
        ? yuanOf(value)
        : String(value)
      : typeof value === 'string'
        ? value
        : '',
  )
  const [some, setSome] = useState<string[]>(() =>
    Array.isArray(value) && ask.type === 'set' ? (value as string[]) : [],
  )
  const [rows, setRows] = useState<Row[]>(() => rowsOf(ask.type === 'amounts' ? value : undefined))
  const options = (ask.options ?? []).map((o) => ({ value: o.id, label: n(o.name) }))
  const fen = fenOf(written)
  const amounts = rows.map((r) => ({ date: r.date, amount: fenOf(r.yuan) }))
  const form = (() => {
    switch (ask.type) {
      case 'bool':
        return (
          <div className="answers">
            {[true, false].map((v) => (
              <Button
                key={String(v)}
                size="large"
                type={value === v ? 'primary' : 'default'}
                disabled={busy}
                onClick={() => send(v)}
              >
                {t(v ? 'support.yes' : 'support.no')}
              </Button>
            ))}
          </div>
        )
      case 'choice':
        return (
          <Radio.Group
            className="choices"
            aria-labelledby={id}
            value={value}
            disabled={busy}
            onChange={(e) => send(e.target.value)}
            options={[...options, { value: 'other', label: t('support.none') }]}
          />
        )
      case 'set':
        return (
          <>
            <Checkbox.Group className="choices" value={some} onChange={setSome} options={options} />
            <div className="answers">
              <Button size="large" type="primary" loading={busy} onClick={() => send(some)}>
                {t(some.length === 0 ? 'support.none' : 'support.ok')}
              </Button>
            </div>
          </>
        )
      case 'amounts':
        return (
          <>
            {rows.map((r, i) => (
              <div key={i} className="answers">
                <Input
                  type="date"
                  aria-label={`${t('support.day')} ${i + 1}`}
                  value={r.date}
                  onChange={(e) => setRows(rows.map((x, k) => (k === i ? { ...x, date: e.target.value } : x)))}
                />
                <Input
                  inputMode="decimal"
                  aria-label={`${t('support.amount')} ${i + 1}`}
                  suffix={t('support.yuan')}
                  value={r.yuan}
                  onChange={(e) => setRows(rows.map((x, k) => (k === i ? { ...x, yuan: e.target.value } : x)))}
                />
              </div>
            ))}
            <div className="answers">
              <Button size="large" onClick={() => setRows([...rows, { date: '', yuan: '' }])}>
                {t('support.more')}
              </Button>
              <Button
                size="large"
                type="primary"
                loading={busy}
                disabled={amounts.some((x) => !x.date || x.amount === undefined)}
                onClick={() => send(amounts)}
              >
                {t('support.ok')}
              </Button>
              <Button size="large" type="text" onClick={() => send([])}>
                {t('support.noneYet')}
              </Button>
            </div>
          </>
        )
    }
    const isMoney = ask.type === 'money'
    const ready = isMoney
      ? fen !== undefined && fen >= 0
      : ask.type === 'date'
        ? written !== ''
        : /^\d{1,12}$/.test(written)
    return (
      <form
        className="answers"
        onSubmit={(e) => {
          e.preventDefault()
          if (ready) send(isMoney ? fen : ask.type === 'date' ? written : Number(written))
        }}
      >
        <Input
          size="large"
          aria-labelledby={id}
          type={ask.type === 'date' ? 'date' : 'text'}
          inputMode={isMoney ? 'decimal' : 'numeric'}
          suffix={isMoney ? t('support.yuan') : undefined}
          value={written}
          onChange={(e) => setWritten(e.target.value)}
        />
        <Button size="large" type="primary" htmlType="submit" loading={busy} disabled={!ready}>
          {t('support.ok')}
        </Button>
        {isMoney && fen !== undefined && fen >= 1_000_000 && (
          <span className="muted">{t('support.thatIs', { n: money(lang, Math.round(fen / 10_000)) })}</span>
        )}
      </form>
    )
  })()
  return (
    <div className="question">
      <h2 id={id}>{n(ask.ask)}</h2>
      {form}
      <p className="muted">{n(ask.help)}</p>
    </div>
  )
}
