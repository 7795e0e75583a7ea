import { Button, Checkbox, Segmented, Tag } from 'antd'
import { useState } from 'react'

import { useHere } from '../app/org'
import { date, dateTime, millis } from '../format/time'
import { EndDialog, GiveDialog, ReadsDialog } from '../grants/dialogs'
import { useGrantChoices, useGrants, type Choices, type Grant } from '../grants/queries'
import { useI18n } from '../i18n'
import { useSecond } from '../live/clock'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'

type Side = 'given' | 'received'

/** GrantsPage is what this organisation lets others read, and what others let it read. */
export function GrantsPage() {
  const { org, me, may, at } = useHere()
  const { t, n } = useI18n()
  const [side, setSide] = useState<Side>('given')
  const [standing, setStanding] = useState(true)
  const [open, setOpen] = useState<{ what: 'give' } | { what: 'end' | 'reads'; grant: Grant }>()
  const grants = useGrants(org.id, side, standing)
  const choices = useGrantChoices()
  const owner = may('people')
  const close = () => setOpen(undefined)
  const give = owner && choices.data && (
    <Button type="primary" onClick={() => setOpen({ what: 'give' })}>
      {t('grants.new')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('grants.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {give}
      </PageHead>
      <section className="panel" aria-label={t('grants.title')}>
        <div className="filterbar">
          <Segmented<Side>
            aria-label={t('grants.side')}
            value={side}
            onChange={setSide}
            options={[
              { value: 'given', label: t('grants.given') },
              { value: 'received', label: t('grants.received') },
            ]}
          />
          <Checkbox checked={standing} onChange={(e) => setStanding(e.target.checked)}>
            {t('grants.onlyStanding')}
          </Checkbox>
        </div>
        <Answer
          query={grants}
          rows={4}
          empty={(list) =>
            list.length === 0 && (
              <Blank title={t('grants.none')}>
                {t(side === 'given' ? 'grants.noneGiven' : 'grants.noneReceived')}{' '}
                {side === 'given' && !owner && t('grants.onlyOwners')}
              </Blank>
            )
          }
        >
          {(list) => (
            <DataTable
              label={t(side === 'given' ? 'grants.given' : 'grants.received')}
              className="cards roomy"
              columns={[
                side === 'given' ? 'grants.to' : 'grants.from',
                'grants.what',
                'grants.purpose',
                'grants.until',
                'grants.state',
                { hidden: 'grants.actions' },
              ]}
            >
              <tbody>
                {list.map((g) => (
                  <Row
                    key={g.id}
                    grant={g}
                    side={side}
                    choices={choices.data}
                    end={owner ? () => setOpen({ what: 'end', grant: g }) : undefined}
                    reads={() => setOpen({ what: 'reads', grant: g })}
                  />
                ))}
              </tbody>
            </DataTable>
          )}
        </Answer>
        {side === 'received' && (
          <p className="muted small" style={{ padding: '8px 12px' }}>
            {t('grants.myId')}: <code style={{ overflowWrap: 'anywhere' }}>{me.person.id}</code>
          </p>
        )}
      </section>
      {open?.what === 'give' && choices.data && <GiveDialog choices={choices.data} close={close} />}
      {open?.what === 'end' && <EndDialog grant={open.grant} close={close} />}
      {open?.what === 'reads' && <ReadsDialog grant={open.grant} close={close} />}
    </>
  )
}

function Row({
  grant: g,
  side,
  choices,
  end,
  reads,
}: {
  grant: Grant
  side: Side
  choices: Choices | undefined
  end: (() => void) | undefined
  reads: () => void
}) {
  const { t, n } = useI18n()
  const thing = choices?.things.find((x) => x.kind === g.kind)
  const subject = thing?.subjects.find((x) => x.id === g.subject)
  const fieldName = (key: string) => n(subject?.fields.find((f) => f.key === key)?.name) || key
  const other = side === 'given' ? g.to : g.from
  return (
    <tr>
      <th scope="row">
        <div>
          <div>{n(other.name)}</div>
          {other.creditCode && <code className="muted small">{other.creditCode}</code>}
        </div>
      </th>
      <td data-label={t('grants.what')}>
        {n(thing?.name) || g.kind} · {n(subject?.name) || g.subject}
        <div className="muted small">
          {g.fields
            ? t('grants.someFields', { n: g.fields.length, list: g.fields.map(fieldName).join(t('fields.comma')) })
            : t('grants.allFields')}
        </div>
      </td>
      <td data-label={t('grants.purpose')}>
        {n(choices?.purposes.find((p) => p.id === g.purpose)?.name) || g.purpose}
        <div className="muted small">{g.words}</div>
      </td>
      <td data-label={t('grants.until')}>
        {t('grants.span', { from: date(millis(g.since)), to: date(millis(g.until) - 1) })}
      </td>
      <td data-label={t('grants.state')}>
        <State grant={g} />
      </td>
      <td data-label={t('grants.actions')}>
        {side === 'given' ? (
          <div className="row wrap">
            <Button size="small" onClick={reads}>
              {t('grants.reads')}
            </Button>
            {!g.ended && end && (
              <Button size="small" danger onClick={end}>
                {t('grants.end')}
              </Button>
            )}
          </div>
        ) : (
          '–'
        )}
      </td>
    </tr>
  )
}

function State({ grant: g }: { grant: Grant }) {
  const { t } = useI18n()
  const now = useSecond()
  if (g.stands) return <Tag color="success">{t('grants.stands')}</Tag>
  if (!g.ended) return <Tag>{t(millis(g.since) > now ? 'grants.later' : 'grants.expired')}</Tag>
  return (
    <div>
      <Tag>{t('grants.ended')}</Tag>
      <div className="muted small">
        {t('grants.endedBy', { name: g.endedBy ?? '', at: dateTime(millis(g.ended)), reason: g.reason ?? '' })}
      </div>
    </div>
  )
}
