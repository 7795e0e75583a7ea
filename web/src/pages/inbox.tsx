import { App, Button, Segmented, Tag } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'

import { post } from '../api/client'
import { Problem } from '../api/problem'
import { useHere } from '../app/org'
import { Pager, usePages } from '../fields/pager'
import { dateTime, millis } from '../format/time'
import { useI18n } from '../i18n'
import { inboxKeys, pageSize, useInbox, useInboxCount, type Item } from '../inbox/queries'
import { useRefreshed } from '../live/live'
import { PageHead } from '../ui/page'
import { Answer, Blank } from '../ui/states'
import { DataTable } from '../ui/table'
import '../fields/fields.css'

type Tab = 'todos' | 'done' | 'unread' | 'all'

const asked = {
  todos: ['todo', 'open'],
  done: ['todo', 'done'],
  unread: ['note', 'unread'],
  all: ['note', undefined],
} as const

/** InboxPage is what waits for somebody here: to-dos by urgency and due time, and messages. */
export function InboxPage() {
  const { org, at } = useHere()
  const { t, n } = useI18n()
  const { message } = App.useApp()
  const refreshed = useRefreshed()
  const [tab, setTab] = useState<Tab>('todos')
  const [kind, state] = asked[tab]
  const pages = usePages(`${org.id} ${tab}`)
  const items = useInbox(org.id, kind, state, pages.cursor)
  const count = useInboxCount(org.id)
  const label = (word: string, many: number | undefined) => (many ? `${word} ${many}` : word)
  const mark = async (path: string, body?: unknown) => {
    try {
      const done = await post<{ read: number } | undefined>(path, body)
      await refreshed(inboxKeys.all())
      if (done) void message.success(t('inbox.marked', { n: done.read }))
    } catch (e) {
      if (!(e instanceof Problem)) throw e
      void message.error(e.message)
    }
  }
  return (
    <>
      <PageHead title={t('inbox.title')} crumbs={[{ label: n(org.name), to: at() }]}>
        {kind === 'note' && (count.data?.unread ?? 0) > 0 && (
          <Button onClick={() => void mark('/inbox/read', { org: org.id })}>{t('inbox.markAll')}</Button>
        )}
        <Link to={at('inbox/channels')}>{t('inbox.toChannels')}</Link>
      </PageHead>
      <section className="panel" aria-label={t('inbox.title')}>
        <div className="filterbar">
          <Segmented<Tab>
            aria-label={t('inbox.show')}
            value={tab}
            onChange={setTab}
            options={[
              { value: 'todos', label: label(t('inbox.todos'), count.data?.todos) },
              { value: 'done', label: t('inbox.done') },
              { value: 'unread', label: label(t('inbox.unread'), count.data?.unread) },
              { value: 'all', label: t('inbox.all') },
            ]}
          />
        </div>
        <Answer
          query={items}
          rows={6}
          empty={(page) =>
            page.items.length === 0 &&
            pages.before === 0 && (
              <Blank title={t(kind === 'todo' ? 'inbox.noTodos' : 'inbox.noNotes')}>
                {t(kind === 'todo' ? 'inbox.noTodosHelp' : 'inbox.noNotesHelp')}
              </Blank>
            )
          }
        >
          {(page) => (
            <>
              <DataTable
                label={t(kind === 'todo' ? 'inbox.todos' : 'inbox.notes')}
                className="cards roomy"
                columns={['inbox.what', kind === 'todo' ? 'inbox.due' : 'inbox.at', { hidden: 'inbox.actions' }]}
              >
                <tbody>
                  {page.items.map((i) => (
                    <Row key={i.id} item={i} read={() => void mark(`/inbox/${i.id}/read`)} />
                  ))}
                </tbody>
              </DataTable>
              <Pager
                pages={pages}
                size={pageSize}
                shown={page.items.length}
                next={page.next}
                busy={items.isPlaceholderData}
              />
            </>
          )}
        </Answer>
      </section>
    </>
  )
}

function Row({ item: i, read }: { item: Item; read: () => void }) {
  const { org } = useHere()
  const { t, n } = useI18n()
  const todo = i.kind === 'todo'
  const text = n(i.text)
  const when = todo ? i.due : i.at
  return (
    <tr>
      <th scope="row">
        <div>
          <div>
            {i.link ? (
              <Link to={`/o/${i.org ?? org.id}/${i.link}`} onClick={() => !todo && !i.read && read()}>
                {text}
              </Link>
            ) : (
              text
            )}
          </div>
          <div className="row wrap">
            {i.overdue && <Tag color="error">{t('inbox.overdue')}</Tag>}
            {!i.overdue && i.urgency === 'urgent' && !i.done && <Tag color="error">{t('inbox.urgent')}</Tag>}
            {i.urgency === 'high' && !i.done && <Tag color="warning">{t('inbox.high')}</Tag>}
            <span className="muted small">{t(i.mine ? 'inbox.mine' : 'inbox.desk')}</span>
          </div>
        </div>
      </th>
      <td data-label={t(todo ? 'inbox.due' : 'inbox.at')} className="nowrap">
        {i.done ? t('inbox.doneAt', { at: dateTime(millis(i.done)) }) : when ? dateTime(millis(when)) : '–'}
      </td>
      <td data-label={t('inbox.actions')}>
        {!todo && !i.read ? (
          <Button size="small" onClick={read}>
            {t('inbox.markRead')}
          </Button>
        ) : (
          '–'
        )}
      </td>
    </tr>
  )
}
