import { Button } from 'antd'

import { useHere } from '../app/org'
import { whole } from '../format/number'
import { useI18n } from '../i18n'
import { nodeNow } from '../live/clock'
import { save } from '../trend/csv'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import { useVolumes, type Volume } from './queries'

const day = 86_400_000

/** The days are those of Beijing, wherever the browser is. */
const beijing = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10)

/** share is a part of a whole as percent with one digit, "–" of nothing. */
export const share = (part: number, of: number): string => (of > 0 ? `${((part / of) * 100).toFixed(1)} %` : '–')

const csv = (list: Volume[]) =>
  '\uFEFF' +
  [
    'day,nodes,registered,total,requests,successes',
    ...list.map((v) => [v.day, v.nodes, v.registered, v.total, v.requests, v.successes].join(',')),
  ].join('\r\n') +
  '\r\n'

/** VolumesPart adds up what the nodes below have handed in of the last 30 days. */
export function VolumesPart() {
  const { org } = useHere()
  const { t, lang } = useI18n()
  const now = nodeNow()
  const volumes = useVolumes(org.id, beijing(now - 30 * day), beijing(now))
  return (
    <section className="panel" aria-label={t('docking.volumes')}>
      <header>
        <h2>{t('docking.volumes')}</h2>
        {volumes.data && volumes.data.length > 0 && (
          <Button
            size="small"
            onClick={() =>
              save(new Blob([csv(volumes.data)], { type: 'text/csv;charset=utf-8' }), 'identifier-volumes.csv')
            }
          >
            {t('docking.export')}
          </Button>
        )}
      </header>
      <Answer query={volumes} rows={4} empty={(l) => l.length === 0 && <Blank title={t('docking.noVolumes')} />}>
        {(list) => (
          <DataTable
            label={t('docking.volumes')}
            className="cards"
            columns={[
              'docking.day',
              { num: 'docking.nodes' },
              { num: 'docking.registered' },
              { num: 'docking.total' },
              { num: 'docking.requests' },
              { num: 'docking.successes' },
              { num: 'docking.rate' },
            ]}
          >
            <tbody>
              {[...list].reverse().map((v) => (
                <tr key={v.day}>
                  <th scope="row">{v.day}</th>
                  {(
                    [
                      ['docking.nodes', v.nodes],
                      ['docking.registered', v.registered],
                      ['docking.total', v.total],
                      ['docking.requests', v.requests],
                      ['docking.successes', v.successes],
                    ] as const
                  ).map(([k, x]) => (
                    <td key={k} data-label={t(k)} className="num">
                      {whole(lang, x)}
                    </td>
                  ))}
                  <td data-label={t('docking.rate')} className="num">
                    {share(v.successes, v.requests)}
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
