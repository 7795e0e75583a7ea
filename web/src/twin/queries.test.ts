import { expect, test } from 'vitest'

import { encoded, lines } from './queries'

test('identifiers are base64url of UTF-8 without padding', () => {
  expect(encoded('urn:x:1')).toBe('dXJuOng6MQ')
  expect(encoded('标识?')).toBe('5qCH6K-GPw')
})

test('values come line by line with where they stand, texts in the reader’s language', () => {
  const value = {
    Name: [{ zh: '铣床' }, { en: 'Mill' }],
    Areas: [{ Speed: 1.5 }, { On: false }],
    Words: ['a', 'b'],
    Nothing: null,
  }
  expect(lines(value, 'en')).toEqual([
    { path: 'Name', value: 'Mill' },
    { path: 'Areas[0].Speed', value: '1.5' },
    { path: 'Areas[1].On', value: 'false' },
    { path: 'Words[0]', value: 'a' },
    { path: 'Words[1]', value: 'b' },
  ])
  expect(lines({ Name: [{ zh: '铣床' }] }, 'en')).toEqual([{ path: 'Name', value: '铣床' }])
})
