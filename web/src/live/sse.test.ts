import { describe, expect, it } from 'vitest'

import { SseParser } from './sse'

const stream =
  ': hello\r\nevent: values\r\ndata: {"items":[]}\r\n\r\n: beat\n\nevent:gateways\ndata: a\ndata:  b\nid: 7\n\ndata: x\n\n'

describe('SseParser', () => {
  it('gives the same events wherever the stream is cut', () => {
    const want = [
      { event: 'values', data: '{"items":[]}', id: undefined },
      { event: 'gateways', data: 'a\n b', id: '7' },
      { event: 'message', data: 'x', id: '7' },
    ]
    expect(new SseParser().push(stream)).toEqual(want)
    for (let size = 1; size < 9; size++) {
      const parser = new SseParser()
      const got = []
      for (let i = 0; i < stream.length; i += size) got.push(...parser.push(stream.slice(i, i + size)))
      expect(got).toEqual(want)
    }
  })
  it('keeps an unfinished event back', () => {
    const parser = new SseParser()
    expect(parser.push('event: values\ndata: 1\n')).toEqual([])
    expect(parser.push('\n')).toHaveLength(1)
  })
})
