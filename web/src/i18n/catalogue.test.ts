import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { en } from './en'
import { fill, nameIn, translate } from './translate'
import { zh, type Key } from './zh'

const keys = Object.keys(zh) as Key[]

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((f) => {
    const path = join(dir, f.name)
    if (f.isDirectory()) return sources(path)
    return /\.tsx?$/.test(f.name) && !/\.test\.|i18n\/(zh|en|areas\/\w+)\.ts$/.test(path)
      ? [readFileSync(path, 'utf8')]
      : []
  })
}

const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

describe('the catalogue', () => {
  it('has the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort())
  })
  it('leaves no text empty and no place out', () => {
    for (const key of keys) {
      expect(zh[key], key).not.toBe('')
      expect(en[key], key).not.toBe('')
      // The plural forms of English may all hold a place that Chinese has once.
      expect(places(en[key]), key).toEqual(places(zh[key]))
    }
  })
  it('is Chinese in Chinese and not in English', () => {
    for (const key of keys) expect(/[\u4e00-\u9fff]/.test(en[key]), key).toBe(false)
  })
  it('holds nothing that no page uses', () => {
    const code = sources(join(import.meta.dirname, '..')).join('\n')
    // Keys that are put together in code: t(`span.${preset}`).
    const made = [...code.matchAll(/t\(`([\w.]+)\$\{/g)].map((m) => m[1] ?? '')
    const named = new Set([...code.matchAll(/['"]([^'"\s]+)(?=['"])/g)].map((m) => m[1]))
    const unused = keys.filter((k) => !named.has(k) && !made.some((start) => k.startsWith(start)))
    expect(unused).toEqual([])
  })
})

describe('translate', () => {
  it('fills places and chooses the form for one', () => {
    expect(translate('zh', 'conditions.open', { n: 1 })).toBe('1 项待处理状况')
    expect(translate('en', 'conditions.open', { n: 1 })).toBe('1 condition')
    expect(translate('en', 'conditions.open', { n: 3 })).toBe('3 conditions')
    expect(fill('{a} and {b}', { a: 1 })).toBe('1 and {b}')
  })
  it('names a thing in the other language rather than not at all', () => {
    expect(nameIn('en', { zh: '铣床' })).toBe('铣床')
    expect(nameIn('en', { zh: '铣床', en: 'Mill' })).toBe('Mill')
    expect(nameIn('zh', 'plain')).toBe('plain')
    expect(nameIn('zh', undefined)).toBe('')
  })
})
