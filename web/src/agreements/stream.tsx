import { App, Button } from 'antd'

import { post } from '../api/client'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { Age } from '../ui/age'
import { useConfirm } from '../ui/confirm'
import { Figure } from '../ui/figure'
import { Shape } from '../ui/marks'
import { Answer } from '../ui/states'
import { agreementKeys, useStreamOf, type Agreement, type StreamOf } from './queries'

const tones: Record<StreamOf['state'], string> = { none: 'tag', open: 'tag good', forked: 'tag error', closed: 'tag' }

/** StreamPanel is how the records of an agreement travel: how far they are, what was compared, what was repaired. */
export function StreamPanel({ of: a, renew }: { of: Agreement; renew: boolean }) {
  const { t } = useI18n()
  const began = !a.hosted && a.state !== 'requested' && a.state !== 'offered'
  const stream = useStreamOf(a.id, began)
  return (
    <section className="panel" aria-label={t('agreements.stream')}>
      <header>
        <h2>{t('agreements.stream')}</h2>
        {stream.data && <Linked of={stream.data} />}
        {renew && began && a.state === 'active' && (
          <div className="actions">
            <Renew id={a.id} />
          </div>
        )}
      </header>
      {!began ? (
        <p className="body muted">{t(a.hosted ? 'agreements.hostedStream' : 'agreements.notYet')}</p>
      ) : (
        <Answer query={stream} rows={3}>
          {(s) => <Facts of={s} />}
        </Answer>
      )}
    </section>
  )
}

function Linked({ of: s }: { of: StreamOf }) {
  const { t } = useI18n()
  return (
    <>
      <span className={`state is-${s.linked ? 'online' : 'offline'}`}>
        <Shape of={s.linked ? 'full' : 'cross'} />
        <span className="word">{t(s.linked ? 'agreements.linked' : 'agreements.notLinked')}</span>
      </span>
      <span className={tones[s.state]}>{t(`agreements.stream.${s.state}`)}</span>
    </>
  )
}

function Facts({ of: s }: { of: StreamOf }) {
  const { t } = useI18n()
  const when = (time: string | undefined) =>
    time ? (
      <span title={dateTime(millis(time))}>
        <Age of={millis(time)} />
      </span>
    ) : (
      '–'
    )
  return (
    <div className="body stack">
      {s.refused && (
        <p className="banner warning" style={{ margin: 0 }} role="alert">
          {t('agreements.refused', { reason: s.refused.reason, at: dateTime(millis(s.refused.at)) })}
        </p>
      )}
      {s.fork && (
        <div className="fault" role="alert">
          <strong>{t('agreements.fork')}</strong>
          <p>{t('agreements.forkText', { epoch: s.fork.epoch, seq: s.fork.seq, at: dateTime(millis(s.fork.at)) })}</p>
          <p className="small">
            {t('agreements.held')} <code>{s.fork.held}</code>
          </p>
          <p className="small">
            {t('agreements.came')} <code>{s.fork.came}</code>
          </p>
        </div>
      )}
      <dl className="figures dense">
        <Figure word="agreements.epoch">{s.epoch || '–'}</Figure>
        <Figure word="agreements.last">{s.last}</Figure>
        {s.side === 'giver' && (
          <>
            <Figure word="agreements.acked">{s.acked}</Figure>
            <Figure word="agreements.backlog">
              <span className={s.last > s.acked ? 'tag warning' : undefined}>{s.last - s.acked}</span>
            </Figure>
          </>
        )}
        <Figure word="agreements.moved">{when(s.moved)}</Figure>
        {s.side === 'taker' && (
          <>
            <Figure word="agreements.checked">
              {s.checked ? when(s.checked) : <small>{t('agreements.checkedNever')}</small>}
            </Figure>
            <Figure word="agreements.repaired">
              <span className={s.repaired > 0 ? 'tag warning' : undefined}>{s.repaired}</span>
            </Figure>
          </>
        )}
      </dl>
    </div>
  )
}

function Renew({ id }: { id: string }) {
  const { t } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  return (
    <Button
      size="small"
      onClick={() =>
        confirm({
          title: t('agreements.renew'),
          text: t('agreements.renewText'),
          ok: t('agreements.renew'),
          work: async () => {
            await post(`/agreements/${id}/stream/renew`)
            await refreshed(agreementKeys.all())
            void message.success(t('agreements.renewDone'))
          },
        })
      }
    >
      {t('agreements.renew')}
    </Button>
  )
}
