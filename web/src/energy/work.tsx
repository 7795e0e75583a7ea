import { App, Button } from 'antd'

import { post, put, randomKey } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { energyKeys, type Candidate, type Naming } from './queries'

/** useNaming names main meters, ends and takes back; each can be undone at once. */
export function useNaming() {
  const { org } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const tell = (content: string, undo?: () => Promise<unknown>) => {
    const key = randomKey()
    void message.open({
      key,
      type: 'success',
      duration: undo ? 12 : 4,
      content: (
        <>
          {content}{' '}
          {undo && (
            <Button
              size="small"
              type="link"
              onClick={() => {
                message.destroy(key)
                void told(async () => {
                  await undo()
                  tell(t('energy.undone'))
                })
              }}
            >
              {t('undo')}
            </Button>
          )}
        </>
      ),
    })
  }
  /** told does something, looks again, and shows what the node says if it refuses. */
  const told = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      await refreshed(energyKeys.every())
      return true
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error([e.message, ...e.faults.map((f) => f.message)].join(' '))
      return false
    }
  }
  const call = (series: string, from: string, to?: string) =>
    post<Naming>('/energy/main-meters', { org: org.id, series, from, ...(to && { to }) })
  const withdraw = (x: Naming, reason: string) =>
    post(`/energy/main-meters/${x.fact}/withdrawal`, { basis: x.revision, reason })
  const end = (x: Naming, last: string | undefined, reason: string) =>
    post<Naming>(`/energy/main-meters/${x.fact}/end`, { basis: x.revision, ...(last && { last }), reason })
  const name = (m: Candidate) => n(m.name)
  return {
    name: (m: Candidate, from: string, to: string) =>
      told(async () => {
        const made = await call(m.series, from, to)
        tell(t('energy.nameDone', { name: name(m) }), () => withdraw(made, t('energy.byUndo')))
      }),
    end: (m: Candidate, x: Naming, last: string) =>
      told(async () => {
        const ended = await end(x, last, t('energy.endReason'))
        tell(t('energy.ended', { name: name(m), to: last }), () => end(ended, x.to, t('energy.byUndo')))
      }),
    takeBack: (m: Candidate, x: Naming) =>
      told(async () => {
        await withdraw(x, t('energy.backReason'))
        tell(t('energy.takenBack', { name: name(m) }), () => call(m.series, x.from, x.to))
      }),
    count: (m: Candidate) =>
      told(async () => {
        await put(`/series/${m.series}/counter`, { reason: t('energy.counterReason') })
        tell(t('energy.counterSet', { name: name(m) }))
      }),
  }
}
