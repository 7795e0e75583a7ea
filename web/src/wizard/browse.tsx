import { useInfiniteQuery } from '@tanstack/react-query'
import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Checkbox } from 'antd'
import { useState } from 'react'

import { useI18n } from '../i18n'
import { Bones, Fault } from '../ui/states'
import { browse, type Via } from './ask'
import { keyOf, type LinkAnswer, type Setup } from './draft'
import { DeviceFault } from './fault'

type LinkNode = NonNullable<LinkAnswer['nodes']>[number]

interface Props {
  via: Via
  points: Setup[]
  add: (p: Setup) => void
  remove: (key: string) => void
  approve: (fingerprint: string) => void
}

/** Browse walks through what a device offers; what is ticked becomes a point. */
export function Browse(props: Props) {
  const { t } = useI18n()
  return (
    <div className="nodes">
      <p className="muted">{t('wizard.browseHelp')}</p>
      <div
        className="tablebox"
        style={{ padding: '6px 10px' }}
        role="group"
        aria-label={t('wizard.browse')}
        tabIndex={0}
      >
        <Below {...props} node={undefined} />
      </div>
    </div>
  )
}

function Below({ node, ...props }: Props & { node: string | undefined }) {
  const { t } = useI18n()
  const pages = useInfiniteQuery({
    queryKey: ['browse', props.via, node],
    queryFn: ({ pageParam }) => browse(props.via, node, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
  if (pages.error && !pages.data) return <Fault problem={pages.error} retry={() => void pages.refetch()} />
  if (!pages.data) return <Bones rows={3} />
  const fault = pages.data.pages.find((p) => p.fault)?.fault
  const nodes = pages.data.pages.flatMap((p) => p.nodes ?? [])
  return (
    <>
      {fault && <DeviceFault fault={fault} approve={props.approve} />}
      {!fault && nodes.length === 0 && <p className="muted">{t('wizard.nothingBelow')}</p>}
      <ul>
        {nodes.map((x) => (
          <One key={x.address} {...props} node={x} alone={node === undefined && nodes.length === 1 && !x.leaf} />
        ))}
      </ul>
      {pages.hasNextPage && (
        <Button size="small" type="link" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {t('wizard.more')}
        </Button>
      )}
    </>
  )
}

function One({ node: x, alone, ...props }: Props & { node: LinkNode; alone: boolean }) {
  // A root with one thing in it shows what is in that.
  const [open, setOpen] = useState(alone)
  const point = props.points.find((p) => p.address === x.address)
  return (
    <li>
      {x.leaf ? (
        <Checkbox
          checked={point !== undefined}
          onChange={() => (point ? props.remove(point.key) : props.add(pointFrom(x, props.points)))}
        >
          {x.name} <code className="muted">{x.address}</code> <span className="muted">{x.encoding}</span>
        </Checkbox>
      ) : (
        <Button
          size="small"
          type="text"
          aria-expanded={open}
          icon={open ? <DownOutlined aria-hidden /> : <RightOutlined aria-hidden />}
          onClick={() => setOpen(!open)}
        >
          {x.name}
        </Button>
      )}
      {open && <Below {...props} node={x.address} />}
    </li>
  )
}

/** pointFrom makes a point of a variable; its type follows from how the device holds it. */
function pointFrom(x: LinkNode, points: Setup[]): Setup {
  const type = typeOf(x.encoding)
  return {
    key: keyOf(x.name, new Set(points.map((p) => p.key))),
    name: { zh: x.name, en: x.name },
    type,
    unit: type === 'float64' || type === 'int64' ? '1' : undefined,
    // The server's values bring their own type with them.
    address: x.address,
  }
}

function typeOf(encoding: string | undefined): Setup['type'] {
  const e = (encoding ?? '').toLowerCase()
  if (e.startsWith('bool')) return 'bool'
  if (/^(float|double|f\d|duration)/.test(e)) return 'float64'
  if (/int|byte|^[iu]\d|enum/.test(e)) return 'int64'
  return 'string'
}
