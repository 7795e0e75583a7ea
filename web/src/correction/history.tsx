import { Button, Drawer } from 'antd'
import { useState } from 'react'

import type { Sample } from '../api/types'
import { dateTimeMillis, millis } from '../format/time'
import { useI18n } from '../i18n'
import { iso } from '../trend/csv'
import { StatusMark, useOriginName } from '../ui/marks'
import { Answer, Blank } from '../ui/states'
import { useValueText } from '../ui/valuetext'
import { spanOf, type Correction } from './asked'
import './correction.css'
import { CorrectionDrawer, StateTag } from './detail'
import type { Of } from './preview'
import { useCorrectionsOf, useEverySample, useUndone } from './queries'
import { useWords } from './words'

export interface Asked {
  of: Of
  /** RFC 3339: of the sample that holds at the cursor, or as far back as it could hold. */
  from: string
  /** The cursor, ms. */
  at: number
}

const most = 200

/**
 * SampleHistory tells everything that was ever said from the sample that holds at a cursor up to it: each revision, what
 * others replaced and what was withdrawn, and when the node took it.
 */
export function SampleHistory({ asked, close }: { asked: Asked; close: () => void }) {
  const { t } = useI18n()
  const to = iso(asked.at + 1)
  const query = useEverySample(asked.of.id, asked.from, to, most)
  const [detail, setDetail] = useState<string>()
  const from = Math.floor(millis(asked.from))
  const corrections = useCorrectionsOf([asked.of.id], { from, to: asked.at + 1 })
  const undone = useUndone(corrections.items)
  const here = corrections.items.filter((c) => {
    const s = spanOf(c, undone.get(c.id))
    return s !== undefined && millis(s.from) <= asked.at && millis(s.to) >= millis(asked.from)
  })
  return (
    <>
      <Drawer
        open
        onClose={close}
        placement="right"
        size={Math.min(760, window.innerWidth)}
        title={t('correction.historyOf', { name: asked.of.name })}
        className="correct"
      >
        <div className="stack">
          <p className="muted">{t('correction.historyHelp', { time: dateTimeMillis(asked.at) })}</p>
          <Answer
            query={query}
            rows={5}
            empty={(page) => (page.items ?? []).length === 0 && <Blank title={t('correction.noSamples')} />}
          >
            {(page) => (
              <>
                <Revisions of={asked.of} items={page.items ?? []} />
                {page.next && <p className="muted">{t('correction.first', { n: most })}</p>}
              </>
            )}
          </Answer>
          {here.length > 0 && <Here list={here} open={setDetail} />}
        </div>
      </Drawer>
      {detail && <CorrectionDrawer key={detail} ids={[detail]} close={() => setDetail(undefined)} />}
    </>
  )
}

function Revisions({ of, items }: { of: Of; items: Sample[] }) {
  const { t } = useI18n()
  const text = useValueText()
  const origin = useOriginName()
  return (
    <div className="tablebox boxed" tabIndex={0} role="group" aria-label={t('correction.history')}>
      <table className="data roomy">
        <caption className="hidden-text">{t('correction.history')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('correction.time')}</th>
            <th scope="col" className="num">
              {t('correction.revision')}
            </th>
            <th scope="col">{t('value')}</th>
            <th scope="col">{t('status')}</th>
            <th scope="col">{t('correction.origin')}</th>
            <th scope="col">{t('correction.committed')}</th>
            <th scope="col">{t('correction.counts')}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((s) => {
            const withdrawn = s.flags?.includes('withdrawn')
            const state = s.superseded
              ? t('correction.superseded')
              : t(withdrawn ? 'correction.isWithdrawn' : 'correction.countsNow')
            return (
              <tr
                key={`${s.time}-${s.commit}-${s.revision}-${String(s.value)}`}
                className={s.superseded ? 'past' : undefined}
              >
                <th scope="row" className="nowrap" title={s.time}>
                  {dateTimeMillis(millis(s.time))}
                </th>
                <td className="num">{s.revision}</td>
                <td className="nowrap">
                  {withdrawn ? '–' : <b title={s.value === null ? undefined : String(s.value)}>{text(of, s.value)}</b>}
                </td>
                <td>
                  <StatusMark status={s.status} />
                </td>
                <td className="nowrap">{origin(s.origin)}</td>
                <td className="nowrap" title={[s.commitTime, s.trace].filter(Boolean).join(' · ')}>
                  {s.commitTime ? dateTimeMillis(millis(s.commitTime)) : s.commit}
                </td>
                <td className="nowrap">
                  <span className={s.superseded ? 'tag' : withdrawn ? 'tag warning' : 'tag good'}>{state}</span>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function Here({ list, open }: { list: Correction[]; open: (id: string) => void }) {
  const { t } = useI18n()
  const words = useWords()
  return (
    <section aria-label={t('correction.here')}>
      <h3 className="small-head">{t('correction.here')}</h3>
      <ul className="stack" style={{ gap: 6 }}>
        {list.map((c) => (
          <li key={c.id} className="row wrap" style={{ gap: '0 8px' }}>
            <Button size="small" type="link" className="inline-link" onClick={() => open(c.id)}>
              {words.short(c)}
            </Button>
            <span>{c.reason}</span>
            <span className="muted">
              {c.by.name} · {dateTimeMillis(millis(c.at))}
            </span>
            <StateTag c={c} />
          </li>
        ))}
      </ul>
    </section>
  )
}
