import { Button, Input, Select } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'

import { LanguageTool, ThemeTool } from '../app/tools'
import { useI18n } from '../i18n'
import { useKinds, useShowWindow } from '../needs/queries'
import { SupplyFacts } from '../needs/why'
import { Answer, Blank } from '../ui/states'
import { PageHead } from '../ui/page'
import '../needs/needs.css'

const registers = ['solutions', 'capabilities', 'products', 'apps', 'consultancies'] as const

/** ShowWindow is the public page of what providers offer. */
export function ShowWindow() {
  const { t, n } = useI18n()
  const kinds = useKinds()
  const [query, setQuery] = useSearchParams()
  const [limit, setLimit] = useState(20)
  const of = (key: string) => query.get(key) ?? undefined
  const set = (key: string, value: string | undefined) => {
    const next = new URLSearchParams(query)
    if (value) next.set(key, value)
    else next.delete(key)
    setLimit(20)
    setQuery(next, { replace: true })
  }
  const shown = useShowWindow({
    register: of('register'),
    kind: of('kind'),
    industry: of('industry'),
    q: of('q'),
    limit,
  })
  return (
    <main className="publicpage">
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <LanguageTool />
        <ThemeTool />
      </div>
      <PageHead title={t('window.title')}>
        <a href="/sign-in">{t('window.signIn')}</a>
      </PageHead>
      <p className="muted">{t('window.lead')}</p>
      <section className="panel" aria-label={t('window.title')}>
        <header>
          <div className="row wrap" role="search">
            <Input.Search
              aria-label={t('window.search')}
              placeholder={t('window.search')}
              defaultValue={of('q')}
              allowClear
              style={{ width: 220 }}
              enterButton={t('window.search')}
              onSearch={(v) => set('q', v.trim() || undefined)}
            />
            <Select
              aria-label={t('supply.register')}
              style={{ width: 150 }}
              value={of('register') ?? ''}
              options={[
                { value: '', label: t('window.all') },
                ...registers.map((r) => ({ value: r, label: t(`supply.register.${r}`) })),
              ]}
              onChange={(v) => set('register', v)}
            />
            <Select
              aria-label={t('needs.kind')}
              style={{ width: 200 }}
              value={of('kind') ?? ''}
              showSearch={{ optionFilterProp: 'label' }}
              options={[
                { value: '', label: t('window.anyKind') },
                ...(kinds.data?.kinds ?? []).map((k) => ({ value: k.id, label: n(k.name) })),
              ]}
              onChange={(v) => set('kind', v)}
            />
          </div>
          <span className="muted" role="status">
            {shown.data && t('window.total', { n: shown.data.total })}
          </span>
        </header>
        <Answer
          query={shown}
          empty={(x) => x.items.length === 0 && <Blank title={t('window.none')}>{t('window.noneHelp')}</Blank>}
        >
          {(x) => (
            <>
              <ul className="needcards">
                {x.items.map((s) => (
                  <li key={s.id} className="needcard">
                    <h2>{s.title}</h2>
                    <SupplyFacts supply={s} />
                    <p style={{ whiteSpace: 'pre-wrap' }}>{s.words.slice(0, 300)}</p>
                    <p className="row wrap">
                      {s.kindNames.map((k, i) => (
                        <span key={i} className="tag info">
                          {n(k)}
                        </span>
                      ))}
                    </p>
                    <p className="muted">
                      {t('window.trades')}:{' '}
                      {s.trades.length > 0 ? s.trades.map((x) => n(x)).join('、') : t('window.anyTrade')}
                    </p>
                    {s.cases.length > 0 && (
                      <p className="muted">
                        {t('needs.cases')}:{' '}
                        {s.cases.map((c) => [c.title, n(c.trade), c.year].filter(Boolean).join(' · ')).join('；')}
                      </p>
                    )}
                  </li>
                ))}
              </ul>
              {x.items.length < x.total && limit < 100 && (
                <div className="body">
                  <Button onClick={() => setLimit((l) => Math.min(100, l + 20))}>{t('window.more')}</Button>
                </div>
              )}
            </>
          )}
        </Answer>
      </section>
    </main>
  )
}
