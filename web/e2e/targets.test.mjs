// Indicators and targets: a province's keeper with four enterprises; what they declare, and a machine that really delivered, become the
// rates that its policy set; from the board down to the machine, with the targets as they were in 2018.
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

const firms = [
  ['91440101MA0TEXT12H', '示例一厂', 'Example Works One'],
  ['914403001000000248', '示例二厂', 'Example Works Two'],
  ['913301000000000000', '示例三厂', 'Example Works Three'],
  ['913302000000000000', '示例四厂', 'Example Works Four'],
]

// GB 32100-2015: the last character checks the seventeen before it.
const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const checked = (code) => {
  let sum = 0
  for (let i = 0, w = 1; i < 17; i++, w = (w * 3) % 31) sum += alphabet.indexOf(code[i]) * w
  return code.slice(0, 17) + alphabet[(31 - (sum % 31)) % 31]
}

story('indicators and targets', 'targets', ({ step, begin, signIn, region, button, picture, faults }) => {
  let node, browser, main, page, state, home
  const orgs = []

  const call = async (method, path, data) => {
    const answer = await main.context.request.fetch(`${node.url}/api/v1${path}`, { method, data })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
    const text = await answer.text()
    return text ? JSON.parse(text) : undefined
  }
  const post = (path, data) => call('POST', path, data)
  const loaded = (of = page) =>
    until(
      'loaded',
      async () =>
        (await of.locator('.bones').count()) === 0 && (await of.getByText('…', { exact: true }).count()) === 0,
    )
  const declare = (org, item, value, year = 2018, unit = '') =>
    post('/facts', {
      org,
      kind: 'declaration',
      source: 'yearbook',
      externalId: `${item}-${year}`,
      content: { item, begins: `${year}-01-01`, ends: `${year}-12-31`, value: String(value), ...(unit && { unit }) },
    })

  before(async () => {
    ;({ node, browser, main, page } = await begin())
    ;({ state, org: home } = await signIn())
    for (const [i, [code, zh, en]] of firms.entries()) {
      const creditCode = checked(code)
      const { id } = await post('/orgs', { kind: 'enterprise', name: { zh, en }, creditCode })
      orgs.push(id)
      await post('/registers/enterprises/entries', {
        org: home,
        state: 'active',
        since: '2014-01-01',
        content: {
          creditCode,
          name: zh,
          org: id,
          industry: 'C34',
          region: '330100',
          designated: true,
          tags: [{ tag: 'key', from: '2014-01-01', reason: '重点制造企业名单' }],
        },
      })
      if (i === 0) continue // the first one's machines deliver
      if (i < 3) {
        await declare(id, 'machines', 20)
        await declare(id, 'machines-networked', 4 + 4 * i)
      }
    }
    // Two machines that stood in 2018: one delivered every day, the other on ten.
    const site = await post('/plant/nodes', {
      org: orgs[0],
      kind: 'site',
      name: { zh: '一厂' },
      from: '2018-01-01T00:00:00Z',
    })
    const source = await post('/sources', {
      org: orgs[0],
      name: { zh: '推送', en: 'push' },
      kind: 'push',
      transport: 'http',
    })
    const { id, secret } = await post(`/sources/${source.id}/credentials`, { name: 'history' })
    const days = [...Array(365).keys()].map((d) => new Date(Date.UTC(2018, 0, 1 + d, 4)).toISOString())
    for (const [device, zh, count] of [
      ['mill-1', '一号铣床', 365],
      ['mill-2', '二号铣床', 10],
    ]) {
      const machine = await post('/plant/nodes', {
        org: orgs[0],
        kind: 'machine',
        parent: site.id,
        class: 'cnc-machine-tool',
        name: { zh },
        from: '2018-01-01T00:00:00Z',
      })
      await post(`/plant/machines/${machine.id}/points`, {
        key: 'load',
        name: { zh: '负载', en: 'Load' },
        type: 'float64',
        unit: '%',
        address: 'load',
        from: '2018-01-01T00:00:00Z',
      })
      await call('PUT', `/plant/machines/${machine.id}/feed`, { source: source.id, device })
      const sent = await fetch(`${node.url}/push/json`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${id}:${secret}`, 'Content-Type': 'application/json' },
        body: days
          .slice(0, count)
          .map((time) => JSON.stringify({ device, time, values: { load: 50 } }))
          .join('\n'),
      })
      assert.ok(sent.ok, await sent.text())
    }
    // A recognition of the keeper, counted for the region.
    await post('/registers/recognitions/entries', {
      org: home,
      state: 'valid',
      since: '2018-03-01',
      content: {
        number: '浙经信2018-1',
        object: '示例一厂',
        holder: '示例一厂',
        holderCode: checked(firms[0][0]),
        kind: 'service-manufacturing',
        awarded: '2018-03-01',
        by: '省经济和信息化委员会',
      },
    })
  })

  step('shows the targets as they were at the end of 2018, each with what is so', async () => {
    await page.goto(`${node.url}/o/${home}`)
    await button('更多').click()
    await page.getByRole('menuitem', { name: '指标与目标' }).click()
    await page.getByRole('heading', { level: 1, name: '指标与目标' }).waitFor()
    await page.goto(`${node.url}/o/${home}/targets?on=2018-12-31&region=330000`)
    const row = page.locator('tr[data-target="KPI-ZJ-12"]')
    // 50 % measured, 40 % and 60 % declared, one enterprise without a value.
    await row.getByText('50.0 %').waitFor()
    const words = await row.textContent()
    for (const word of ['≥ 35 %', '2018-12-31', '3/4 家', 'E0', '已达到'])
      assert.ok(words.includes(word), `${word}: ${words}`)
    const pilots = page.locator('tr[data-target="KPI-ZJ-27"]')
    await pilots
      .getByText('逾期未达到')
      .or(pilots.getByText('未达到', { exact: true }))
      .or(pilots.getByText('落后'))
      .waitFor()
    assert.equal(await page.locator('tr[data-target]').count(), 29)
    assert.equal(await page.locator('tr[data-target^="KPI-GD21"]').count(), 0)
    await row.getByText('原文', { exact: true }).click()
    await row.getByText('机器联网率、制造执行系统应用率分别达到 50%、35% 和 50%').waitFor()
    await loaded()
    assert.deepEqual(await plain(page), [])
  })

  step('opens, level by level, from the rate of the region to the machine', async () => {
    await page.locator('tr[data-target="KPI-ZJ-12"]').getByRole('link', { name: '重点制造企业机器联网率' }).click()
    await page.getByRole('heading', { level: 1, name: '重点制造企业机器联网率' }).waitFor()
    const list = region('企业')
    await list.getByText('100 * 1 / 2 = 50').waitFor()
    await list.getByText('没有这类记录').waitFor() // of the one that said nothing
    await button('展开 示例一厂', list).click()
    await list.getByRole('link', { name: '一号铣床' }).first().waitFor()
    await list.getByText('不计入', { exact: true }).waitFor()
    await region('口径与假设').getByText('80%的工作日').waitFor()
    assert.deepEqual(await plain(page), [])
    await picture('target-explained-zh')
    await list.getByRole('link', { name: '一号铣床' }).first().click()
    await page.getByRole('heading', { level: 1, name: '一号铣床' }).waitFor()
  })

  step('an enterprise sees its own values', async () => {
    await page.goto(`${node.url}/o/${orgs[0]}/targets?on=2018-12-31&region=330000`)
    await page
      .locator('tr[data-target="KPI-ZJ-12"]')
      .getByText('50 %')
      .or(page.locator('tr[data-target="KPI-ZJ-12"]').getByText('50.0 %'))
      .waitFor()
    await loaded()
    assert.deepEqual(await plain(page), [])
  })

  step('in both languages, by night and on a phone', async () => {
    for (const look of ['zh', 'en', 'zh-dark', 'zh-phone']) {
      const other = await open(browser, look, faults, state)
      for (const [name, path] of [
        ['targets', 'targets?on=2018-12-31&region=330000'],
        ['target', 'targets/KPI-ZJ-12?on=2018-12-31'],
        ['indicator', 'indicators/machine-networking'],
      ]) {
        await other.page.goto(`${node.url}/o/${home}/${path}`)
        await other.page.getByRole('heading', { level: 1 }).waitFor()
        await loaded(other.page)
        assert.deepEqual(await plain(other.page), [], `${name} ${look}`)
        await picture(`${name}-${look}`, other.page)
      }
      await other.context.close()
    }
  })
})
