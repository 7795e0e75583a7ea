import { App, Button } from 'antd'

import { del, post } from '../api/client'
import { Problem } from '../api/problem'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { inboxKeys, useUndelivered } from './queries'

/** DeadLetters are messages that could not be delivered, with the reason; they can be sent again or given up. */
export function DeadLetters({ org }: { org: string }) {
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const dead = useUndelivered(org)
  const again = async (id: string) => {
    try {
      await post(`/inbox/undelivered/${id}/retry`)
      await refreshed(inboxKeys.all())
      void message.success(t('inbox.retried'))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const drop = (id: string) =>
    confirm({
      title: t('inbox.dropTitle'),
      text: t('inbox.dropText'),
      ok: t('inbox.drop'),
      work: async () => {
        await del(`/inbox/undelivered/${id}`)
        await refreshed(inboxKeys.all())
      },
    })
  return (
    <section className="panel" aria-label={t('inbox.dead')}>
      <header>
        <h2>{t('inbox.dead')}</h2>
      </header>
      <Answer
        query={dead}
        rows={3}
        empty={(list) => list.length === 0 && <Blank title={t('inbox.noDead')}>{t('inbox.noDeadHelp')}</Blank>}
      >
        {(list) => (
          <DataTable
            label={t('inbox.dead')}
            className="cards roomy"
            columns={['inbox.what', 'inbox.channel', 'inbox.why', 'inbox.at', { hidden: 'inbox.actions' }]}
          >
            <tbody>
              {list.map((d) => (
                <tr key={d.id}>
                  <th scope="row">{n(d.text)}</th>
                  <td data-label={t('inbox.channel')}>
                    {t(`inbox.kind.${d.kind as 'mail'}`)} · {d.name || d.address}
                  </td>
                  <td data-label={t('inbox.why')}>
                    {n(d.trouble)} <span className="muted small">{t('inbox.tries', { n: d.tries })}</span>
                  </td>
                  <td data-label={t('inbox.at')} className="nowrap">
                    {dateTime(millis(d.ended))}
                  </td>
                  <td data-label={t('inbox.actions')}>
                    <div className="row wrap">
                      <Button size="small" onClick={() => void again(d.id)}>
                        {t('inbox.retry')}
                      </Button>
                      <Button size="small" danger onClick={() => drop(d.id)}>
                        {t('inbox.drop')}
                      </Button>
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}
