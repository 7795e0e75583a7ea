import { Segmented, Select } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'

import type { Text } from '../api/types'
import { useHere } from '../app/org'
import { points, useCheckup, useCheckups, useComparison, type Comparison, type Question } from '../checkup/queries'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'

import '../checkup/checkup.css'

/** CheckupComparePage tells what changed since an earlier check-up, and why the points changed. */
export function CheckupComparePage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const [other, setOther] = useState('')
  const [basis, setBasis] = useState('declared')
  const detail = useCheckup(id)
  const all = useCheckups(org.id)
  const comparison = useComparison(id, other, basis === 'evidenced')
  const others =
    all.data?.filter((c) => c.state === 'submitted' && c.id !== id && c.family === detail.data?.checkup.family) ?? []
  return (
    <>
      <PageHead
        title={t('checkup.compare')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
          { label: t('checkup.result'), to: at(`checkup/${id}/result`) },
        ]}
      />
      <section className="panel" aria-label={t('checkup.compare')}>
        <div className="body">
          <div className="row wrap" style={{ gap: 10 }}>
            <Select
              aria-label={t('checkup.with')}
              style={{ minWidth: 220 }}
              value={other}
              onChange={setOther}
              options={[
                { value: '', label: t('checkup.lastBefore') },
                ...others.map((c) => ({
                  value: c.id,
                  label: `${c.endedAt ? date(millis(c.endedAt)) : c.day} ${n(c.name)}`,
                })),
              ]}
            />
            <Segmented
              aria-label={t('checkup.from')}
              value={basis}
              onChange={(v) => setBasis(v)}
              options={[
                { value: 'declared', label: t('checkup.declared') },
                { value: 'evidenced', label: t('checkup.evidenced') },
              ]}
            />
          </div>
        </div>
        <Answer
          query={comparison}
          rows={5}
          empty={(c) =>
            !c.was ? (
              <Blank title={t('checkup.firstOne')} />
            ) : (
              c.changes.length === 0 && <Blank title={t('checkup.noChange')} />
            )
          }
        >
          {(c) => (
            <Changes
              comparison={c}
              evidenced={basis === 'evidenced'}
              questions={new Map(detail.data?.form.questions.map((q) => [q.id, q]))}
            />
          )}
        </Answer>
      </section>
    </>
  )
}

/** told is why the points changed, with the answers in the words of the questionnaire. */
function told(x: Comparison['changes'][number], q: Question | undefined, n: (t: Text) => string): string {
  const words = new Map(q?.choices.map((c) => [c.id, n(c.text)]))
  return n(x.text).replace(/[“"]([a-z0-9+-]+)[”"]/g, (all, ids: string) =>
    ids.split('+').every((id) => words.has(id))
      ? all.replace(
          ids,
          ids
            .split('+')
            .map((id) => words.get(id))
            .join('；'),
        )
      : all,
  )
}

function Changes({
  comparison: c,
  evidenced,
  questions,
}: {
  comparison: Comparison
  evidenced: boolean
  questions: Map<string, Question>
}) {
  const { t, n } = useI18n()
  const level = (x: Comparison['was']) => {
    const s = x?.standing
    if (!s) return '–'
    return evidenced ? `${n(s.provenName)} · ${points(s.provenPoints)}` : `${n(s.levelName)} · ${points(s.points)}`
  }
  return (
    <>
      <div className="body">
        <div className="levels2">
          <div className="levelcard">
            {c.was?.endedAt ? date(millis(c.was.endedAt)) : ''}
            <span className="big">{level(c.was)}</span>
          </div>
          <div className="levelcard">
            {c.is?.endedAt ? date(millis(c.is.endedAt)) : ''}
            <span className="big">{level(c.is)}</span>
          </div>
        </div>
      </div>
      <DataTable
        label={t('checkup.changes')}
        className="cards roomy"
        columns={['checkup.question', { num: 'checkup.change' }, 'checkup.whyChanged']}
      >
        <tbody>
          {c.changes.map((x) => (
            <tr key={x.question}>
              <th scope="row" style={{ whiteSpace: 'normal' }}>
                {n(questions.get(x.question)?.text) || x.question}
              </th>
              <td className="num" data-label={t('checkup.change')}>
                {x.steps
                  ? t('checkup.stepsBy', { n: x.steps > 0 ? `+${String(x.steps)}` : String(x.steps) })
                  : `${x.points > 0 ? '+' : ''}${points(x.points)}`}
              </td>
              <td data-label={t('checkup.whyChanged')} style={{ overflowWrap: 'anywhere' }}>
                {told(x, questions.get(x.question), n)}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </>
  )
}
