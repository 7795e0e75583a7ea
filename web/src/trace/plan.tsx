import { useQuery } from '@tanstack/react-query'

import { get } from '../api/client'
import type { components } from '../api/schema'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { DeviceFault } from '../wizard/fault'

type LinkAnswer = components['schemas']['LinkAnswer']

/** Plan shows the requests that one scan of each class sends. */
export function Plan({ link, approve }: { link: string; approve: (fingerprint: string) => void }) {
  const { t, lang } = useI18n()
  const asked = useQuery({
    queryKey: ['link-plan', link],
    queryFn: ({ signal }) => get<LinkAnswer>(`/links/${link}/plan`, undefined, signal),
    gcTime: 0,
  })
  return (
    <Answer query={asked}>
      {(a) => {
        if (a.fault) return <DeviceFault fault={a.fault} approve={approve} />
        if (!a.requests?.length) return <Blank title={t('trace.planNone')}>{t('trace.planNoneHelp')}</Blank>
        return (
          <div className="stack trace">
            <p className="muted">{t('trace.planHelp')}</p>
            <DataTable
              label={t('trace.plan')}
              className="frames"
              columns={['trace.request', { num: 'trace.every' }, { num: 'trace.points' }]}
            >
              <tbody>
                {a.requests.map((r, i) => (
                  <tr key={i}>
                    <td className="note">{r.summary}</td>
                    <td className="num nowrap">{r.everyMs ? every(r.everyMs) : '–'}</td>
                    <td className="num">{whole(lang, String(r.points?.length ?? 0))}</td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
          </div>
        )
      }}
    </Answer>
  )
}

const every = (ms: number) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`)
