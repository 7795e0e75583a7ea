import { Button, Form, Input, Modal, Select, Space } from 'antd'

import { durationMillis } from '../../format/duration'
import { readableUnit } from '../../format/unit'
import { useI18n } from '../../i18n'
import type { AxisRange } from './address'
import type { Axis } from './axes'
import { shiftOf } from './offset'

interface RangeFields {
  low: string
  high: string
}

/** RangeDialog sets the ends of an axis, or lets it follow the values. */
export function RangeDialog({
  axis,
  range,
  close,
  choose,
}: {
  axis: Axis
  range: AxisRange | undefined
  close: () => void
  choose: (r: AxisRange | undefined) => void
}) {
  const { t } = useI18n()
  const unit = axis.units.map(readableUnit).filter(Boolean).join(', ')
  const finite = { required: true, pattern: /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i, message: t('trends.number') }
  return (
    <Modal
      open
      title={t('trends.rangeOf', { n: axis.slot + 1, unit: unit || '1' })}
      onCancel={close}
      footer={null}
      width={340}
    >
      <Form<RangeFields>
        layout="vertical"
        requiredMark={false}
        initialValues={{ low: range ? String(range.low) : '', high: range ? String(range.high) : '' }}
        onFinish={(f) => choose({ low: Number(f.low), high: Number(f.high) })}
      >
        <Form.Item name="high" label={t('trends.upper')} rules={[finite]}>
          <Input inputMode="decimal" suffix={unit} autoFocus />
        </Form.Item>
        <Form.Item
          name="low"
          label={t('trends.lower')}
          dependencies={['high']}
          rules={[
            finite,
            ({ getFieldValue }) => ({
              validator: (_, v: string) =>
                Number(v) < Number(getFieldValue('high'))
                  ? Promise.resolve()
                  : Promise.reject(new Error(t('trends.rangeOrder'))),
            }),
          ]}
        >
          <Input inputMode="decimal" suffix={unit} />
        </Form.Item>
        <Space>
          <Button type="primary" htmlType="submit">
            {t('trends.setRange')}
          </Button>
          <Button onClick={() => choose(undefined)}>{t('trends.followValues')}</Button>
        </Space>
      </Form>
    </Modal>
  )
}

interface OffsetFields {
  n: string
  unit: 'm' | 'h' | 'd' | 'w'
}

/** OffsetDialog asks how far back the span to compare with lies. */
export function OffsetDialog({
  compare,
  close,
  choose,
}: {
  compare: string | undefined
  close: () => void
  choose: (compare: string) => void
}) {
  const { t } = useI18n()
  const held = /^(\d+)([mhdw])$/.exec(compare ?? '')
  return (
    <Modal open title={t('trends.compareOther')} onCancel={close} footer={null} width={340}>
      <Form<OffsetFields>
        layout="vertical"
        requiredMark={false}
        initialValues={{ n: held?.[1] ?? '2', unit: held?.[2] ?? 'd' }}
        onFinish={(f) => choose(`${Number(f.n)}${f.unit}`)}
      >
        <Form.Item label={t('trends.distance')} htmlFor="trends-distance">
          <Space.Compact block>
            <Form.Item
              name="n"
              noStyle
              dependencies={['unit']}
              rules={[
                ({ getFieldValue }) => ({
                  validator: (_, v: string) => {
                    const text = `${/^\d{1,4}$/.test(v) ? v : ''}${getFieldValue('unit') as string}`
                    const good = shiftOf(text, Date.now()) !== undefined && durationMillis(text) > 0
                    return good ? Promise.resolve() : Promise.reject(new Error(t('trends.distanceHelp')))
                  },
                }),
              ]}
            >
              <Input id="trends-distance" inputMode="numeric" autoFocus />
            </Form.Item>
            <Form.Item name="unit" noStyle>
              <Select
                style={{ width: 120 }}
                aria-label={t('trends.distanceUnit')}
                options={[
                  { value: 'm', label: t('trends.minutes') },
                  { value: 'h', label: t('trends.hours') },
                  { value: 'd', label: t('trends.days') },
                  { value: 'w', label: t('trends.weeks') },
                ]}
              />
            </Form.Item>
          </Space.Compact>
        </Form.Item>
        <Button type="primary" htmlType="submit" block>
          {t('trends.compare')}
        </Button>
      </Form>
    </Modal>
  )
}
