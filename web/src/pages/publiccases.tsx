import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Link, useParams } from 'react-router'

import { get } from '../api/client'
import type { components } from '../api/schema'
import type { Page } from '../api/types'
import { lastOrg } from '../app/org'
import { LanguageTool, ThemeTool } from '../app/tools'
import { contentOf, valueText, type Content, type Field } from '../fields/field'
import { Pager, usePages } from '../fields/pager'
import { useI18n } from '../i18n'
import { Answer, Blank } from '../ui/states'
import { Weave } from '../ui/marks'
import '../fields/fields.css'
import '../cases/cases.css'

type S = components['schemas']
type PublicPage = Page<S['PublicCase']> & { flowName?: { zh?: string; en?: string }; fields?: unknown }

/** PublicCasesPage is the public part of cases in public states, for anybody: until when one may object, and how. */
export function PublicCasesPage() {
  const { flow = '' } = useParams()
  const { t, n, lang } = useI18n()
  const pages = usePages(flow)
  const declared = useQuery({
    queryKey: ['public-flow', flow],
    queryFn: ({ signal }) => get<S['PublicFlow']>(`/public/flows/${flow}`, {}, signal),
    retry: false,
  })
  const cases = useQuery({
    queryKey: ['public-cases', flow, pages.cursor],
    queryFn: ({ signal }) =>
      get<PublicPage>(`/public/flows/${flow}/cases`, { limit: 50, cursor: pages.cursor }, signal),
    retry: false,
  })
  const fields = (declared.data?.fields ?? []) as unknown as Field[]
  const title = n(declared.data?.name) || t('cases.publicTitle')
  useEffect(() => {
    document.title = `${title} · ${t('appName')}`
  }, [title, t])
  const words = { lang, n, yes: t('yes'), no: t('no'), org: (id: string) => id }
  const org = lastOrg()
  return (
    <div className="publicpage">
      <header className="row wrap">
        <Weave />
        <b>{t('appName')}</b>
        <span className="grow" />
        <LanguageTool />
        <ThemeTool />
      </header>
      <main className="panel">
        <header>
          <h1>{t('cases.publicOf', { name: title })}</h1>
        </header>
        <p className="note">{t('cases.publicHelp')}</p>
        <Answer
          query={cases}
          empty={(p) => (p.items ?? []).length === 0 && pages.before === 0 && <Blank title={t('cases.nonePublic')} />}
        >
          {(p) => (
            <>
              <ul className="offerlist">
                {(p.items ?? []).map((c) => (
                  <li key={c.id}>
                    <div className="what">
                      <strong>{n(c.subjectName)}</strong> <span className="tag info">{n(c.stateName)}</span>
                      <Content fields={fields} content={contentOf(c.content)} words={words} />
                      <p className="muted small">{t('cases.keptBy', { who: n(c.orgName) || c.org })}</p>
                      {c.deadlines.map((d) => (
                        <p key={d.id}>
                          {d.overdue ? t('cases.objectOver', { day: d.last }) : t('cases.objectUntil', { day: d.last })}
                          {d.counted && d.why && (
                            <span className="muted small"> {t('cases.moved', { day: d.counted, why: n(d.why) })}</span>
                          )}
                        </p>
                      ))}
                    </div>
                    {c.objecting && (
                      <Link
                        to={org ? `/o/${org}/apply/${flow}?case=${c.id}&action=${c.objecting.action}` : '/sign-in'}
                        className="ant-btn ant-btn-default ant-btn-color-default"
                      >
                        {n(c.objecting.name)}
                      </Link>
                    )}
                  </li>
                ))}
              </ul>
              <Pager pages={pages} size={50} shown={(p.items ?? []).length} next={p.next} busy={cases.isFetching} />
            </>
          )}
        </Answer>
      </main>
    </div>
  )
}

function Content({
  fields,
  content,
  words,
}: {
  fields: Field[]
  content: Content
  words: Parameters<typeof valueText>[2]
}) {
  const { n } = useI18n()
  return (
    <dl className="facts record">
      {fields
        .filter((f) => f.key in content)
        .map((f) => (
          <div key={f.key} style={{ display: 'contents' }}>
            <dt>{n(f.name)}</dt>
            <dd>{valueText(f, content[f.key], words)}</dd>
          </div>
        ))}
    </dl>
  )
}
