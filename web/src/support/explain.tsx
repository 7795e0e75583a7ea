import { money } from '../fields/field'
import { useI18n } from '../i18n'
import type { Step } from './queries'

const marks: Record<string, string> = { true: '✓', false: '✗', unknown: '?' }

/** Explanation shows why: step by step, each with its clause word for word. */
export function Explanation({ step }: { step: Step }) {
  return (
    <ul className="why">
      <Line step={step} />
    </ul>
  )
}

function Line({ step }: { step: Step }) {
  const { t, n, lang } = useI18n()
  const mark = marks[step.result]
  return (
    <li>
      <p>
        {mark && (
          <b className={`mark ${step.result}`} aria-label={t(`support.met.${step.result as 'true'}`)}>
            {mark}
          </b>
        )}
        {n(step.text)}
        {/^\d+$/.test(step.result) && (
          <b className="nowrap">
            {' '}
            {money(lang, step.result)} {t('support.yuan')}
          </b>
        )}
      </p>
      {step.clause && (
        <blockquote>
          “{step.clause.quote}”
          <cite>
            {step.clause.title} · {step.clause.section}
            {!step.clause.verified && ` · ${t('support.unverified')}`}
          </cite>
        </blockquote>
      )}
      {step.steps && step.steps.length > 0 && (
        <ul>
          {step.steps.map((s, i) => (
            <Line key={i} step={s} />
          ))}
        </ul>
      )}
    </li>
  )
}
