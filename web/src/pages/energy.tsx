import { DownloadOutlined } from '@ant-design/icons'
import { App, Button, Dropdown, Segmented, Select } from 'antd'
import { Link, useSearchParams } from 'react-router'

import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Board } from '../energy/board'
import { Gaps } from '../energy/gaps'
import { Meters } from '../energy/meters'
import { monthOf, monthsBack } from '../energy/month'
import { RulesPanel } from '../energy/parts'
import { useBoard, useQuality, useRules, type Quality } from '../energy/queries'
import { Strip } from '../energy/strip'
import { withQuery } from '../fields/transfer'
import { download } from '../files/transfer'
import { date } from '../format/time'
import { useI18n } from '../i18n'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import '../fields/fields.css'
import '../energy/energy.css'

/** EnergyPage scores the energy data of a month: of this enterprise, or of those that have granted it. */
export function EnergyPage() {
  const { org, orgs, at } = useHere()
  const { t, n } = useI18n()
  const [params, setParams] = useSearchParams()
  // eslint-disable-next-line react-hooks/purity -- the day on which the page is opened
  const running = monthOf(date(Date.now()))
  const month = params.get('month') ?? running
  const rules = params.get('rules') ?? ''
  const of = params.get('of') ?? ''
  const board = !of && (params.get('view') ?? (org.home ? 'board' : 'own')) === 'board'
  const set = (change: Record<string, string>) =>
    setParams((p) => {
      for (const [key, value] of Object.entries(change)) {
        if (value) p.set(key, value)
        else p.delete(key)
      }
      return p
    })
  const choices = useRules()
  const quality = useQuality(of || org.id, month, rules, !board)
  const list = useBoard(org.id, month, rules, board || of !== '')
  const name = of && (list.data?.firms.find((f) => f.org === of)?.name ?? orgs.find((o) => o.id === of)?.name)
  const months = monthsBack(running, 24)
  return (
    <>
      <PageHead
        title={name ? `${t('energy.title')} · ${n(name)}` : t('energy.title')}
        crumbs={[
          { label: n(org.name), to: at() },
          ...(of ? [{ label: t('energy.view.board'), to: at(`energy?view=board&month=${month}`) }] : []),
        ]}
      >
        {!of && (
          <Link to={at('energy/meters')}>
            <Button tabIndex={-1}>{t('energy.page.meters')}</Button>
          </Link>
        )}
        <Save org={of || org.id} month={month} rules={rules} board={board} />
      </PageHead>
      <div className="stack">
        <section className="panel" aria-label={t('energy.month')}>
          <div className="filterbar" role="search" aria-label={t('energy.month')}>
            {!of && (
              <Segmented
                aria-label={t('energy.view')}
                value={board ? 'board' : 'own'}
                onChange={(v) => set({ view: v })}
                options={[
                  { value: 'own', label: t('energy.view.own') },
                  { value: 'board', label: t('energy.view.board') },
                ]}
              />
            )}
            <Select
              className="pick"
              aria-label={t('energy.month')}
              value={month}
              onChange={(v) => set({ month: v })}
              options={(months.includes(month) ? months : [...months, month]).map((m) => ({
                value: m,
                label: m === running ? `${m} · ${t('energy.running')}` : m,
              }))}
            />
            {(choices.data?.length ?? 0) > 1 && (
              <Select
                className="pick"
                aria-label={t('energy.rules')}
                value={rules || choices.data?.[0]?.id}
                onChange={(v) => set({ rules: v })}
                options={choices.data?.map((r) => ({ value: r.id, label: n(r.name) }))}
              />
            )}
          </div>
        </section>
        {board ? (
          <Answer query={list} rows={6}>
            {(b) => <Board of={b} to={(firm) => at(`energy?of=${firm}&month=${month}&rules=${rules}`)} />}
          </Answer>
        ) : (
          <Answer query={quality} rows={10}>
            {(q) => <One of={q} />}
          </Answer>
        )}
      </div>
    </>
  )
}

function One({ of: q }: { of: Quality }) {
  const { t } = useI18n()
  const { at, may } = useHere()
  return (
    <>
      <RulesPanel of={q} />
      {q.meters.length === 0 ? (
        <section className="panel">
          <Blank
            title={t('energy.noMeters')}
            actions={
              q.own &&
              may('operate') && (
                <Link to={at('energy/meters')}>
                  <Button type="primary" tabIndex={-1}>
                    {t('energy.toMeters')}
                  </Button>
                </Link>
              )
            }
          >
            {t(q.own ? 'energy.noMetersHelp' : 'energy.noMetersOther')}
          </Blank>
        </section>
      ) : (
        <>
          <Strip of={q} />
          <Gaps of={q} />
          <Meters of={q} />
        </>
      )}
    </>
  )
}

const tables = ['gaps', 'days', 'rules'] as const
const formats = ['xlsx', 'csv'] as const

/** Save gives the tables of the page as files. */
function Save({ org, month, rules, board }: { org: string; month: string; rules: string; board: boolean }) {
  const { t, lang } = useI18n()
  const { message } = App.useApp()
  const give = async (format: string, table?: string) => {
    const path = table ? '/energy/quality/export' : '/energy/quality/board/export'
    const query: [string, string | undefined][] = [
      ['org', org],
      ['month', month],
      ['rules', rules || undefined],
      ['format', format],
      ['table', table],
    ]
    try {
      void message.success(t('files.saved', { name: await download(withQuery(path, query), {}, lang) }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  const items = formats.flatMap((format) =>
    board
      ? [{ key: format, label: format.toUpperCase(), onClick: () => void give(format) }]
      : tables.map((table) => ({
          key: `${format} ${table}`,
          label: `${t(`energy.save.${table}`)} · ${format.toUpperCase()}`,
          onClick: () => void give(format, table),
        })),
  )
  return (
    <Dropdown menu={{ items }} trigger={['click']}>
      <Button icon={<DownloadOutlined aria-hidden />}>{t('energy.save')}</Button>
    </Dropdown>
  )
}
