import { Button, Drawer } from 'antd'
import type { ReactNode } from 'react'

import type { Point } from '../api/types'
import { durationMillis, shortDuration } from '../format/duration'
import { dateTimeMillis, millis } from '../format/time'
import { readableUnit } from '../format/unit'
import { useI18n, type Key } from '../i18n'
import { useLiveValue } from '../live/live'
import { Age } from '../ui/age'
import { codeText, StatusMark, useOriginName } from '../ui/marks'
import { statusWords } from '../ui/statuswords'
import { useValueText } from '../ui/valuetext'

const flagKeys: Partial<Record<string, Key>> = {
  noValue: 'flag.noValue',
  gatewayTime: 'flag.gatewayTime',
  futureTime: 'flag.futureTime',
  repeated: 'flag.repeated',
  clockUnsure: 'flag.clockUnsure',
  rival: 'flag.rival',
}

const typeKeys: Record<Point['type'], Key> = {
  float64: 'type.float64',
  int64: 'type.int64',
  bool: 'type.bool',
  string: 'type.string',
}

/** PointDetail tells everything that is known of a point and of its last sample. */
export function PointDetail({
  point,
  picked,
  onPick,
  close,
}: {
  point: Point
  picked: boolean
  onPick: (on: boolean) => void
  close: () => void
}) {
  const { t, n } = useI18n()
  const text = useValueText()
  const originName = useOriginName()
  const live = useLiveValue(point.id)
  const sample = live?.sample
  const words = sample && statusWords[sample.status.name.replace(/_/g, '')]
  const silence = durationMillis(point.maxSilence)
  const every = durationMillis(point.every)
  return (
    <Drawer open title={n(point.name)} onClose={close} size={400} destroyOnHidden>
      <div className="stack">
        <section>
          <h2 style={{ marginBottom: 6 }}>{t('sample.last')}</h2>
          {sample ? (
            <dl className="facts">
              <Fact label={t('value')}>
                <span className="value">{text(point, sample.value)}</span>
                {sample.value !== null && <span className="unit">{readableUnit(point.unit)}</span>}
              </Fact>
              {sample.value !== null && point.type !== 'bool' && (
                <Fact label={t('sample.exact')}>
                  <code>{String(sample.value)}</code>
                </Fact>
              )}
              <Fact label={t('status')}>
                <StatusMark status={sample.status} />
                {words && <div>{t(words)}</div>}
                <code>{codeText(sample.status.code)}</code>
              </Fact>
              <Fact label={t('age')}>
                <Age of={live.ms} />
              </Fact>
              <Fact label={t('sample.time')}>
                {dateTimeMillis(live.ms)}
                <div>
                  <code>{sample.time}</code>
                </div>
              </Fact>
              {sample.gatewayTime && (
                <Fact label={t('sample.gatewayTime')}>{dateTimeMillis(millis(sample.gatewayTime))}</Fact>
              )}
              {sample.commitTime && (
                <Fact label={t('sample.commitTime')}>{dateTimeMillis(millis(sample.commitTime))}</Fact>
              )}
              <Fact label={t('sample.origin')}>{originName(sample.origin)}</Fact>
              {sample.flags && sample.flags.length > 0 && (
                <Fact label={t('sample.flags')}>
                  {sample.flags.map((f) => {
                    const key = flagKeys[f]
                    return <div key={f}>{key ? t(key) : f}</div>
                  })}
                </Fact>
              )}
              <Fact label={t('sample.revision')}>{sample.revision}</Fact>
              {sample.commit && (
                <Fact label={t('sample.commit')}>
                  <code>{sample.commit}</code>
                </Fact>
              )}
            </dl>
          ) : (
            <p className="muted">{t('points.neverHelp')}</p>
          )}
        </section>
        <section>
          <h2 style={{ marginBottom: 6 }}>{t('point.how')}</h2>
          <dl className="facts">
            <Fact label={t('point.type')}>{t(typeKeys[point.type])}</Fact>
            {point.unit && point.unit !== '1' && (
              <Fact label={t('point.unit')}>
                {readableUnit(point.unit)} <code className="muted">UCUM {point.unit}</code>
              </Fact>
            )}
            {point.address && (
              <Fact label={t('point.address')}>
                <code>{point.address}</code>
              </Fact>
            )}
            {point.encoding && (
              <Fact label={t('point.encoding')}>
                <code>{point.encoding}</code>
              </Fact>
            )}
            {every > 0 && <Fact label={t('point.every')}>{shortDuration(every)}</Fact>}
            {silence > 0 && <Fact label={t('point.maxSilence')}>{shortDuration(silence)}</Fact>}
            <Fact label={t('point.id')}>
              <code>{point.id}</code>
            </Fact>
          </dl>
        </section>
        <Button onClick={() => onPick(!picked)}>{picked ? t('trend.remove') : t('points.toTrend')}</Button>
      </div>
    </Drawer>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  )
}
