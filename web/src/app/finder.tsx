import { SearchOutlined } from '@ant-design/icons'
import { Input, Modal } from 'antd'
import { useEffect, useId, useMemo, useState, type ReactNode } from 'react'
import { useNavigate } from 'react-router'

import { useGateways, usePlant } from '../api/queries'
import { localeOf } from '../format/time'
import { useI18n } from '../i18n'
import { pathTo } from '../plant/tree'
import { kindKey, Lit } from '../search/found'
import { useFound, whereTo } from '../search/queries'
import { useHere } from './org'

interface Found {
  id: string
  label: string
  shown?: ReactNode
  where: string
  to: string
}

const shown = 12
const fewer = 6 // of the node's own, where what the search found follows

/** Finder jumps to a machine or a gateway by a part of its name, and to what the search finds. */
export function Finder({ close }: { close: () => void }) {
  const { org, at } = useHere()
  const { t, n, lang } = useI18n()
  const plant = usePlant(org.id)
  const gateways = useGateways(org.id)
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [picked, setPicked] = useState(0)
  const list = useId()
  const all = useMemo<Found[]>(() => {
    const nodes = plant.data ?? []
    return [
      ...nodes
        .filter((node) => node.kind === 'machine')
        .map((node) => ({
          id: node.id,
          label: n(node.name),
          where: pathTo(nodes, node.id)
            .slice(0, -1)
            .map((p) => n(p.name))
            .join(' › '),
          to: at(`m/${node.id}`),
        })),
      ...(gateways.data ?? []).map((g) => ({
        id: g.id,
        label: n(g.name),
        where: t('gateway.one'),
        to: at(`gateways/${g.id}`),
      })),
    ]
  }, [plant.data, gateways.data, n, at, t])
  const words = text.toLocaleLowerCase(localeOf(lang)).split(/\s+/).filter(Boolean)
  const named = all.filter((f) =>
    words.every((w) => `${f.label} ${f.where}`.toLocaleLowerCase(localeOf(lang)).includes(w)),
  )
  const asked = useSettled(text.trim())
  const answer = useFound({ q: asked, typing: true, limit: 8 }, 'search', asked !== '')
  const sought: Found[] =
    text.trim() === ''
      ? []
      : (answer.data?.items ?? []).flatMap((h) => {
          const to = whereTo(h)
          if (!to) return []
          return {
            id: h.id,
            label: h.title.map((x) => x.text).join(''),
            shown: <Lit spans={h.title} />,
            where: [t(kindKey[h.kind] ?? 'search.kind.entry'), n(h.collectionName), h.ref].filter(Boolean).join(' · '),
            to: at(to),
          }
        })
  const everything: Found[] =
    text.trim() === ''
      ? []
      : [
          {
            id: 'all',
            label: t('search.all', { q: text.trim() }),
            where: '',
            to: at(`search?q=${encodeURIComponent(text.trim())}`),
          },
        ]
  const found = [...named.slice(0, sought.length > 0 ? fewer : shown), ...sought, ...everything]
  const go = (f: Found | undefined) => {
    if (!f) return
    close()
    void navigate(f.to)
  }
  return (
    <Modal open footer={null} closable={false} onCancel={close} width={520} title={null} aria-label={t('find.open')}>
      <Input
        autoFocus
        size="large"
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t('find.hint')}
        value={text}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[picked] ? `${list}-${picked}` : undefined}
        aria-label={t('find.hint')}
        onChange={(e) => {
          setText(e.target.value)
          setPicked(0)
        }}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown') setPicked((p) => Math.min(p + 1, found.length - 1))
          else if (e.key === 'ArrowUp') setPicked((p) => Math.max(p - 1, 0))
          else if (e.key === 'Enter') go(found[picked])
          else return
          e.preventDefault()
        }}
      />
      <ul id={list} role="listbox" aria-label={t('find.results')} style={{ marginTop: 8 }}>
        {found.map((f, i) => (
          <li
            key={f.id}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === picked}
            onMouseEnter={() => setPicked(i)}
            onClick={() => go(f)}
            style={{
              padding: '6px 10px',
              borderRadius: 4,
              cursor: 'pointer',
              background: i === picked ? 'var(--accent-soft)' : undefined,
            }}
          >
            <div>{f.shown ?? f.label}</div>
            <div className="muted cut" style={{ fontSize: 12 }}>
              {f.where}
            </div>
          </li>
        ))}
        {found.length === 0 && <li className="blank">{t('find.none')}</li>}
      </ul>
    </Modal>
  )
}

/** useSettled is a text once nothing has been typed for a moment, so that not every stroke asks the node. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const wait = setTimeout(() => setSettled(text), 150)
    return () => clearTimeout(wait)
  }, [text])
  return settled
}
