import { describe, expect, it } from 'vitest'

import { durationMillis, shortDuration } from './duration'
import { bytes, float, plotValue, rate, valueText, whole } from './number'
import { axisTime, dateTime, dateTimeMillis, fromLocalInput, millis, toLocalInput, zone } from './time'

describe('times', () => {
  it('reads nine digits after the second without losing the millisecond', () => {
    expect(millis('2026-05-05T01:02:03.123456789Z')).toBeCloseTo(Date.UTC(2026, 4, 5, 1, 2, 3) + 123.456789, 3)
    expect(millis('2026-05-05T01:02:03Z')).toBe(Date.UTC(2026, 4, 5, 1, 2, 3))
    expect(millis(undefined)).toBeNaN()
  })
  it('round-trips the field of a span in the zone of the browser', () => {
    const ms = Date.UTC(2026, 4, 5, 17, 2, 3)
    expect(toLocalInput(ms)).toBe('2026-05-06T01:02:03')
    expect(fromLocalInput(toLocalInput(ms))).toBe(ms)
  })
  it('shows times in the zone of the browser, as exact as the span asks for', () => {
    const ms = Date.UTC(2026, 4, 5, 17, 2, 3, 45)
    expect(dateTime(ms)).toBe('2026-05-06 01:02:03')
    expect(dateTimeMillis(ms)).toBe('2026-05-06 01:02:03.045')
    expect(dateTime(NaN)).toBe('–')
    expect(axisTime(ms, 7 * 86_400_000)).toBe('05-06')
    expect(axisTime(ms, 86_400_000)).toBe('05-06 01:02')
    expect(axisTime(ms, 3_600_000)).toBe('01:02')
    expect(axisTime(ms, 60_000)).toBe('01:02:03')
    expect(axisTime(ms, 2_000)).toBe('02:03.045')
  })
  it('names the zone with its offset', () => {
    expect(zone()).toBe('Asia/Shanghai (UTC+08:00)')
  })
})

describe('durations', () => {
  it.each([
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1h0m0s', 3_600_000],
    ['7d', 604_800_000],
    ['PT5M', 300_000],
    ['P1DT2H', 93_600_000],
  ])('%s', (text, ms) => {
    expect(durationMillis(text)).toBe(ms)
  })
  it('is not a number for anything else', () => {
    for (const s of ['', '5', 'soon', '5x', 'P']) expect(durationMillis(s)).toBeNaN()
  })
  it('shortens', () => {
    expect(shortDuration(90_000)).toBe('1m30s')
    expect(shortDuration(86_400_000)).toBe('1d')
    expect(shortDuration(250)).toBe('250ms')
    expect(shortDuration(93_784_000)).toBe('1d2h')
  })
})

describe('numbers', () => {
  it('keeps a 64-bit integer exact', () => {
    expect(whole('en', '9007199254740993')).toBe('9,007,199,254,740,993')
    expect(valueText('en', 'int64', '-9223372036854775808', 'yes', 'no')).toBe('-9,223,372,036,854,775,808')
  })
  it('shows what a person can take in of a float', () => {
    expect(float('en', 0.1 + 0.2)).toBe('0.3')
    expect(float('en', 1234567.891)).toBe('1,234,567.9')
    expect(float('en', 6.43e-7)).toBe('6.43e-7')
    expect(float('en', 1.5e12)).toBe('1.5e12')
    expect(float('en', 0)).toBe('0')
    expect(float('en', NaN)).toBe('NaN')
  })
  it('shows booleans in words, text as it is and nothing as a dash', () => {
    expect(valueText('zh', 'bool', true, '是', '否')).toBe('是')
    expect(valueText('zh', 'string', 'Prep', '是', '否')).toBe('Prep')
    expect(valueText('zh', 'string', '1E5', '是', '否')).toBe('1E5')
    expect(valueText('zh', 'float64', null, '是', '否')).toBe('–')
  })
  it('shows no minus before nothing', () => {
    expect(rate('en', -0.01)).toBe('0')
    expect(rate('en', -12.4)).toBe('-12')
  })
  it('sizes bytes', () => {
    expect(bytes('en', 512)).toBe('512 B')
    expect(bytes('en', '68719476736')).toBe('64 GiB')
    expect(bytes('en', 1536)).toBe('1.5 KiB')
  })
  it('plots booleans as 0 and 1 and nothing as a hole', () => {
    expect([plotValue(true), plotValue(false), plotValue('7')]).toEqual([1, 0, 7])
    expect(plotValue(null)).toBeNaN()
    expect(plotValue('Infinity')).toBeNaN()
  })
})
