// The quality of energy data: an enterprise names its main meter and takes that back and forth; a month with a gap over midnight is
// scored by the national rules, day by day, down to the gap and its cause; its keeper sees it on a board once it was granted.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { plain } from './browser.mjs'
import { startServe } from './node.mjs'
import { story } from './story.mjs'

const hour = 3_600_000

story('the quality of energy data', 'quality', ({ step, begin, signIn, region, button, choose, picture, shots }) => {
  let node, main, page, state, home, works, other, series
  // The last month that is over in China, where the plant stands.
  const now = new Date(Date.now() + 8 * hour)
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1) - 8 * hour
  const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1) - 8 * hour
  const day = (at) => new Date(at + 8 * hour).toISOString().slice(0, 10)
  const month = day(first).slice(0, 7)
  const hours = (end - first) / hour

  const call = async (method, path, data) => {
    const answer = await main.context.request.fetch(`${node.url}/api/v1${path}`, {
      method,
      data,
      headers: { Origin: node.url },
    })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
    const text = await answer.text()
    return text ? JSON.parse(text) : undefined
  }
  const post = (path, data) => call('POST', path, data)
  const enterprise = (zh, en, creditCode) => post('/orgs', { kind: 'enterprise', name: { zh, en }, creditCode })

  before(async () => {
    ;({ node, main, page } = await begin(startServe))
    ;({ state, org: home } = await signIn())
    works = (await enterprise('示例钢铁厂', 'Example Steel Works', '914403001000000248')).id
    other = (await enterprise('示例玻璃厂', 'Example Glass Works', '9144030071526726XG')).id
    const from = new Date(first - 48 * hour).toISOString()
    const site = await post('/plant/nodes', { org: works, kind: 'site', name: { zh: '厂区' }, from })
    const machine = await post('/plant/nodes', {
      org: works,
      kind: 'machine',
      parent: site.id,
      class: 'plant-auxiliary',
      name: { zh: '进线柜', en: 'Incoming panel' },
      from,
    })
    const point = (key, zh, en) =>
      post(`/plant/machines/${machine.id}/points`, {
        key,
        name: { zh, en },
        type: 'float64',
        unit: 'kW.h',
        address: key,
        every: '15m',
        maxSilence: '20m',
        from,
      })
    series = (await point('energy', '1 号进线电能', 'Feeder 1 energy')).id
    await point('line', '轧机电能', 'Mill energy')
    const source = await post('/sources', {
      org: works,
      name: { zh: '能耗接入端', en: 'energy' },
      kind: 'push',
      transport: 'http',
    })
    await call('PUT', `/plant/machines/${machine.id}/feed`, { source: source.id, device: 'panel' })
    const { id, secret } = await post(`/sources/${source.id}/credentials`, { name: 'meter' })
    // A reading every 15 minutes, 1.25 kWh apart; on the 14th from 22:15 to the 15th 03:00 there is none.
    const lines = []
    for (let t = first - 4 * hour, v = 50_000; t <= end + 2 * hour; t += hour / 4, v += 1.25) {
      if (t > first + (13 * 24 + 22) * hour && t <= first + (14 * 24 + 3) * hour) continue
      lines.push(JSON.stringify({ device: 'panel', time: new Date(t).toISOString(), values: { energy: v } }))
    }
    for (let i = 0; i < lines.length; i += 1000) {
      const sent = await fetch(`${node.url}/push/json`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${id}:${secret}`, 'Content-Type': 'application/json' },
        body: lines.slice(i, i + 1000).join('\n'),
      })
      assert.ok(sent.ok, await sent.text())
    }
  })

  step('an enterprise names its main meter, and takes it back and forth', async () => {
    await page.goto(`${node.url}/o/${works}/energy?month=${month}`)
    await page.getByRole('heading', { level: 1, name: '能源数据质量' }).waitFor()
    await page.getByText('还没有指定总表').first().waitFor()
    await button('指定总表').click()
    await page.getByRole('heading', { level: 1, name: '总表' }).waitFor()
    const row = page.getByRole('row').filter({ hasText: '1 号进线电能' })
    await button('设为计数器', row).click()
    await page.getByText('1 号进线电能 已设为计数器').waitFor()
    await button('指定为总表', row).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('起始日期').fill(`${month.slice(0, 4)}-01-01`)
    await button('指定为总表', dialog).click()
    await row.getByText(`${month.slice(0, 4)}-01-01 起`).waitFor()
    // Undone at once, named again, ended, and that undone.
    const undo = () => button('撤销', page.locator('.ant-message')).last().click()
    await undo()
    await row.getByText('不是总表').waitFor()
    await button('指定为总表', row).click()
    await dialog.getByLabel('起始日期').fill(`${month}-01`)
    await button('指定为总表', dialog).click()
    await row.getByText(`${month}-01 起`).waitFor()
    await button('结束', row).click()
    await dialog.getByLabel('最后一天').fill(day(end - hour))
    await button('结束', dialog).click()
    await row.getByText(`${month}-01 至 ${day(end - hour)}`).waitFor()
    await undo()
    await row.getByText(`${month}-01 起`).waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('a month is scored, down to the gap and its cause', async () => {
    await post('/facts', {
      org: works,
      kind: 'declaration',
      source: 'office',
      externalId: `electricity-${month}`,
      content: {
        item: 'electricity-consumption',
        begins: day(first),
        ends: day(end - hour),
        value: String(hours * 5 + 100),
        unit: 'kWh',
      },
    })
    await page.goto(`${node.url}/o/${works}`)
    await button('更多').click()
    await page.getByRole('menuitem', { name: '能源数据质量' }).click()
    await page.getByRole('heading', { level: 1, name: '能源数据质量' }).waitFor()
    await choose('月份', month)
    const rules = region('得分')
    // Of 24 hours a day four have no value: 23:00 on the 14th, 0:00 to 3:00 on the 15th.
    await rules.getByText(`${hours - 4} / ${hours} 小时`).waitFor()
    const row = (name) => rules.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
    assert.match(await row('完整性').innerText(), new RegExp(`${(((hours - 4) * 100) / hours).toFixed(2)} %[^]*达标`))
    // The report says 100 kWh more than the days.
    assert.match(await row('日月偏差').innerText(), new RegExp(`−${(10_000 / (hours * 5 + 100)).toFixed(2)} %[^]*达标`))
    // All of it was sent just now.
    assert.match(await row('日数据及时性').innerText(), /0\.00 %[^]*不达标/)
    const strip = region('每天采到的小时')
    await strip.getByText(`${month}-14：23/24 小时 · 最后一小时未到 · `).waitFor({ state: 'attached' })
    await strip.getByText(`${month}-15：21/24 小时 · 迟到 · `).waitFor({ state: 'attached' })
    const gaps = region('数据缺口')
    const gap = gaps.getByRole('row').nth(1)
    assert.match(await gap.innerText(), /1 号进线电能\s+4\s+设备未接入/)
    assert.equal(await gaps.getByRole('row').count(), 2)
    assert.deepEqual(await plain(page), [])
    for (const [item, ending] of [
      ['缺口 · CSV', 'csv'],
      ['规则与结论 · XLSX', 'xlsx'],
    ]) {
      await button('下载').click()
      const saved = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: item }).click()
      const file = await saved
      assert.match(file.suggestedFilename(), new RegExp(`^energy-.*-${month}\\.${ending}$`))
      const bytes = await readFile(await file.path())
      if (ending === 'csv') assert.match(bytes.toString('utf8'), /1 号进线电能.*,4,设备未接入/)
      else assert.equal(bytes.toString('latin1', 0, 2), 'PK')
    }
    await gap.getByRole('link', { name: '依据' }).click()
    await page.getByRole('heading', { level: 1, name: '数据健康' }).waitFor()
    await page.getByText('这段时间设备没有接到任何网关或接入源').first().waitFor()
  })

  step('its keeper sees it on a board, once it was granted', async () => {
    await page.goto(`${node.url}/o/${home}/energy?month=${month}&view=board`)
    await page.getByText('没有企业授权').waitFor()
    for (const from of [works, other]) {
      await post('/grants', {
        from,
        to: home,
        purpose: 'supervision',
        words: '能耗在线监测',
        kind: 'measured',
        subject: 'energy',
        until: new Date(Date.now() + 300 * 24 * hour).toISOString(),
      })
    }
    await page.reload()
    const board = region('授权企业的数据质量')
    const rows = board.getByRole('row')
    await rows.nth(2).waitFor()
    assert.match(await rows.nth(1).innerText(), /示例钢铁厂/)
    assert.match(await rows.nth(2).innerText(), /示例玻璃厂\s+未知/)
    assert.deepEqual(await plain(page), [])
    await picture('energy-board-zh')
    await board.getByRole('link', { name: '示例钢铁厂' }).click()
    await page.getByRole('heading', { level: 1, name: '能源数据质量 · 示例钢铁厂' }).waitFor()
    await region('数据缺口').getByText('设备未接入').waitFor()
  })

  step('in both languages, by night and on a phone', async () => {
    await shots({ energy: `/o/${works}/energy?month=${month}`, 'main-meters': `/o/${works}/energy/meters` }, state)
    assert.ok(series)
  })
})
