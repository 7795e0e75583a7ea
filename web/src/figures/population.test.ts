import { expect, test } from 'vitest'

import { fill } from '../i18n/translate'
import { figures } from '../i18n/areas/figures'
import type { Key } from '../i18n'
import { conditionsOf, filterText, nameParts, nameWord, populationWords } from './population'

const words = (lang: 'zh' | 'en') => ({
  lang,
  t: (key: Key, params?: Record<string, string | number>) =>
    fill((figures[lang] as Record<string, string>)[key] ?? key, params),
})

test('a population is read and written', () => {
  expect(conditionsOf('all')).toEqual([])
  expect(conditionsOf('designated=true&industry=C34&industry=C35&size=large')).toEqual([
    { key: 'designated', values: ['true'] },
    { key: 'industry', values: ['C34', 'C35'] },
    { key: 'size', values: ['large'] },
  ])
  expect(filterText(undefined)).toBe('all')
  expect(filterText({ tags: ['pilot'], designated: true, size: ['small', 'large', 'small'] })).toBe(
    'designated=true&size=large&size=small&tag=pilot',
  )
})

test('a population is told in words', () => {
  expect(populationWords('all', words('zh'))).toBe('全部企业')
  expect(populationWords('designated=true&size=large&tag=pilot', words('zh'))).toBe(
    '规模以上，规模：大型，标签：试点企业',
  )
  expect(populationWords('size=large&size=medium', words('en'))).toBe('size: large / medium')
  expect(populationWords('tag=odd', words('en'))).toBe('tag: odd')
})

test('a word of an agreement', () => {
  expect(nameParts('mes-use')).toEqual({ indicator: 'mes-use', filter: 'all' })
  expect(nameParts('mes-use@tag=a&tag=b')).toEqual({ indicator: 'mes-use', filter: 'tag=a&tag=b' })
  expect(nameWord('mes-use', 'all')).toBe('mes-use')
  expect(nameWord('mes-use', 'tag=pilot')).toBe('mes-use@tag=pilot')
})
