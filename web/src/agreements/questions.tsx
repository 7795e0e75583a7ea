import { Button } from 'antd'
import { useState } from 'react'

import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { useQuestions, type Agreement, type Question, type Side } from './queries'
import { askedOf, verbKey } from './words'

/** QuestionsPanel is the log of what the taker opened: who, what, when, and what came of it. Both sides see it. */
export function QuestionsPanel({ of: a, side }: { of: Agreement; side: Side }) {
  const { t } = useI18n()
  const [cursor, setCursor] = useState('')
  // On one node both sides log the same question.
  const questions = useQuestions(a.id, a.hosted ? side : undefined, cursor)
  return (
    <section className="panel" aria-label={t('agreements.questions')}>
      <header>
        <h2>{t('agreements.questions')}</h2>
      </header>
      <Answer
        query={questions}
        rows={3}
        empty={(page) =>
          (page.items ?? []).length === 0 &&
          !cursor && <Blank title={t('agreements.noQuestions')}>{t('agreements.noQuestionsHelp')}</Blank>
        }
      >
        {(page) => (
          <>
            <DataTable
              label={t('agreements.questions')}
              className="cards roomy"
              columns={['agreements.when', 'agreements.who', 'agreements.what', 'agreements.outcome']}
            >
              <tbody>
                {(page.items ?? []).map((q) => (
                  <Row key={q.id} of={q} />
                ))}
              </tbody>
            </DataTable>
            {(cursor || page.next) && (
              <div className="pager">
                {cursor && <Button onClick={() => setCursor('')}>{t('agreements.newest')}</Button>}
                {page.next && <Button onClick={() => setCursor(page.next ?? '')}>{t('agreements.older')}</Button>}
              </div>
            )}
          </>
        )}
      </Answer>
    </section>
  )
}

function Row({ of: q }: { of: Question }) {
  const { t } = useI18n()
  const verb = verbKey(q.verb)
  return (
    <tr>
      <th scope="row" className="nowrap">
        {dateTime(millis(q.at))}
      </th>
      <td data-label={t('agreements.who')}>
        {q.who} <span className="tag">{t(q.side === 'taker' ? 'agreements.asked' : 'agreements.wasAsked')}</span>
      </td>
      <td data-label={t('agreements.what')}>
        <div>
          {verb ? t(verb) : q.verb}
          {q.body && (
            <code className="muted small questionbody" title={q.body}>
              {askedOf(q.body)}
            </code>
          )}
        </div>
      </td>
      <td data-label={t('agreements.outcome')}>
        {q.outcome === 'answered' ? (
          <span className="tag good">{t('agreements.answered')}</span>
        ) : (
          <span className="tag warning">{q.outcome}</span>
        )}{' '}
        <span className="muted small nowrap">{t('agreements.took', { ms: Math.round(q.tookMs) })}</span>
      </td>
    </tr>
  )
}
