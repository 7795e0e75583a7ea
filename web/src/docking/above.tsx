import { App, Button, Form, Input } from 'antd'
import { useState } from 'react'

import { post, put } from '../api/client'
import { useHere } from '../app/org'
import { dateTime, millis } from '../format/time'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Ask } from '../plant/dialogs'
import { ReasonField } from '../storage/reason'
import { useConfirm } from '../ui/confirm'
import { Copied } from '../ui/secret'
import { Answer, Blank } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { DataTable } from '../ui/table'
import { useTableName } from './marks'
import { dockingKeys, useAbove, useSent, type Above, type Sent } from './queries'

interface Fields {
  prefix: string
  url: string
  since: string
  reason: string
}

/** AbovePart is whom the organisation hands in to, and what became of it. */
export function AbovePart() {
  const { org, may } = useHere()
  const { t } = useI18n()
  const above = useAbove(org.id)
  const [open, setOpen] = useState(false)
  const own = may('configure')
  return (
    <div className="stack">
      <section className="panel" aria-label={t('docking.above')}>
        <header>
          <h2>{t('docking.above')}</h2>
          {own && above.data && (
            <div className="actions">
              <Button size="small" onClick={() => setOpen(true)}>
                {t('docking.setAbove')}
              </Button>
            </div>
          )}
        </header>
        <Answer
          query={above}
          rows={3}
          empty={(a) =>
            a.revision === 0 && (
              <>
                <Blank title={t('docking.aboveNone')}>{t('docking.aboveNoneHelp')}</Blank>
                <dl className="facts body">
                  <OwnKeys of={a} />
                </dl>
              </>
            )
          }
        >
          {(a) => <AboveFacts of={a} />}
        </Answer>
      </section>
      <SentPanel own={own} />
      {open && above.data && <AboveDialog of={above.data} close={() => setOpen(false)} />}
    </div>
  )
}

function AboveFacts({ of: a }: { of: Above }) {
  const { t, lang } = useI18n()
  const name = useTableName()
  return (
    <dl className="facts body">
      <dt>{t('docking.prefix')}</dt>
      <dd>{a.prefix}</dd>
      <dt>{t('docking.url')}</dt>
      <dd>{a.url || <span className="tag warning">{t('docking.stopped')}</span>}</dd>
      <dt>{t('docking.from')}</dt>
      <dd>{a.since}</dd>
      <dt>{t('docking.makes')}</dt>
      <dd>{a.tables.map(name).join(lang === 'zh' ? '、' : ', ') || t('docking.makesNone')}</dd>
      <OwnKeys of={a} />
    </dl>
  )
}

/** OwnKeys is what the operator above enters before this node can hand in. */
function OwnKeys({ of: a }: { of: Above }) {
  const { t } = useI18n()
  return (
    <>
      <dt>{t('docking.ownKeys')}</dt>
      <dd>
        {a.keys.map((k) => (
          <Copied key={k} text={k} label={t('docking.ownKeys')} />
        ))}
        <div className="muted small">{t('docking.ownKeysHelp')}</div>
      </dd>
    </>
  )
}

function AboveDialog({ of: a, close }: { of: Above; close: () => void }) {
  const { org } = useHere()
  const { t } = useI18n()
  const { message } = App.useApp()
  const [form] = Form.useForm<Fields>()
  const submit = useSubmit()
  const refreshed = useRefreshed()
  const save = async (f: Fields) => {
    const done = await submit.run(async () => {
      await put(`/docking/above?org=${org.id}`, { ...f, reason: f.reason.trim(), revision: a.revision })
      await refreshed(dockingKeys.all())
    }, form)
    if (!done) return
    void message.success(t('docking.saved'))
    close()
  }
  return (
    <Ask
      title={t('docking.setAbove')}
      ok={t('save')}
      form={form}
      submit={submit}
      initial={{ prefix: a.prefix, url: a.url, since: a.since }}
      close={close}
      finish={(f) => void save(f)}
    >
      <Form.Item
        name="prefix"
        label={t('docking.prefix')}
        extra={<span className="field-mend">{t('docking.prefixHelp')}</span>}
        rules={[{ required: true, message: t('field.missing', { name: t('docking.prefix') }) }]}
      >
        <Input autoComplete="off" />
      </Form.Item>
      <Form.Item name="url" label={t('docking.url')} extra={<span className="field-mend">{t('docking.urlHelp')}</span>}>
        <Input autoComplete="off" placeholder="https://" />
      </Form.Item>
      <Form.Item
        name="since"
        label={t('docking.from')}
        extra={<span className="field-mend">{t('docking.fromHelp')}</span>}
        rules={[{ required: true, message: t('field.missing', { name: t('docking.from') }) }]}
      >
        <Input type="date" style={{ width: 180 }} />
      </Form.Item>
      <ReasonField hint={t('docking.reasonHint')} />
    </Ask>
  )
}

function SentPanel({ own }: { own: boolean }) {
  const { org } = useHere()
  const { t } = useI18n()
  const [cursors, setCursors] = useState<string[]>([''])
  const sent = useSent(org.id, cursors[0] ?? '')
  return (
    <section className="panel" aria-label={t('docking.sent')}>
      <header>
        <h2>{t('docking.sent')}</h2>
      </header>
      <Answer
        query={sent}
        rows={4}
        empty={(p) => p.items?.length === 0 && cursors.length === 1 && <Blank title={t('docking.noSent')} />}
      >
        {(p) => (
          <>
            <DataTable
              label={t('docking.sent')}
              className="cards"
              columns={[
                'docking.table',
                'docking.period',
                { num: 'docking.revision' },
                { num: 'docking.rows' },
                'docking.state',
                { hidden: 'docking.actions' },
              ]}
            >
              <tbody>
                {(p.items ?? []).map((x) => (
                  <SentRow key={x.id} of={x} own={own} />
                ))}
              </tbody>
            </DataTable>
            <Pager cursors={cursors} set={setCursors} next={p.next} />
          </>
        )}
      </Answer>
    </section>
  )
}

const sentLooks: Record<Sent['state'], string> = { waiting: 'tag info', taken: 'tag good', refused: 'tag error' }

function SentRow({ of: x, own }: { of: Sent; own: boolean }) {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const name = useTableName()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  return (
    <tr>
      <th scope="row">{name(x.table)}</th>
      <td data-label={t('docking.period')}>{x.period ?? t('docking.atOnce')}</td>
      <td data-label={t('docking.revision')} className="num">
        {x.parts > 1 ? `${x.revision} · ${x.part}/${x.parts}` : x.revision}
      </td>
      <td data-label={t('docking.rows')} className="num">
        {whole(lang, x.rows)}
      </td>
      <td data-label={t('docking.state')}>
        <span className={sentLooks[x.state]}>{t(`docking.sent.${x.state}`)}</span>
        {x.state === 'waiting' && x.next && x.tries > 0 && (
          <div className="muted small">{t('docking.tries', { n: x.tries, at: dateTime(millis(x.next)) })}</div>
        )}
        {x.state !== 'taken' && x.answer && <div className="small">{words(x.answer)}</div>}
        {x.state === 'taken' && x.at && <div className="muted small">{dateTime(millis(x.at))}</div>}
      </td>
      <td data-label={own && x.state === 'refused' ? t('docking.actions') : ''}>
        {own && x.state === 'refused' && (
          <Button
            size="small"
            onClick={() =>
              confirm({
                title: t('docking.again'),
                text: `${name(x.table)} ${x.period ?? ''}`,
                ok: t('docking.again'),
                work: async () => {
                  await post(`/docking/sent?org=${org.id}`, { table: x.table, period: x.period })
                  await refreshed(dockingKeys.all())
                  void message.success(t('docking.againDone'))
                },
              })
            }
          >
            {t('docking.again')}
          </Button>
        )}
      </td>
    </tr>
  )
}

/** words are what the node above has answered: the detail of its problem, or the answer as it is. */
export function words(answer: string): string {
  try {
    const p = JSON.parse(answer) as { detail?: unknown; title?: unknown }
    return [p.title, p.detail].filter((x) => typeof x === 'string').join(' ') || answer
  } catch {
    return answer
  }
}

/** Pager goes to older rows and back. */
export function Pager({
  cursors,
  set,
  next,
}: {
  cursors: string[]
  set: (list: string[]) => void
  next: string | undefined
}) {
  const { t } = useI18n()
  if (cursors.length === 1 && !next) return null
  return (
    <div className="row body">
      <Button size="small" disabled={cursors.length === 1} onClick={() => set(cursors.slice(1))}>
        {t('audit.newer')}
      </Button>
      <Button size="small" disabled={!next} onClick={() => next && set([next, ...cursors])}>
        {t('audit.older')}
      </Button>
    </div>
  )
}
