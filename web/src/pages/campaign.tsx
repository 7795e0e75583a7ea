import { useQuery } from '@tanstack/react-query'
import { App, Button, Checkbox } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'

import { get, post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { checkupKeys, points, useCampaign, type CampaignDetail, type Results } from '../checkup/queries'
import { withQuery } from '../fields/transfer'
import { date, millis } from '../format/time'
import { useI18n } from '../i18n'
import { useRefreshed } from '../live/live'
import { useConfirm } from '../ui/confirm'
import { PageHead } from '../ui/page'
import { Answer } from '../ui/states'
import { DataTable } from '../ui/table'

import '../checkup/checkup.css'

/** CampaignPage tells an officer how far a campaign is, and what came out of it. */
export function CampaignPage() {
  const { id = '' } = useParams()
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const campaign = useCampaign(id)
  return (
    <>
      <PageHead
        title={campaign.data ? n(campaign.data.campaign.name) : t('checkup.campaign')}
        crumbs={[
          { label: n(org.name), to: at() },
          { label: t('checkup.title'), to: at('checkup') },
          { label: t('checkup.campaigns'), to: at('checkup-campaigns') },
        ]}
      />
      <Answer query={campaign} rows={8}>
        {(d) => (
          <div className="stack">
            <Shown detail={d} />
          </div>
        )}
      </Answer>
    </>
  )
}

function Shown({ detail: d }: { detail: CampaignDetail }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const k = d.campaign
  const submitted = d.firms.filter((f) => f.state === 'submitted').length
  const begun = d.firms.filter((f) => f.state === 'open').length
  const remind = async () => {
    try {
      const { firms } = await post<{ firms: number }>(`/checkup-campaigns/${k.id}/reminders`)
      await refreshed(checkupKeys.campaign(k.id))
      void message.success(t('checkup.remindedN', { n: firms }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <section className="panel" aria-label={t('checkup.howFar')}>
        <header>
          <h2>{t('checkup.howFar')}</h2>
          {may('configure') && k.state === 'open' && (
            <div className="actions">
              <Button onClick={() => void remind()} disabled={submitted === d.firms.length}>
                {t('checkup.remind')}
              </Button>
              <Button
                onClick={() =>
                  confirm({
                    title: t('checkup.closeTitle'),
                    text: t('checkup.closeText'),
                    ok: t('checkup.close'),
                    work: async () => {
                      await post(`/checkup-campaigns/${k.id}/end`)
                      await refreshed(checkupKeys.campaign(k.id))
                    },
                  })
                }
              >
                {t('checkup.close')}
              </Button>
            </div>
          )}
        </header>
        <dl className="figures dense body">
          <div>
            <dt>{t('checkup.called')}</dt>
            <dd>{d.firms.length}</dd>
          </div>
          <div>
            <dt>{t('checkup.begunN')}</dt>
            <dd>{begun}</dd>
          </div>
          <div>
            <dt>{t('checkup.submittedN')}</dt>
            <dd data-count="submitted">{submitted}</dd>
          </div>
          <div>
            <dt>{t('checkup.lasts')}</dt>
            <dd>
              <small>
                {k.from} – {k.until}
              </small>
            </dd>
          </div>
        </dl>
        <DataTable
          label={t('checkup.rungs')}
          columns={['checkup.level', { num: 'checkup.submittedN' }, { num: 'checkup.planned' }]}
        >
          <tbody>
            {d.levels.map((name, i) => (
              <tr key={i}>
                <th scope="row">{n(name)}</th>
                <td className="num">{d.counts[i]}</td>
                <td className="num">{i > 0 ? (k.plan?.[i - 1] ?? '–') : '–'}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      </section>
      <section className="panel" aria-label={t('checkup.firms')}>
        <header>
          <h2>{t('checkup.firms')}</h2>
        </header>
        <DataTable
          label={t('checkup.firms')}
          className="cards"
          columns={[
            'checkup.firm',
            'checkup.code',
            'state',
            'checkup.declared',
            'checkup.evidenced',
            'checkup.lastReminder',
          ]}
          height={560}
        >
          <tbody>
            {d.firms.map((f) => (
              <tr key={f.org}>
                <th scope="row">{n(f.name)}</th>
                <td data-label={t('checkup.code')}>
                  <code>{f.code ?? '–'}</code>
                </td>
                <td data-label={t('state')}>
                  <span className={f.state === 'submitted' ? 'tag good' : f.state === 'open' ? 'tag info' : 'tag'}>
                    {t(`checkup.firm.${f.state}`)}
                  </span>
                </td>
                <td data-label={t('checkup.declared')}>
                  {f.standing ? `${n(f.standing.levelName)} · ${points(f.standing.points)}` : '–'}
                </td>
                <td data-label={t('checkup.evidenced')}>
                  {f.standing ? `${n(f.standing.provenName)} · ${points(f.standing.provenPoints)}` : '–'}
                </td>
                <td data-label={t('checkup.lastReminder')}>{f.reminded ? date(millis(f.reminded)) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      </section>
      <Distribution detail={d} />
    </>
  )
}

const dimensions = ['industry', 'size', 'place'] as const

function Distribution({ detail: d }: { detail: CampaignDetail }) {
  const { may } = useHere()
  const { t, n } = useI18n()
  const refreshed = useRefreshed()
  const confirm = useConfirm()
  const [by, setBy] = useState<string[]>(['place'])
  const id = d.campaign.id
  const results = useQuery({
    queryKey: [...checkupKeys.campaign(id), 'results', by],
    queryFn: ({ signal }) =>
      get<Results>(
        withQuery(
          `/checkup-campaigns/${id}/results`,
          by.map((x): [string, string] => ['by', x]),
        ),
        {},
        signal,
      ),
  })
  return (
    <section className="panel" aria-label={t('checkup.results')}>
      <header>
        <h2>{t('checkup.results')}</h2>
        {may('configure') && !d.campaign.published && (
          <div className="actions">
            <Button
              onClick={() =>
                confirm({
                  title: t('checkup.publishTitle'),
                  text: t('checkup.publishText'),
                  ok: t('checkup.publish'),
                  work: async () => {
                    await post(`/checkup-campaigns/${id}/publication`, { by })
                    await refreshed(checkupKeys.campaign(id))
                  },
                })
              }
            >
              {t('checkup.publish')}
            </Button>
          </div>
        )}
      </header>
      <div className="body">
        {d.campaign.published ? (
          <p>
            <span className="tag good">{t('checkup.isPublished')}</span> {date(millis(d.campaign.published))}
          </p>
        ) : (
          <Checkbox.Group
            value={by}
            onChange={(v) => setBy(v)}
            options={dimensions.map((x) => ({ value: x, label: t(`checkup.by.${x}`) }))}
          />
        )}
        {results.data && <p className="muted">{n(results.data.text)}</p>}
        {results.data?.before && <p className="muted">{t('checkup.before', { name: results.data.before })}</p>}
      </div>
      <Answer query={results} rows={4}>
        {(r) => (
          <DataTable label={t('checkup.results')} className="cards" height={560}>
            <thead>
              <tr>
                <th scope="col">{t('checkup.cell')}</th>
                <th scope="col" className="num">
                  {t('checkup.submittedN')}
                </th>
                {r.levels.map((l, i) => (
                  <th scope="col" className="num" key={i}>
                    {n(l)}
                  </th>
                ))}
                <th scope="col">{t('checkup.quartiles')}</th>
                <th scope="col" className="num">
                  {t('checkup.yearBefore')}
                </th>
              </tr>
            </thead>
            <tbody>
              {r.cells.map((c) => {
                const name =
                  [c.key.industry, c.key.size && t(`checkup.size.${c.key.size}` as 'checkup.size.small'), c.key.place]
                    .filter(Boolean)
                    .join(' · ') || t('checkup.everybody')
                return (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {c.hidden ? (
                      <td colSpan={r.levels.length + 3} className="muted">
                        {t('checkup.hidden', { n: r.least })}
                      </td>
                    ) : (
                      <>
                        <td className="num">{c.firms}</td>
                        {r.levels.map((_, i) => (
                          <td className="num" key={i}>
                            {c.levels?.[i] ?? 0}
                          </td>
                        ))}
                        <td className="nowrap">
                          {c.quartiles
                            ?.map((q) => (q.from === q.to ? points(q.from) : `${points(q.from)}–${points(q.to)}`))
                            .join(' / ')}
                        </td>
                        <td className="num">
                          {c.before
                            ? t('checkup.beforeFirms', {
                                n: c.before.firms,
                                m: c.before.median ? points(c.before.median.from) : '–',
                              })
                            : '–'}
                        </td>
                      </>
                    )}
                  </tr>
                )
              })}
            </tbody>
          </DataTable>
        )}
      </Answer>
    </section>
  )
}
