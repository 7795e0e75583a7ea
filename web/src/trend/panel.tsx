import {
  ArrowLeftOutlined,
  ArrowRightOutlined,
  CaretRightOutlined,
  CloseOutlined,
  DownloadOutlined,
  LeftOutlined,
  PauseOutlined,
  RightOutlined,
  ZoomInOutlined,
  ZoomOutOutlined,
} from '@ant-design/icons'
import { Button, Segmented } from 'antd'
import { useCallback, useState } from 'react'

import { shortDuration } from '../format/duration'
import { float } from '../format/number'
import { dateTime } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n } from '../i18n'
import { StatusMark } from '../ui/marks'
import { useDark } from '../ui/preferences'
import { Blank, Fault } from '../ui/states'
import { DataTable } from '../ui/table'
import { useValueText } from '../ui/valuetext'
import { colourOf } from './colours'
import { useTrend } from './data'
import { ExportDialog } from './export'
import { isNumeric, type Drawn, type Picked } from './lanes'
import { Plot } from './plot'
import { SpanDialog } from './spandialog'
import { pan, presets, zoom, type View } from './span'
import type { ViewHistory } from './history'

interface Props {
  picked: Picked[]
  history: ViewHistory
  height: number
  fileName: string
  onRemove: (series: string) => void
}

/** TrendPanel is the trend with all that moves it. */
export default function TrendPanel({ picked, history, height, fileName, onRemove }: Props) {
  const { t } = useI18n()
  const [pixels, setPixels] = useState(0)
  const [cursor, setCursor] = useState<number>()
  const [asking, setAsking] = useState<'span' | 'export'>()
  const { view, go } = history
  const trend = useTrend(picked, view, pixels)
  const { span } = trend
  const follow = 'last' in view
  const goSpan = useCallback((to: View) => go(to), [go])
  const length = span.to - span.from
  const spanText = `${dateTime(span.from)} – ${dateTime(span.to)}`
  const preset = follow && (presets as readonly string[]).includes(view.last) ? view.last : 'custom'
  const toolButton = (label: string, icon: React.ReactNode, onClick: () => void, disabled = false) => (
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
  return (
    <>
      <div className="trendbar" role="toolbar" aria-label={t('trend.tools')}>
        <span className="row" style={{ gap: 0 }}>
          {toolButton(t('trend.back'), <ArrowLeftOutlined aria-hidden />, history.back, !history.canBack)}
          {toolButton(t('trend.forward'), <ArrowRightOutlined aria-hidden />, history.forward, !history.canForward)}
        </span>
        <Segmented
          size="small"
          aria-label={t('trend.span')}
          value={preset}
          onChange={(v) => (v === 'custom' ? setAsking('span') : go({ last: v }))}
          options={[
            ...presets.map((p) => ({ label: t(`span.${p}`), value: p })),
            {
              // A second click on what is chosen already is told by the label alone.
              label: <span onClick={() => preset === 'custom' && setAsking('span')}>{t('span.custom')}</span>,
              value: 'custom',
            },
          ]}
        />
        <span className="row" style={{ gap: 0 }}>
          {toolButton(t('trend.earlier'), <LeftOutlined aria-hidden />, () => go(pan(span, -0.5)))}
          {toolButton(t('trend.zoomOut'), <ZoomOutOutlined aria-hidden />, () => go(zoom(span, 2)))}
          {toolButton(t('trend.zoomIn'), <ZoomInOutlined aria-hidden />, () => go(zoom(span, 0.5)))}
          {toolButton(t('trend.later'), <RightOutlined aria-hidden />, () => go(pan(span, 0.5)))}
        </span>
        <Button
          size="small"
          aria-pressed={follow}
          type={follow ? 'primary' : 'default'}
          icon={follow ? <PauseOutlined aria-hidden /> : <CaretRightOutlined aria-hidden />}
          title={follow ? t('trend.holdHelp') : t('trend.followHelp')}
          onClick={() => go(follow ? { ...span } : { last: shortDuration(length) })}
        >
          {follow ? t('trend.hold') : t('trend.follow')}
        </Button>
        <Button
          size="small"
          icon={<DownloadOutlined aria-hidden />}
          disabled={picked.length === 0}
          onClick={() => setAsking('export')}
          style={{ marginLeft: 'auto' }}
        >
          {t('export.open')}
        </Button>
      </div>
      {trend.problem && (
        <div style={{ padding: 12 }}>
          <Fault problem={trend.problem} retry={trend.retry} />
        </div>
      )}
      {picked.length === 0 ? (
        <Blank title={t('trend.empty')}>{t('trend.emptyHelp')}</Blank>
      ) : (
        <>
          <div className="row" style={{ padding: '6px 12px 2px', fontSize: 12 }}>
            <span className="muted">{spanText}</span>
            <span className="muted only-wide">({shortDuration(length)})</span>
            {trend.loading && <span className="muted">{t('loading')}</span>}
          </div>
          <Plot
            series={trend.series}
            span={span}
            height={height}
            label={t('trend.label', { n: picked.length, span: spanText })}
            onSpan={goSpan}
            onNow={() => go({ last: shortDuration(length) })}
            onPixels={setPixels}
            cursor={cursor}
            onCursor={setCursor}
          />
          <div className="legend-line" aria-hidden="true">
            <span>
              <i className="key" style={{ background: 'var(--bad)' }} />
              {t('class.bad')}
            </span>
            <span>
              <i className="key" style={{ background: 'var(--warn)', height: 5, marginTop: -3 }} />
              {t('class.uncertain')}
            </span>
            <span>
              <i className="key" style={{ background: 'var(--ink-3)', height: 2 }} />
              {t('trend.nothing')}
            </span>
            <span className="only-wide" style={{ marginLeft: 'auto' }}>
              {t('trend.hint')}
            </span>
          </div>
          <Legend series={trend.series} onRemove={onRemove} />
        </>
      )}
      {asking === 'span' && (
        <SpanDialog
          span={span}
          close={() => setAsking(undefined)}
          choose={(chosen) => {
            setAsking(undefined)
            go(chosen)
          }}
        />
      )}
      {asking === 'export' && (
        <ExportDialog
          picked={picked}
          span={span}
          pixels={pixels}
          fileName={fileName}
          close={() => setAsking(undefined)}
        />
      )}
    </>
  )
}

function Legend({ series, onRemove }: { series: Drawn[]; onRemove: (id: string) => void }) {
  const { t, lang } = useI18n()
  const text = useValueText()
  const dark = useDark()
  return (
    <DataTable label={t('trend.legend')}>
      <thead>
        <tr>
          <th scope="col">{t('name')}</th>
          <th scope="col" className="num">
            {t('trend.low')}
          </th>
          <th scope="col" className="num">
            {t('trend.high')}
          </th>
          <th scope="col" className="num">
            {t('trend.last')}
          </th>
          <th scope="col" className="only-wide">
            {t('status')}
          </th>
          <th scope="col">
            <span className="hidden-text">{t('trend.remove')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {series.map((s) => {
          const last = s.points.at(-1)
          const unit = readableUnit(s.unit)
          const numeric = isNumeric(s) && s.count > 0
          return (
            <tr key={s.id}>
              <th scope="row" style={{ minWidth: 130 }}>
                <i className="swatch" style={{ background: colourOf(s.slot, dark), margin: '0 8px 3px 0' }} />
                {s.name} {unit && <span className="muted">{unit}</span>}
              </th>
              <td className="num">{numeric ? float(lang, s.low) : '–'}</td>
              <td className="num">{numeric ? float(lang, s.high) : '–'}</td>
              <td className="num">{last ? text(s, last.value) : '–'}</td>
              <td className="only-wide">{last && <StatusMark status={last.status} />}</td>
              <td className="num">
                <Button
                  size="small"
                  type="text"
                  icon={<CloseOutlined aria-hidden />}
                  aria-label={t('trend.removeOne', { name: s.name })}
                  onClick={() => onRemove(s.id)}
                />
              </td>
            </tr>
          )
        })}
      </tbody>
    </DataTable>
  )
}
