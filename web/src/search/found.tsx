import { Button, Checkbox } from 'antd'
import { Fragment, useState, type ReactNode } from 'react'

import { type Filters } from '../fields/address'
import { Pager, usePages } from '../fields/pager'
import { SearchBox } from '../fields/searchbox'
import { whole } from '../format/number'
import { useI18n, type Key } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { facets, useFound, type Facet, type Hit, type Span } from './queries'
import './search.css'

export const kindKey: Record<string, Key> = {
  entry: 'search.kind.entry',
  case: 'search.kind.case',
  fact: 'search.kind.fact',
  measure: 'search.kind.measure',
}

const facetKey: Record<string, Key> = {
  kind: 'search.facet.kind',
  collection: 'search.facet.collection',
  state: 'search.facet.state',
  region: 'search.facet.region',
  industry: 'search.facet.industry',
  year: 'search.facet.year',
}

/** Lit shows a text with what matched in it. */
export function Lit({ spans }: { spans: Span[] }) {
  return <>{spans.map((s, i) => (s.hit ? <mark key={i}>{s.text}</mark> : <Fragment key={i}>{s.text}</Fragment>))}</>
}

/** Search is a box, the facets beside it and what was found; what is asked stands in the address. */
export function Search({
  of,
  filters,
  title,
}: {
  of: 'search' | 'public'
  filters: Filters
  /** How a hit is called: a link where it has a page. */
  title: (h: Hit, name: ReactNode) => ReactNode
}) {
  const { t, lang, n } = useI18n()
  const q = filters.get('q')
  const narrow = facets.flatMap((f) =>
    filters
      .get(f)
      .split('|')
      .filter(Boolean)
      .map((v): [string, string] => [f, v]),
  )
  const pages = usePages(JSON.stringify([q, narrow]))
  const found = useFound({ q, narrow, cursor: pages.cursor }, of)
  const toggle = (facet: string, value: string) => {
    const now = filters.get(facet).split('|').filter(Boolean)
    const next = now.includes(value) ? now.filter((v) => v !== value) : [...now, value]
    // States belong to one collection: they end with the choice that they were offered for.
    filters.set({ [facet]: next.join('|'), ...(facet === 'collection' ? { state: undefined } : {}) })
  }
  const one = filters.get('collection').split('|').filter(Boolean).length === 1
  return (
    <div className="searching">
      <SearchBox
        className="searchbox"
        label={t('search.hint')}
        value={q}
        maxLength={200}
        ask={(words) => filters.set({ q: words || undefined })}
      />
      <Answer query={found} rows={8}>
        {(f) => (
          <div className="searchgrid">
            <details className="panel facets" open={window.matchMedia('(min-width: 761px)').matches}>
              <summary>{t('search.facets')}</summary>
              {f.facets
                .filter((x) => x.values.length > 0 && (x.facet !== 'state' || one))
                .map((x) => (
                  <OneFacet key={x.facet} facet={x} chosen={filters.get(x.facet).split('|')} toggle={toggle} />
                ))}
              {narrow.length > 0 && (
                <Button size="small" onClick={() => filters.set(Object.fromEntries(facets.map((x) => [x, undefined])))}>
                  {t('fields.clear')}
                </Button>
              )}
            </details>
            <section className="panel" aria-label={t('search.results')} aria-busy={found.isPlaceholderData}>
              {!f.complete && <p className="note">{t('search.reading')}</p>}
              {f.relaxed && f.total > 0 && <p className="note">{t('search.relaxed')}</p>}
              <p className="muted small hitcount" role="status">
                {t('search.found', { n: whole(lang, f.total) })}
              </p>
              {f.total === 0 && <Blank title={t('search.none')}>{t('search.noneHelp')}</Blank>}
              <ol className="hits">
                {f.items.map((h) => (
                  <li key={`${h.kind}/${h.id}`}>
                    <div className="hithead">
                      {title(h, h.title.length > 0 ? <Lit spans={h.title} /> : t('search.untitled'))}
                      <span className="tag">{n(h.collectionName)}</span>
                      {h.stateName && <span className="tag info">{n(h.stateName)}</span>}
                    </div>
                    {h.snippet.length > 0 && (
                      <p className="snippet">
                        {h.label && <span className="muted">{n(h.label)} · </span>}
                        <Lit spans={h.snippet} />
                      </p>
                    )}
                    <p className="muted small">
                      {[t(kindKey[h.kind] ?? 'search.kind.entry'), h.ref].filter(Boolean).join(' · ')}
                    </p>
                  </li>
                ))}
              </ol>
              <Pager
                pages={pages}
                size={20}
                shown={f.items.length}
                total={f.total}
                next={f.next}
                busy={found.isPlaceholderData}
              />
            </section>
          </div>
        )}
      </Answer>
    </div>
  )
}

const few = 8

function OneFacet({
  facet: x,
  chosen,
  toggle,
}: {
  facet: Facet
  chosen: string[]
  toggle: (facet: string, value: string) => void
}) {
  const { t, n, lang } = useI18n()
  const [all, setAll] = useState(false)
  const values = x.values
  const name = (v: { value: string; name?: { zh?: string; en?: string } }) =>
    x.facet === 'kind' ? t(kindKey[v.value] ?? 'search.kind.entry') : n(v.name) || v.value
  const gone = chosen.filter((v) => v && !values.some((x) => x.value === v))
  return (
    <fieldset>
      <legend>{t(facetKey[x.facet] ?? 'search.facet.kind')}</legend>
      {[...(all ? values : values.slice(0, few)), ...gone.map((value) => ({ value, count: 0 }))].map((v) => (
        <Checkbox key={v.value} checked={chosen.includes(v.value)} onChange={() => toggle(x.facet, v.value)}>
          {name(v)} <span className="muted">{whole(lang, v.count)}</span>
        </Checkbox>
      ))}
      {values.length > few && (
        <Button type="link" size="small" onClick={() => setAll(!all)} aria-expanded={all}>
          {t(all ? 'search.less' : 'search.more')}
        </Button>
      )}
    </fieldset>
  )
}
