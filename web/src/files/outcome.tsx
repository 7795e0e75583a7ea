import { DownloadOutlined } from '@ant-design/icons'
import { Button, Modal, Segmented } from 'antd'
import { useState, type ReactNode } from 'react'
import { Link } from 'react-router'

import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { kindKey } from '../pages/overview'
import { save } from '../trend/csv'
import { columnOf } from './columns'
import { errorList } from './errorlist'
import type { Action, Change, Imported, RowError } from './transfer'
import { DataTable } from '../ui/table'

const actions: Action[] = ['create', 'update', 'move', 'retire']

/** How many rows are shown at first, and with each "more". */
const step = 200

/** Outcome is what the node says a file does, or what is wrong with it; and once it has been imported, what was done. */
export function Outcome({
  answer,
  name,
  busy,
  ready,
  apply,
  another,
}: {
  answer: Imported
  name: string
  busy: boolean
  ready: boolean
  apply: () => Promise<void>
  another: () => void
}) {
  const { at } = useHere()
  const { t, lang } = useI18n()
  const [asking, setAsking] = useState(false)
  const { counts, errors, more } = answer
  const wrong = errors.length + more.errors
  const total = actions.reduce((sum, a) => sum + counts[a], 0)
  const title = answer.applied
    ? t('files.applied', { name })
    : wrong > 0
      ? t('files.refused', { n: wrong })
      : total === 0
        ? t('files.nothing')
        : t('files.ready')
  const tone = wrong > 0 ? 'tag error' : answer.applied || total > 0 ? 'tag good' : 'tag'
  return (
    <section className="panel files-result" aria-label={t('files.result')}>
      <header>
        <h2>{t('files.result')}</h2>
        <span className={tone} role="status">
          {title}
        </span>
        <div className="actions">
          {answer.applied ? (
            <>
              <Link to={at('plant')}>{t('files.toPlant')}</Link>
              <Button onClick={another}>{t('files.another')}</Button>
            </>
          ) : wrong > 0 ? (
            <SaveErrors errors={errors} name={name} />
          ) : (
            total > 0 && (
              <Button type="primary" loading={busy} disabled={!ready} onClick={() => setAsking(true)}>
                {t('files.apply')}
              </Button>
            )
          )}
        </div>
      </header>
      {wrong > 0 ? (
        <>
          <p className="body muted">
            {more.errors > 0 ? t('files.refusedMore', { n: more.errors }) : t('files.refusedHelp')}
          </p>
          <Errors errors={errors} />
        </>
      ) : (
        <>
          <div className="body">
            <dl className="figures">
              {([...actions, 'none'] as const).map((a) => (
                <div key={a} data-action={a}>
                  <dt>{t(`files.action.${a}`)}</dt>
                  <dd>{whole(lang, counts[a])}</dd>
                </div>
              ))}
            </dl>
            {total === 0 && <p className="muted">{t('files.nothingHelp')}</p>}
          </div>
          {total > 0 && <Changes answer={answer} />}
        </>
      )}
      <Modal
        open={asking}
        title={t('files.applyAsk', { name })}
        okText={t('files.apply')}
        cancelText={t('cancel')}
        confirmLoading={busy}
        closable={!busy}
        mask={{ closable: !busy }}
        cancelButtonProps={{ disabled: busy }}
        okButtonProps={{ danger: counts.retire > 0 }}
        onCancel={() => setAsking(false)}
        onOk={() => void apply().finally(() => setAsking(false))}
      >
        <p>{t('files.applyText')}</p>
        <ul className="asked">
          {actions
            .filter((a) => counts[a] > 0)
            .map((a) => (
              <li key={a}>
                {t(`files.action.${a}`)} <strong>{whole(lang, counts[a])}</strong>
              </li>
            ))}
        </ul>
        {counts.retire > 0 && <p>{t('files.applyRetire', { n: counts.retire })}</p>}
      </Modal>
    </section>
  )
}

function Changes({ answer }: { answer: Imported }) {
  const { t, lang } = useI18n()
  const [only, setOnly] = useState<Action | 'all'>('all')
  const [most, setMost] = useState(step)
  const { changes, counts, more } = answer
  const listed = only === 'all' ? changes : changes.filter((c) => c.action === only)
  const shown = listed.slice(0, most)
  const options = [
    { value: 'all' as const, label: t('files.every', { n: whole(lang, changes.length) }) },
    ...actions
      .filter((a) => counts[a] > 0)
      .map((a) => ({
        value: a,
        label: t('files.some', {
          action: t(`files.action.${a}`),
          n: whole(lang, changes.filter((c) => c.action === a).length),
        }),
      })),
  ]
  return (
    <>
      {options.length > 2 && (
        <div className="filter">
          <Segmented
            aria-label={t('files.filter')}
            options={options}
            value={only}
            onChange={(a) => {
              setOnly(a)
              setMost(step)
            }}
          />
        </div>
      )}
      <DataTable
        label={t('files.changes')}
        className="cards roomy"
        columns={[
          'files.action',
          'files.what',
          'files.path',
          'name',
          'files.detail',
          'files.sheet',
          { num: 'files.row' },
        ]}
      >
        <tbody>
          {shown.map((c, i) => (
            <ChangeRow key={i} change={c} />
          ))}
        </tbody>
      </DataTable>
      {listed.length === 0 && <p className="more muted">{t('files.noneOf')}</p>}
      {listed.length > 0 && (
        <More shown={shown.length} all={listed.length} show={() => setMost((m) => m + step)}>
          {more.changes > 0 && t('files.unlisted', { n: more.changes })}
        </More>
      )}
    </>
  )
}

const tones: Record<Action, string> = {
  create: 'tag good',
  update: 'tag info',
  move: 'tag info',
  retire: 'tag warning',
}

function ChangeRow({ change: c }: { change: Change }) {
  const { t } = useI18n()
  return (
    <tr>
      <td data-label={t('files.action')}>
        <span className={tones[c.action]}>{t(`files.action.${c.action}`)}</span>
      </td>
      <td data-label={t('files.what')} className="nowrap">
        {c.kind === 'point' ? t('files.point') : t(kindKey[c.kind])}
      </td>
      <td data-label={t('files.path')}>{c.path || '–'}</td>
      <th scope="row" data-label={t('name')}>
        {c.name}
      </th>
      <td data-label={t('files.detail')} className="wide">
        {c.detail ?? '–'}
      </td>
      <td data-label={t('files.sheet')} className="muted nowrap">
        {c.sheet ?? '–'}
      </td>
      <td data-label={t('files.row')} className="num">
        {c.row ?? '–'}
      </td>
    </tr>
  )
}

function Errors({ errors }: { errors: RowError[] }) {
  const { t, n } = useI18n()
  const [most, setMost] = useState(step)
  const sheets = errors.some((e) => e.sheet)
  const shown = errors.slice(0, most)
  return (
    <>
      <DataTable label={t('files.errors')} className="cards roomy">
        <thead>
          <tr>
            {sheets && <th scope="col">{t('files.sheet')}</th>}
            <th scope="col" className="num">
              {t('files.row')}
            </th>
            <th scope="col">{t('files.column')}</th>
            <th scope="col">{t('value')}</th>
            <th scope="col">{t('files.wrong')}</th>
            <th scope="col">{t('files.mend')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((e, i) => (
            <tr key={i}>
              {sheets && (
                <td data-label={t('files.sheet')} className="nowrap">
                  {e.sheet ?? '–'}
                </td>
              )}
              <td data-label={t('files.row')} className="num">
                <strong>{e.row ?? '–'}</strong>
              </td>
              <td data-label={t('files.column')} className="nowrap">
                <ColumnName error={e} />
              </td>
              <td data-label={t('value')}>{e.value ? <code>{e.value}</code> : '–'}</td>
              <td data-label={t('files.wrong')} className="wide">
                {n(e.message)}
              </td>
              <td data-label={t('files.mend')} className="wide">
                {n(e.mend)}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      <More shown={shown.length} all={errors.length} show={() => setMost((m) => m + step)} />
    </>
  )
}

/** ColumnName calls a column as it is headed in the file, and tells the cell; YAML has fields instead. */
function ColumnName({ error }: { error: RowError }) {
  const { t } = useI18n()
  const column = columnOf(error.column)
  if (!column) return error.column ?? '–'
  return (
    <>
      {t(`files.column.${column}`)} <code className="muted">{error.cell ?? column}</code>
    </>
  )
}

function More({ shown, all, show, children }: { shown: number; all: number; show: () => void; children?: ReactNode }) {
  const { t, lang } = useI18n()
  if (shown >= all && !children) return null
  return (
    <div className="more row wrap muted">
      {shown < all && (
        <>
          <Button size="small" onClick={show}>
            {t('files.more', { n: whole(lang, Math.min(step, all - shown)) })}
          </Button>
          <span>{t('files.shown', { n: whole(lang, shown), all: whole(lang, all) })}</span>
        </>
      )}
      {children}
    </div>
  )
}

function SaveErrors({ errors, name }: { errors: RowError[]; name: string }) {
  const { t, n } = useI18n()
  const heads = () => [
    t('files.sheet'),
    t('files.row'),
    t('files.cell'),
    t('files.column'),
    t('value'),
    t('files.wrong'),
    t('files.mend'),
    t('files.code'),
  ]
  return (
    <Button
      icon={<DownloadOutlined aria-hidden />}
      onClick={() => save(errorList(errors, heads(), n), t('files.errorsName', { name: name.replace(/\.\w+$/, '') }))}
    >
      {t('files.saveErrors')}
    </Button>
  )
}
