import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { Content, Field } from '../fields/field'
import { canonical, evaluate, type Node } from './calc'

interface Example {
  expression: string
  tree: Node
  content: Content
  type: Field['type']
  places: number
  rounding: string
  want: number | string | null
}

// The corpus that the node's own arithmetic is held against, with the trees that it gives browsers.
const corpus = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../internal/office/form/calc/testdata/drawn.json'), 'utf8'),
) as { fields: Field[]; cases: Example[] }

describe('fields that are worked out', () => {
  it('come to what the node makes of them', () => {
    expect(corpus.cases.length).toBeGreaterThan(360)
    expect(corpus.cases.filter((x) => x.want !== null).length).toBeGreaterThan(100)
    const different = corpus.cases
      .map((x) => {
        const v = evaluate(x.tree, corpus.fields, x.content)
        const got = v === undefined ? null : (canonical(v, x, x.rounding) ?? null)
        return { expression: x.expression, content: x.content, got, want: x.want }
      })
      .filter((x) => x.got !== x.want)
    expect(different).toEqual([])
  })
})
