import { useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'

import { post } from '../api/client'
import { keys, useMe } from '../api/queries'
import { LanguageTool, ThemeTool, useSignOut } from '../app/tools'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import '../join/join.css'
import { contentOf, joinKeys, stateKey, toneOf, useMine, useMyMandates, type Application } from '../join/queries'
import { Wizard } from '../join/wizard'
import { Weave } from '../ui/marks'
import { roleKey } from '../ui/role'
import { Answer, Fault } from '../ui/states'
import { useSubmit } from '../ui/submit'
import { useConfirm } from '../ui/confirm'

/** JoinPage is where somebody joins with their enterprise, and sees what has become of it. It needs no organisation. */
export function JoinPage() {
  const { t } = useI18n()
  const me = useMe()
  const mine = useMine()
  const mandates = useMyMandates()
  const signOut = useSignOut()
  const queries = useQueryClient()
  const submit = useSubmit()
  const [open, setOpen] = useState<string>()
  useEffect(() => {
    document.title = `${t('join.title')} · ${t('appName')}`
  }, [t])
  const approved = mine.data?.filter((a) => a.state === 'approved').length
  useEffect(() => {
    // What has been approved meanwhile opens an organisation.
    if (approved) {
      void queries.invalidateQueries({ queryKey: keys.orgs() })
      void queries.invalidateQueries({ queryKey: keys.me() })
    }
  }, [approved, queries])
  const begin = () =>
    submit.run(async () => {
      const a = await post<Application>('/join/applications')
      queries.setQueryData<Application[]>(joinKeys.mine(), (old) => [a, ...(old ?? [])])
      setOpen(a.id)
    })
  const shown = mine.data?.find((a) => a.id === open)
  return (
    <div className="joinpage">
      <header className="joinhead">
        <span className="mark">
          <Weave />
          <b>经纬 Jingwei</b>
        </span>
        <span className="row">
          <LanguageTool />
          <ThemeTool />
          <Button type="text" onClick={() => void signOut()}>
            {t('signOut')}
          </Button>
        </span>
      </header>
      <main>
        <h1>{t('join.title')}</h1>
        <p className="muted" style={{ marginBottom: 14 }}>
          {me.data ? t('join.hello', { name: me.data.person.name || me.data.person.login }) : ''}
        </p>
        {shown && (shown.state === 'draft' || shown.state === 'returned') ? (
          <>
            {shown.state === 'returned' && <Reason a={shown} />}
            <Wizard key={shown.id} application={shown} done={() => setOpen(undefined)} />
            <Button type="link" onClick={() => setOpen(undefined)}>
              {t('join.later')}
            </Button>
          </>
        ) : (
          <>
            <section className="panel" aria-label={t('join.mine')}>
              <h2>{t('join.mine')}</h2>
              <Answer query={mine} empty={(list) => list.length === 0 && <p className="muted">{t('join.none')}</p>}>
                {(list) => (
                  <ul className="joinlist">
                    {list.map((a) => (
                      <Mine key={a.id} a={a} open={() => setOpen(a.id)} />
                    ))}
                  </ul>
                )}
              </Answer>
              {submit.problem && <Fault problem={submit.problem} />}
              <Button
                type={mine.data?.length ? 'default' : 'primary'}
                block
                size="large"
                loading={submit.busy}
                onClick={() => void begin()}
                style={{ marginTop: 10 }}
              >
                {t('join.begin')}
              </Button>
            </section>
            {(mandates.data?.length ?? 0) > 0 && (
              <section className="panel" aria-label={t('join.myMandates')}>
                <h2>{t('join.myMandates')}</h2>
                <ul className="joinlist">
                  {mandates.data?.map((m) => (
                    <MyMandate key={m.id} m={m} />
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </main>
    </div>
  )
}

function MyMandate({ m }: { m: NonNullable<ReturnType<typeof useMyMandates>['data']>[number] }) {
  const { t, n } = useI18n()
  return (
    <li>
      <div className="row wrap" style={{ justifyContent: 'space-between' }}>
        <strong>{n(m.orgName)}</strong>
        {m.state === 'running' ? (
          <Link to={`/o/${m.org}`} reloadDocument>
            {t('join.enter')}
          </Link>
        ) : (
          <span className="tag">{t(m.state === 'revoked' ? 'join.revoked' : 'join.ended')}</span>
        )}
      </div>
      <div className="muted">{t('join.roleUntil', { role: t(roleKey[m.role]), day: m.lastDay })}</div>
    </li>
  )
}

function Reason({ a }: { a: Application }) {
  const { t } = useI18n()
  return (
    <div className="joinnote" role="status">
      <strong>{t('join.why', { by: a.by })}</strong>
      <p>{a.reason}</p>
    </div>
  )
}

function Mine({ a, open }: { a: Application; open: () => void }) {
  const { t } = useI18n()
  const confirm = useConfirm()
  const queries = useQueryClient()
  const c = contentOf(a)
  const fillable = a.state === 'draft' || a.state === 'returned'
  const withdraw = () =>
    confirm({
      title: t('join.withdrawTitle'),
      text: t('join.withdrawText'),
      ok: t('join.withdraw'),
      work: async () => {
        await post(`/join/applications/${a.id}/withdrawal`)
        await queries.invalidateQueries({ queryKey: ['applications'] })
      },
    })
  return (
    <li>
      <div className="row wrap" style={{ justifyContent: 'space-between' }}>
        <strong>{c.name ?? t('join.unnamed')}</strong>
        <span className={toneOf(a.state)}>{t(stateKey[a.state])}</span>
      </div>
      <div className="muted">
        {t(a.kind === 'act' ? 'join.act' : 'join.join')} {c.creditCode && <code>{c.creditCode}</code>}
      </div>
      <div className="muted">{dateTime(millis(a.at))}</div>
      {(a.state === 'returned' || a.state === 'refused') && <Reason a={a} />}
      {a.state === 'submitted' && <p className="muted">{t('join.waiting')}</p>}
      {(fillable || a.state === 'submitted') && (
        <div className="joinfoot" style={{ marginTop: 8 }}>
          {fillable && (
            <Button type="primary" onClick={open}>
              {t(a.state === 'returned' ? 'join.mend' : 'join.goOn')}
            </Button>
          )}
          <Button onClick={withdraw}>{t('join.withdraw')}</Button>
        </div>
      )}
    </li>
  )
}
