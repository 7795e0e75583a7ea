import {
  ArrowLeftOutlined,
  ArrowRightOutlined,
  CaretRightOutlined,
  CheckOutlined,
  ColumnHeightOutlined,
  DownloadOutlined,
  EditOutlined,
  HistoryOutlined,
  LeftOutlined,
  LinkOutlined,
  PauseOutlined,
  RightOutlined,
  ZoomInOutlined,
  ZoomOutOutlined,
} from '@ant-design/icons'
import { Button, Segmented, Select } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'

import { useI18n } from '../../i18n'
import type { Interval } from '../../trend/segments'
import { pan, zoom } from '../../trend/span'
import { copy } from '../../ui/secret'
import { moves, viewPresets, type TrendView } from './address'
import type { Dragging } from './chart'
import type { Trail } from './useaddress'

interface Props {
  trail: Trail
  span: Interval
  follow: boolean
  dragging: Dragging
  knowing: boolean
  empty: boolean
  compareText: string
  onDragging: (how: Dragging) => void
  /** What the person may do to samples; nothing where only looking is allowed. */
  correcting: 'all' | 'enter' | undefined
  onCorrect: () => void
  onKnowing: () => void
  onAsk: (what: 'span' | 'offset' | 'export') => void
  onNow: () => void
}

/** Tools are all that moves the trend, in two rows: time, and what is made of it. */
export function Tools(p: Props) {
  const { t } = useI18n()
  const { trail, span, follow } = p
  const { address, go, change } = trail
  const { view } = address
  const goSpan = (to: Interval) => go({ from: Math.round(to.from), to: Math.round(to.to) })
  const preset = presetOf(view)
  const tool = (label: string, icon: ReactNode, onClick: () => void, disabled = false) => (
    <Button
      size="small"
      type="text"
      aria-label={label}
      title={label}
      icon={icon}
      onClick={onClick}
      disabled={disabled}
    />
  )
  const choose = (v: string) => {
    if (v === 'custom') p.onAsk('span')
    else go(v === 'today' ? { today: true } : { last: v })
  }
  const compared =
    address.compare === undefined ? 'none' : ['1d', '7d'].includes(address.compare) ? address.compare : 'set'
  return (
    <div className="trendbar" role="toolbar" aria-label={t('trend.tools')}>
      <span className="row" style={{ gap: 0 }}>
        {tool(t('trend.back'), <ArrowLeftOutlined aria-hidden />, trail.back, !trail.canBack)}
        {tool(t('trend.forward'), <ArrowRightOutlined aria-hidden />, trail.forward, !trail.canForward)}
      </span>
      <div className="scroll-x">
        <Segmented
          size="small"
          aria-label={t('trend.span')}
          value={preset}
          onChange={choose}
          options={[
            ...viewPresets.map((v) => ({ label: t(`trends.last.${v}`), value: v })),
            { label: t('trends.today'), value: 'today' },
            {
              // A second click on what is chosen already is told by the label alone.
              label: <span onClick={() => preset === 'custom' && p.onAsk('span')}>{t('span.custom')}</span>,
              value: 'custom',
            },
          ]}
        />
      </div>
      <span className="row" style={{ gap: 0 }}>
        {tool(t('trend.earlier'), <LeftOutlined aria-hidden />, () => goSpan(pan(span, -0.5)))}
        {tool(t('trend.zoomOut'), <ZoomOutOutlined aria-hidden />, () => goSpan(zoom(span, 2)))}
        {tool(t('trend.zoomIn'), <ZoomInOutlined aria-hidden />, () => goSpan(zoom(span, 0.5)))}
        {tool(t('trend.later'), <RightOutlined aria-hidden />, () => goSpan(pan(span, 0.5)))}
      </span>
      <Button
        size="small"
        aria-pressed={follow}
        type={follow ? 'primary' : 'default'}
        icon={follow ? <PauseOutlined aria-hidden /> : <CaretRightOutlined aria-hidden />}
        title={t(follow ? 'trend.holdHelp' : 'trend.followHelp')}
        onClick={() => (follow ? goSpan(span) : p.onNow())}
      >
        {t(follow ? 'trend.hold' : 'trend.follow')}
      </Button>
      <Segmented
        size="small"
        aria-label={t('trends.dragging')}
        value={p.dragging}
        onChange={p.onDragging}
        options={[
          { value: 'zoom' as const, label: t('trends.dragZoom') },
          { value: 'pan' as const, label: t('trends.dragPan') },
          ...(p.correcting === 'all' && address.asOf === undefined
            ? [{ value: 'correct' as const, label: t('correction.drag') }]
            : []),
        ]}
      />
      <Select
        size="small"
        style={{ minWidth: 116 }}
        popupMatchSelectWidth={false}
        aria-label={t('trends.compareWith')}
        value={compared}
        onChange={(v) => {
          if (v === 'other') p.onAsk('offset')
          else change({ compare: v === 'none' ? undefined : v })
        }}
        options={[
          { value: 'none', label: t('trends.noCompare') },
          { value: '1d', label: t('trends.compareTo', { then: t('trends.dayBefore') }) },
          { value: '7d', label: t('trends.compareTo', { then: t('trends.weekBefore') }) },
          ...(compared === 'set' ? [{ value: 'set', label: t('trends.compareTo', { then: p.compareText }) }] : []),
          { value: 'other', label: t('trends.compareOther') },
        ]}
      />
      <Button
        size="small"
        icon={<ColumnHeightOutlined aria-hidden />}
        aria-pressed={address.lanes}
        type={address.lanes ? 'primary' : 'default'}
        title={t('trends.lanesHelp')}
        onClick={() => change({ lanes: !address.lanes })}
      >
        {t('trends.lanes')}
      </Button>
      <Button
        size="small"
        icon={<HistoryOutlined aria-hidden />}
        aria-pressed={p.knowing}
        type={address.asOf === undefined ? 'default' : 'primary'}
        disabled={p.empty}
        title={t('trends.asOfTitle')}
        onClick={p.onKnowing}
      >
        {t('trends.asOf')}
      </Button>
      {p.correcting && (
        <Button
          size="small"
          icon={<EditOutlined aria-hidden />}
          disabled={p.empty || address.asOf !== undefined}
          title={t(address.asOf === undefined ? 'correction.openHelp' : 'correction.notThen')}
          onClick={p.onCorrect}
        >
          {t(p.correcting === 'all' ? 'correction.open' : 'correction.openEnter')}
        </Button>
      )}
      <span className="row" style={{ marginLeft: 'auto' }}>
        <CopyLink />
        <Button
          size="small"
          icon={<DownloadOutlined aria-hidden />}
          disabled={p.empty}
          onClick={() => p.onAsk('export')}
        >
          {t('export.open')}
        </Button>
      </span>
    </div>
  )
}

function presetOf(view: TrendView): string {
  if (!moves(view)) return 'custom'
  if ('today' in view) return 'today'
  return (viewPresets as readonly string[]).includes(view.last) ? view.last : 'custom'
}

function CopyLink() {
  const { t } = useI18n()
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), 2500)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <>
      <Button
        size="small"
        icon={done ? <CheckOutlined aria-hidden /> : <LinkOutlined aria-hidden />}
        title={t('trends.linkHelp')}
        onClick={() => void copy(location.href).then(setDone)}
      >
        {done ? t('copied') : t('trends.link')}
      </Button>
      <span className="hidden-text" aria-live="polite">
        {done && t('copied')}
      </span>
    </>
  )
}
