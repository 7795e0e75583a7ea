import { expect, test } from 'vitest'

import { figure } from './figure'

test('numbers are exact, and money is read in the units of policies', () => {
  const cases: [string, string, string, string][] = [
    ['70', '%', '70 %', '70 %'],
    ['66.7', '%', '66.7 %', '66.7 %'],
    ['20000', '1', '20,000', '20,000'],
    ['-3', '1', '−3', '−3'],
    ['500000000000', 'CNY', '5,000 亿元', '500 bn CNY'],
    ['10000000000', 'CNY', '100 亿元', '10 bn CNY'],
    ['123456789', 'CNY', '1.23 亿元', '123.45 m CNY'],
    ['980', 'CNY', '980 元', '980 CNY'],
    ['0', 'CNY', '0 元', '0 CNY'],
    ['152.5', 'd', '152.5 天', '152.5 days'],
    ['123456789012345678901', '1', '123,456,789,012,345,678,901', '123,456,789,012,345,678,901'],
    ['x', '1', 'x', 'x'],
  ]
  for (const [value, unit, zh, en] of cases) {
    expect(figure('zh', value, unit)).toBe(zh)
    expect(figure('en', value, unit)).toBe(en)
  }
})
