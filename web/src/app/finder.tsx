import { SearchOutlined } from '@ant-design/icons'
import { Input, Modal } from 'antd'
import { useId, useMemo, useState } from 'react'
import { useNavigate } from 'react-router'

import { useGateways, usePlant } from '../api/queries'
import { localeOf } from '../format/time'
import { useI18n } from '../i18n'
import { pathTo } from '../plant/tree'
import { useHere } from './org'

interface Found {
  id: string
  label: string
  where: string
  to: string
}

const shown = 12

/** Finder jumps to a machine or a gateway by a part of its name. */
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
  const found = all
    .filter((f) => words.every((w) => `${f.label} ${f.where}`.toLocaleLowerCase(localeOf(lang)).includes(w)))
    .slice(0, shown)
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
            <div>{f.label}</div>
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
