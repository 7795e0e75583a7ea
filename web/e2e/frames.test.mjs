// A link looked into from the gateway page: the frames on the wire with their decodings, what is asked in each scan, and
// one address read. It also writes the screenshots frames-*.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { plain, settled, until } from './browser.mjs'
import { story } from './story.mjs'

story('frames', 'frames', ({ step, begin, signIn, api, shots, faults }) => {
  let node, page, path, link, state

  before(async () => {
    ;({ node, page } = await begin())
  })

  const drawer = () => page.getByRole('dialog')
  const table = () => drawer().getByRole('table')
  const address = () => drawer().getByRole('textbox', { name: '地址' })
  const rows = () => table().locator('tbody tr')
  const lastTime = () => rows().last().locator('td').first().textContent()
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

  step('opens on the gateway page', async () => {
    const { state: signed, org } = await signIn()
    state = signed
    const gateway = await until('the Modbus link runs', async () => {
      const { items } = await api(`/gateways?org=${org}`)
      const g = items.find((x) => x.name.zh === '机加工网关')
      link = g?.links.find((l) => l.driver === 'modbus' && l.state === 'connected')
      return link && g
    })
    path = `/o/${org}/gateways/${gateway.id}`
    await page.goto(node.url + path)
    await page.getByRole('button', { name: `查看报文：${link.name.zh}` }).click()
    await drawer().getByText(`链路“${link.name.zh}”`).waitFor()
  })

  step('shows the frames with bytes, direction and decoding, and follows them', async () => {
    await until('frames', async () => (await rows().count()) > 20)
    const sent = await rows().filter({ hasText: 'read holding' }).first().locator('td').allTextContents()
    assert.match(sent[0], /^\d\d:\d\d:\d\d\.\d{3}$/)
    assert.match(sent[1], /发送/)
    assert.match(sent[2], /^[0-9a-f]{4} 0000 0006 [0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4}$/)
    assert.match(sent[3], /^#\d+ unit \d+ read holding \d+\.\.\d+ \(function 3/)
    assert.ok((await rows().filter({ hasText: '接收' }).count()) > 5)
    const before = await lastTime()
    await until('later frames', async () => (await lastTime()) !== before)
    assert.deepEqual(await plain(page), [])
  })

  step('holds still while paused, and goes on', async () => {
    await drawer().getByRole('button', { name: '暂停' }).click()
    await drawer().getByText('已暂停').waitFor()
    // What was asked before may still come.
    await settled(page)
    const held = await table().textContent()
    await pause(2500)
    assert.equal(await table().textContent(), held)
    await drawer().getByRole('button', { name: '继续' }).click()
    await until('it goes on', async () => (await table().textContent()) !== held)
  })

  step('narrows by a filter, and downloads what is shown', async () => {
    await drawer().getByRole('button', { name: '暂停' }).click()
    await settled(page)
    const field = drawer().getByLabel('按解读、方向或十六进制筛选')
    const all = await rows().count()
    await field.fill('discrete')
    await until('fewer rows', async () => (await rows().count()) < all)
    const notes = await rows().locator('td.note').allTextContents()
    assert.ok(notes.length > 0)
    for (const n of notes) assert.match(n, /discrete/)
    const waiting = page.waitForEvent('download')
    await drawer().getByRole('button', { name: '下载 .txt' }).click()
    const file = await waiting
    assert.match(file.suggestedFilename(), /^frames-.*\.txt$/)
    const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\n')
    assert.equal(lines.length, notes.length)
    assert.match(lines[0], /^\d{4}-\d\d-\d\d [\d:.]+\t(发送|接收)\t[0-9a-f ]+\t#\d+ .*discrete/)
    await drawer().getByRole('button', { name: '复制全部' }).click()
    await page.getByText('已复制').first().waitFor()
    await field.fill('no such frame')
    await drawer().getByText('没有匹配的报文').waitFor()
    await field.fill('')
  })

  step('tells what each scan asks for', async () => {
    await drawer().getByRole('tab', { name: '读取计划' }).click()
    await drawer().getByText('相邻的测点合并').waitFor()
    const row = await rows()
      .filter({ hasText: /unit 1 holding/ })
      .first()
      .locator('td')
      .allTextContents()
    assert.match(row[0], /^unit 1 holding \d+\.\.\d+$/)
    assert.match(row[1], /^[\d.]+ (ms|s)$/)
    assert.ok(Number(row[2]) > 0)
    assert.deepEqual(await plain(page), [])
  })

  step('reads an address in every reading, and tells in words what is wrong with one', async () => {
    await drawer().getByRole('tab', { name: '读一个地址' }).click()
    await drawer().getByRole('textbox', { name: '站号' }).fill('1')
    await address().fill('holding:0')
    await address().press('Enter')
    const grid = drawer().getByRole('group', { name: '解码方式' })
    await grid.waitFor()
    assert.match(await grid.textContent(), /u16 ABCD/)
    assert.match(await grid.textContent(), /f32 ABCD/)
    assert.deepEqual(await plain(page), [])
    await address().fill('nowhere:0')
    await address().press('Enter')
    await drawer().getByRole('alert').waitFor()
    await page.keyboard.press('Escape')
    await drawer().waitFor({ state: 'hidden' })
  })

  step('is seen in every look', async () => {
    const ready = async (p, _, look) => {
      const [inspect, name] = look === 'en' ? ['Inspect: ', link.name.en] : ['查看报文：', link.name.zh]
      // By night it is open already.
      if (!(await p.getByRole('dialog').isVisible())) await p.getByRole('button', { name: inspect + name }).click()
      const found = p.getByRole('dialog').locator('tbody tr')
      await until(`frames in ${look}`, async () => (await found.count()) > 20)
    }
    await shots({ frames: path }, state, { ready })
  })

  step('met no fault on the way', () => assert.deepEqual(faults, []))
})
