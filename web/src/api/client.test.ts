import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { all, get, post, whenSignedOut } from './client'
import { lastName, Problem } from './problem'

const answers: (() => Promise<Response>)[] = []
const requests: { url: string; init: RequestInit }[] = []
const json = (status: number, body: unknown) => () =>
  Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status }))

beforeEach(() => {
  answers.length = 0
  requests.length = 0
  // The waits between tries take no time here.
  vi.stubGlobal('setTimeout', (f: () => void) => queueMicrotask(f))
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    requests.push({ url, init })
    const next = answers.shift()
    if (!next) throw new Error('no more answers')
    return next()
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const caught = async (p: Promise<unknown>): Promise<Problem> => {
  const e: unknown = await p.catch((x: unknown) => x)
  if (e instanceof Problem) return e
  throw new Error('no Problem was thrown')
}
const header = (i: number, name: string) => (requests[i]?.init.headers as Record<string, string>)[name]

describe('call', () => {
  it('turns problem+json into field, value and mend', async () => {
    answers.push(
      json(422, {
        code: 'invalid',
        detail: 'The link is not right.',
        errors: [{ code: 'range', location: 'body.config.port', value: 99999, message: 'too great', mend: '1..65535' }],
      }),
    )
    const p = await caught(post('/gateways/1/links', {}))
    expect(p).toMatchObject({ status: 422, code: 'invalid', message: 'The link is not right.' })
    expect(p.fault('port')).toMatchObject({ value: 99999, mend: '1..65535' })
    expect(p.fault('host')).toBeUndefined()
  })
  it('tries a 503 again, with the same idempotency key', async () => {
    answers.push(json(503, {}), json(503, {}), json(201, { id: '1' }))
    expect(await post('/gateways', { name: 'x' })).toEqual({ id: '1' })
    expect(requests).toHaveLength(3)
    expect(header(0, 'Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/)
    expect(header(2, 'Idempotency-Key')).toBe(header(0, 'Idempotency-Key'))
  })
  it('does not repeat a POST whose line broke, but does a GET', async () => {
    answers.push(() => Promise.reject(new TypeError('broken')))
    expect((await caught(post('/x'))).code).toBe('no_answer')
    answers.push(() => Promise.reject(new TypeError('broken')), json(200, { ok: 1 }))
    expect(await get('/x')).toEqual({ ok: 1 })
  })
  it('says when nobody is signed in, but not when the sign-in itself is refused', async () => {
    const out = vi.fn()
    whenSignedOut(out)
    answers.push(json(401, { code: 'unauthenticated' }))
    await caught(post('/session', { login: 'a', password: 'b' }))
    expect(out).not.toHaveBeenCalled()
    answers.push(json(401, { code: 'unauthenticated' }))
    await caught(get('/me'))
    expect(out).toHaveBeenCalledTimes(1)
  })
  it('gives up when aborted', async () => {
    const abort = new AbortController()
    answers.push(() => {
      abort.abort()
      return Promise.reject(new DOMException('aborted', 'AbortError'))
    })
    await expect(get('/x', {}, abort.signal)).rejects.toThrow('aborted')
    expect(requests).toHaveLength(1)
  })
  it('walks a list by its cursor and leaves empty parameters out', async () => {
    answers.push(json(200, { items: [1, 2], next: 'n' }), json(200, { items: [3] }))
    expect(await all('/list', { org: 'o', none: undefined })).toEqual([1, 2, 3])
    expect(requests.map((r) => r.url)).toEqual([
      '/api/v1/list?org=o&limit=1000',
      '/api/v1/list?org=o&limit=1000&cursor=n',
    ])
  })
})

describe('lastName', () => {
  it.each([
    ['body.config.port', 'port'],
    ['body/links/0/host', 'host'],
    ['body.points[3].unit', 'unit'],
    ['port', 'port'],
  ])('%s → %s', (location, want) => {
    expect(lastName(location)).toBe(want)
  })
})
