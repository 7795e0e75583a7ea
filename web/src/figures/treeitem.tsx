import { createContext, use, useState, type KeyboardEvent, type ReactNode } from 'react'

import { useI18n } from '../i18n'

/** A step of the way down, for the breadcrumbs. */
export interface Step {
  id: string
  label: string
}

interface Tree {
  current: string
  come: (id: string, path: Step[]) => void
}

const TreeContext = createContext<Tree>({ current: '', come: () => undefined })

/** How deep an item stands; what is opened in it stands one deeper. */
const LevelContext = createContext(1)

const itemsOf = (of: Element) => [...of.querySelectorAll<HTMLElement>('[role=treeitem]')]

/** pathOf is the way from the root to an item, as its breadcrumbs name it. */
function pathOf(item: Element): Step[] {
  const path: Step[] = []
  for (let at: Element | null | undefined = item; at; at = at.parentElement?.closest('[role=treeitem]')) {
    const { id = '', crumb } = (at as HTMLElement).dataset
    if (crumb) path.unshift({ id, label: crumb })
  }
  return path
}

/**
 * ExplainTree is a tree (WAI-ARIA tree) whose items ask for what lies below them when they are opened. Above it stands the way
 * to the item that one is at, node by node.
 */
export function ExplainTree({ label, root, children }: { label: string; root: string; children: ReactNode }) {
  const { t } = useI18n()
  const [current, setCurrent] = useState(root)
  const [path, setPath] = useState<Step[]>([])
  const key = (e: KeyboardEvent<HTMLElement>) => {
    const item = (e.target as HTMLElement).closest<HTMLElement>('[role=treeitem]')
    if (!item || e.target !== item) return
    const all = itemsOf(e.currentTarget)
    const i = all.indexOf(item)
    const open = item.getAttribute('aria-expanded')
    const twist = () => item.querySelector<HTMLElement>('.exrow')?.click()
    switch (e.key) {
      case 'ArrowDown':
        all[i + 1]?.focus()
        break
      case 'ArrowUp':
        all[i - 1]?.focus()
        break
      case 'Home':
        all[0]?.focus()
        break
      case 'End':
        all.at(-1)?.focus()
        break
      case 'ArrowRight':
        if (open === 'false') twist()
        else if (open === 'true') all[i + 1]?.focus()
        break
      case 'ArrowLeft':
        if (open === 'true') twist()
        else item.parentElement?.closest<HTMLElement>('[role=treeitem]')?.focus()
        break
      case 'Enter':
      case ' ':
        twist()
        break
      default:
        return
    }
    e.preventDefault()
  }
  return (
    <TreeContext
      value={{
        current,
        come: (id, way) => {
          setCurrent(id)
          setPath(way)
        },
      }}
    >
      <nav className="hops" aria-label={t('figures.path')}>
        <ol>
          {(path.length > 0 ? path : [{ id: root, label: t('figures.top') }]).map((s, i, list) => (
            <li key={s.id} aria-current={i === list.length - 1 ? 'location' : undefined}>
              <button
                type="button"
                className="plain linked"
                onClick={() => document.querySelector<HTMLElement>(`[data-id="${CSS.escape(s.id)}"]`)?.focus()}
              >
                {s.label}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <ul role="tree" aria-label={label} className="extree" onKeyDown={key}>
        {children}
      </ul>
    </TreeContext>
  )
}

/** Item is one line of the tree, with what stands below it once it is open. */
export function Item({
  id,
  crumb,
  children,
  below,
  begin = false,
}: {
  /** Of its own in the tree. */
  id: string
  /** Its name in the way down; left out where it is not a step of it. */
  crumb?: string
  children: ReactNode
  below?: () => ReactNode
  /** It is open from the beginning. */
  begin?: boolean
}) {
  const tree = use(TreeContext)
  const level = use(LevelContext)
  const [open, setOpen] = useState(begin)
  return (
    <li
      role="treeitem"
      aria-level={level}
      aria-expanded={below ? open : undefined}
      data-id={id}
      data-crumb={crumb}
      tabIndex={tree.current === id ? 0 : -1}
      onFocus={(e) => {
        // A press comes here before its click: the way down, which may take a line more, must not move the row away under it.
        if (e.target.closest('[role=treeitem]') === e.currentTarget && e.target.matches(':focus-visible')) {
          tree.come(id, pathOf(e.currentTarget))
        }
      }}
    >
      <div
        className={below ? 'exrow opens' : 'exrow'}
        onClick={(e) => {
          if ((e.target as HTMLElement).closest('a, button')) return
          if (below) setOpen(!open)
          const item = e.currentTarget.parentElement
          item?.focus()
          if (item) tree.come(id, pathOf(item))
        }}
      >
        <span className="twist">{below && <Chevron />}</span>
        <div className="what">{children}</div>
      </div>
      {below && open && (
        <LevelContext value={level + 1}>
          <ul role="group">{below()}</ul>
        </LevelContext>
      )}
    </li>
  )
}

function Chevron() {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      <path d="M3 1l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  )
}
