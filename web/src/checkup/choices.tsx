import { Input } from 'antd'

import { useI18n } from '../i18n'
import type { AnswerInput, Question } from './queries'

/** Choices takes the answer to a question, in large fields that a thumb finds. */
export function Choices({
  question: q,
  value,
  change,
  name = q.id,
}: {
  question: Question
  value: AnswerInput | undefined
  change: (a: AnswerInput | undefined) => void
  /** Unique on the page. */
  name?: string
}) {
  const { t, n } = useI18n()
  if (q.kind === 'percentage' || q.kind === 'number')
    return <Figures question={q} value={value} change={change} name={name} />
  const multi = q.kind === 'multi'
  const picked = multi ? (value?.choices ?? []) : value?.choice === undefined ? [] : [value.choice]
  const toggle = (id: string, on: boolean) => {
    if (!multi) {
      change({ choice: id })
      return
    }
    const c = q.choices.find((x) => x.id === id)
    const plain = (x: string) => !q.choices.find((y) => y.id === x)?.exclusive
    const next = on ? (c?.exclusive ? [id] : [...picked.filter(plain), id]) : picked.filter((x) => x !== id)
    // Nothing chosen any more is no answer; "none of these" is one.
    change(next.length > 0 ? { choices: q.choices.map((x) => x.id).filter((x) => next.includes(x)) } : undefined)
  }
  return (
    <fieldset className="choices">
      <legend className="hidden-text">{n(q.text)}</legend>
      {q.choices.map((c) => (
        <label key={c.id}>
          <input
            type={multi ? 'checkbox' : 'radio'}
            name={name}
            value={c.id}
            checked={picked.includes(c.id)}
            onChange={(e) => toggle(c.id, e.target.checked)}
          />
          <span>
            {q.kind === 'ladder' && <strong>{t('checkup.step', { n: c.step ?? 0 })} </strong>}
            {n(c.text)}
          </span>
        </label>
      ))}
      {multi && !q.choices.some((c) => c.exclusive) && (
        <label>
          <input
            type="checkbox"
            name={name}
            checked={value?.none ?? false}
            onChange={(e) => change(e.target.checked ? { none: true } : undefined)}
          />
          <span>{t('checkup.noneOf')}</span>
        </label>
      )}
    </fieldset>
  )
}

function Figures({
  question: q,
  value,
  change,
  name,
}: {
  question: Question
  value: AnswerInput | undefined
  change: (a: AnswerInput | undefined) => void
  name: string
}) {
  const { t, n } = useI18n()
  const digits = (s: string) => s.replace(/[^0-9]/g, '').slice(0, 9)
  const part = value?.part
  const of = value?.of
  const count = (p: string, o: string) => {
    if (p === '' && o === '') change(undefined)
    else change({ part: p === '' ? undefined : Number(p), of: o === '' ? undefined : Number(o) })
  }
  const written = value?.number ?? ''
  return (
    <fieldset className="choices">
      <legend className="hidden-text">{n(q.text)}</legend>
      {q.kind === 'percentage' && (
        <div className="counts">
          <label htmlFor={`${name}-part`}>{t('checkup.part')}</label>
          <Input
            id={`${name}-part`}
            inputMode="numeric"
            value={part === undefined ? '' : String(part)}
            onChange={(e) => count(digits(e.target.value), of === undefined ? '' : String(of))}
          />
          <label htmlFor={`${name}-of`}>{t('checkup.of')}</label>
          <Input
            id={`${name}-of`}
            inputMode="numeric"
            value={of === undefined ? '' : String(of)}
            onChange={(e) => count(part === undefined ? '' : String(part), digits(e.target.value))}
          />
        </div>
      )}
      <div className="counts">
        <label htmlFor={`${name}-number`}>{t(q.kind === 'percentage' ? 'checkup.percent' : 'checkup.number')}</label>
        <Input
          id={`${name}-number`}
          inputMode="decimal"
          value={written}
          suffix={q.kind === 'percentage' ? '%' : n(q.unit)}
          onChange={(e) => {
            const s = e.target.value.replace(/[^0-9.-]/g, '').slice(0, 18)
            change(s === '' ? undefined : { number: s })
          }}
        />
      </div>
    </fieldset>
  )
}

/** whole tells whether an answer can be sent: half a count is kept here until the other half is there. */
export function complete(a: AnswerInput | undefined): boolean {
  if (!a) return true
  if (a.part !== undefined || a.of !== undefined)
    return a.part !== undefined && a.of !== undefined && a.of > 0 && a.part <= a.of
  if (a.number !== undefined) return /^-?\d+(\.\d+)?$/.test(a.number)
  return true
}
