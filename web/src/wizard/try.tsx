import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Fragment, useState } from 'react'

import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { StatusMark } from '../ui/marks'
import { Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { useValueText } from '../ui/valuetext'
import type { Attempt, Via } from './ask'
import { Browse } from './browse'
import type { Change, Draft, LinkSample, Setup, SetDraft } from './draft'
import { Trouble } from './fault'
import { Decodings, ProbeAny } from './probe'

interface Props {
  draft: Draft
  set: SetDraft
  via: Via
  points: Setup[]
  /** The points as the template has them. */
  given: Setup[]
  online: boolean
  attempt: Attempt
  approve: (fingerprint: string) => void
  next: () => void
}

/** Try is the third part: the device's values as they are now, before anything is saved. */
export function Try({ draft, set, via, points, given, online, attempt, approve, next }: Props) {
  const { t } = useI18n()
  const [opened, setOpened] = useState<string>()
  const modbus = draft.driver === 'modbus'
  const read = (which = points) => void attempt.run(via, which)
  const isOwn = (p: Setup) => draft.added.some((x) => x.key === p.key)
  const add = (p: Setup) => {
    set((d) => ({
      ...d,
      added: d.added.some((x) => x.key === p.key) ? d.added.map((x) => (x.key === p.key ? p : x)) : [...d.added, p],
    }))
    void attempt.run(via, [p])
  }
  // What a save has set up already has to be set up once more.
  const made = (key: string) => draft.made.points?.includes(key) ?? false
  const change = (p: Setup, to: Change) => {
    if (isOwn(p)) {
      add({ ...p, ...to })
      return
    }
    set((d) => ({
      ...d,
      changes: { ...d.changes, [p.key]: to },
      made: { ...d.made, points: d.made.points?.filter((key) => key !== p.key) },
    }))
    void attempt.run(via, [{ ...p, ...to }])
  }
  const undo = (p: Setup) => {
    const original = given.find((x) => x.key === p.key)
    if (!original) return
    if (made(p.key)) {
      change(original, { encoding: original.encoding ?? '', order: original.order })
      return
    }
    set((d) => ({ ...d, changes: Object.fromEntries(Object.entries(d.changes).filter(([key]) => key !== p.key)) }))
    void attempt.run(via, [original])
  }
  const remove = (key: string) => set((d) => ({ ...d, added: d.added.filter((x) => x.key !== key) }))
  const taken = new Set(points.map((p) => p.key))
  const got = points.filter((p) => attempt.results.get(p.key)?.status.class === 'good').length
  const asked = attempt.results.size > 0
  return (
    <>
      <div className="row wrap" style={{ marginBottom: 10 }}>
        {points.length > 0 && (
          <Button type={asked ? 'default' : 'primary'} loading={attempt.busy} disabled={!online} onClick={() => read()}>
            {t('wizard.readNow')}
          </Button>
        )}
        {!online && <span className="is-bad">{t('wizard.needsOnline')}</span>}
        <span className="muted" role="status">
          {asked && !attempt.busy && !attempt.fault && t('wizard.readResult', { n: got, all: points.length })}
        </span>
      </div>
      <div className="stack">
        <Trouble fault={attempt.fault} problem={attempt.problem} approve={approve} />
        {points.length > 0 ? (
          <DataTable label={t('wizard.values')}>
            <thead>
              <tr>
                <th scope="col">{t('wizard.point')}</th>
                <th scope="col" className="num">
                  {t('wizard.value')}
                </th>
                <th scope="col">{t('status')}</th>
                <th scope="col" className="only-wide">
                  {t('point.address')}
                </th>
                <th scope="col">
                  <span className="hidden-text">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {points.map((p) => (
                <Fragment key={p.key}>
                  <Row
                    point={p}
                    sample={attempt.results.get(p.key)}
                    changed={p.key in draft.changes}
                    opened={opened === p.key}
                    open={
                      modbus && online && !(isOwn(p) && made(p.key))
                        ? () => setOpened(opened === p.key ? undefined : p.key)
                        : undefined
                    }
                    remove={isOwn(p) && !made(p.key) ? () => remove(p.key) : undefined}
                  />
                  {opened === p.key && (
                    <tr className="opened">
                      <td colSpan={5}>
                        <Decodings
                          key={p.address}
                          via={via}
                          point={p}
                          changed={p.key in draft.changes}
                          choose={(to) => change(p, to)}
                          undo={() => undo(p)}
                        />
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </tbody>
          </DataTable>
        ) : (
          <Blank title={t('wizard.noPoints')}>{modbus ? t('wizard.noPointsModbus') : t('wizard.noPointsBrowse')}</Blank>
        )}
        {!draft.template && online && (modbus ? <ProbeAny via={via} taken={taken} add={add} /> : null)}
        {!draft.template && online && !modbus && (
          <Browse via={via} points={points} add={add} remove={remove} approve={approve} />
        )}
      </div>
      <div className="foot-actions">
        <Button type={asked ? 'primary' : 'default'} onClick={next}>
          {asked || points.length === 0 ? t('wizard.next') : t('wizard.nextUntried')}
        </Button>
        {modbus && asked && <span className="muted">{t('wizard.decodeHint')}</span>}
      </div>
    </>
  )
}

function Row({
  point: p,
  sample,
  changed,
  opened,
  open,
  remove,
}: {
  point: Setup
  sample: LinkSample | undefined
  changed: boolean
  opened: boolean
  open?: () => void
  remove?: () => void
}) {
  const { t, n } = useI18n()
  const text = useValueText()
  return (
    <tr>
      <th scope="row">{n(p.name)}</th>
      <td className="num nowrap">
        {sample && sample.value !== null ? (
          <>
            <span className="value">{text(p, sample.value)}</span>
            <span className="unit">{readableUnit(p.unit)}</span>
          </>
        ) : (
          <span className="muted">–</span>
        )}
      </td>
      <td className="status">
        {sample?.wrong ? (
          <span className="is-bad">{n(sample.wrong.text)}</span>
        ) : sample ? (
          <StatusMark status={sample.status} />
        ) : (
          <span className="muted">–</span>
        )}
      </td>
      <td className="only-wide nowrap">
        <code>{p.address}</code>{' '}
        <span className="muted">
          {p.encoding} {p.order}
        </span>{' '}
        {changed && <span className="tag info">{t('wizard.changed')}</span>}
      </td>
      <td className="num nowrap">
        {open && (
          <Button
            size="small"
            type="link"
            aria-expanded={opened}
            aria-label={t('wizard.decodingsOf', { name: n(p.name) })}
            icon={opened ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}
            onClick={open}
          >
            <span className="only-wide">{t('wizard.decode')}</span>
          </Button>
        )}
        {remove && (
          <Button size="small" type="link" aria-label={t('wizard.leaveOutOne', { name: n(p.name) })} onClick={remove}>
            {t('wizard.leaveOut')}
          </Button>
        )}
      </td>
    </tr>
  )
}
