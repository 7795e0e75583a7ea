import { expect, test } from 'vitest'

import { periodBy } from './period'

test('the last period that has ended', () => {
  const cases: [string, string, string][] = [
    ['year', '2018-12-31', '2018'],
    ['year', '2019-01-01', '2018'],
    ['year', '2019-12-30', '2018'],
    ['quarter', '2019-06-30', '2019-Q2'],
    ['quarter', '2019-06-29', '2019-Q1'],
    ['quarter', '2019-03-30', '2018-Q4'],
    ['month', '2020-02-29', '2020-02'],
    ['month', '2020-02-28', '2020-01'],
    ['month', '2019-01-30', '2018-12'],
    ['moment', '2019-06-30', '2019-06-30'],
    ['day', '2019-06-30', '2019-06-30'],
    ['other', '2019-06-30', ''],
  ]
  for (const [kind, day, want] of cases) expect(periodBy(kind, day), `${kind} ${day}`).toBe(want)
})
