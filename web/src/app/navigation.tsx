import { DownOutlined, EllipsisOutlined } from '@ant-design/icons'
import { Dropdown } from 'antd'
import { useState, type ReactNode } from 'react'
import { NavLink, useLocation, useNavigate } from 'react-router'

import { useI18n } from '../i18n'

export interface NavPage {
  to: string
  label: string
  icon: ReactNode
  /** Only this very address counts as being there. */
  end?: boolean
  count?: number
  /** Stands in this part of "More". */
  more?: Part
}

/** Parts of "More", in their order: the plant's data, what the organisation does with others, what it decides, how it is run. */
const parts = ['data', 'services', 'desk', 'running'] as const
export type Part = (typeof parts)[number]

/** Navigation lists the pages: those of every day side by side, the others under "More". */
export function Navigation({ pages }: { pages: NavPage[] }) {
  const { t } = useI18n()
  const rest = pages.filter((p) => p.more)
  return (
    <ul>
      {pages
        .filter((p) => !p.more)
        .map((p) => (
          <li key={p.to}>
            <NavLink to={p.to} end={p.end}>
              {p.icon}
              <span>{p.label}</span>
              {p.count ? (
                <span className="count" title={t('conditions.open', { n: p.count })}>
                  {p.count}
                </span>
              ) : null}
            </NavLink>
          </li>
        ))}
      {rest.length > 0 && (
        <li>
          <More pages={rest} />
        </li>
      )}
    </ul>
  )
}

function More({ pages }: { pages: NavPage[] }) {
  const { t } = useI18n()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const here = pages.find((p) => pathname === p.to || pathname.startsWith(`${p.to}/`))
  return (
    <Dropdown
      trigger={['click']}
      open={open}
      onOpenChange={setOpen}
      menu={{
        selectedKeys: here ? [here.to] : [],
        style: { maxHeight: '75vh', overflowY: 'auto' },
        items: parts
          .map((part) => ({
            type: 'group' as const,
            key: part,
            label: t(`nav.${part}`),
            children: pages.filter((p) => p.more === part).map((p) => ({ key: p.to, icon: p.icon, label: p.label })),
          }))
          .filter((group) => group.children.length > 0),
        onClick: ({ key }) => void navigate(key),
      }}
    >
      <button
        type="button"
        className="more"
        aria-expanded={open}
        aria-haspopup="menu"
        aria-current={here ? 'page' : undefined}
      >
        {here?.icon ?? <EllipsisOutlined aria-hidden />}
        <span>{here?.label ?? t('nav.more')}</span>
        <DownOutlined aria-hidden className="only-wide" style={{ fontSize: 10 }} />
      </button>
    </Dropdown>
  )
}
