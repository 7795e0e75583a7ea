import { date, dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import type { Acceptance, Agreement, Party, Terms } from './queries'
import { useNames } from './names'
import { sentences, tones } from './words'

export function AgreementState({ of: a }: { of: Agreement }) {
  const { t } = useI18n()
  return <span className={tones[a.state]}>{t(`agreements.state.${a.state}`)}</span>
}

/** PartyName is a side: its name, credit code, and where it is. */
export function PartyName({ of: p, hosted }: { of: Party; hosted?: boolean }) {
  const { t, n } = useI18n()
  return (
    <div>
      <div>{n(p.name) || p.creditCode || p.org}</div>
      <div className="muted small">
        {p.creditCode && <code>{p.creditCode}</code>}
        {p.creditCode && ' · '}
        <span title={p.node}>{hosted ? t('agreements.here') : t('agreements.node', { node: p.node.slice(0, 8) })}</span>
      </div>
    </div>
  )
}

/** SpanOf is from when until which day terms hold. */
export function SpanOf({ of: v }: { of: Terms }) {
  const { t } = useI18n()
  const to = date(millis(v.until) - 1)
  return (
    <span className="nowrap">
      {v.from ? t('agreements.span', { from: date(millis(v.from)), to }) : t('agreements.fromNow', { to })}
    </span>
  )
}

/** Leaves says in plain words what leaves the house under terms. */
export function Leaves({ of: v, taker }: { of: Terms; taker: string }) {
  const i18n = useI18n()
  const names = useNames()
  return (
    <ul className="plainlist dots leaves">
      {sentences(v, taker, names, i18n).map((s) => (
        <li key={s}>{s}</li>
      ))}
    </ul>
  )
}

/** Accepted is one side's word for a version. */
export function Accepted({ of: c }: { of: Acceptance | undefined }) {
  const { t } = useI18n()
  if (!c) return <span className="tag warning">{t('agreements.notAccepted')}</span>
  return <span title={c.hash}>{t('agreements.acceptedBy', { name: c.by, at: dateTime(millis(c.at)) })}</span>
}
