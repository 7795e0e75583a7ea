// Sources and the scale page in a real browser against the real binary: what sends by itself, its devices and metrics, a
// push source with its credential made by a person, a device that is adopted, and the rates that are counted from it all.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { plain, until } from './browser.mjs'
import { story } from './story.mjs'

story('sources', 'sources', ({ step, begin, api, button, choose, item, shots, faults }) => {
  let node, main, page, state
  let org, mqtt, push, user, secret

  before(async () => {
    ;({ node, main, page } = await begin())
  })

  // The plain address of the same node: a test trusts no authority of its own.
  const send = (body) =>
    fetch(`${node.url}/push/json`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${user}:${secret}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const dialog = () => page.getByRole('dialog').last()
  const press = (name) =>
    dialog()
      .getByRole('button', { name: new RegExp(`^(loading )?${name}$`) })
      .click()
  const row = (name) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })

  step('lets in', async () => {
    await page.goto(node.link)
    await button('以后再设').click()
    await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
    // The language of a window is that of its look.
    state = { cookies: (await main.context.storageState()).cookies, origins: [] }
    org = /\/o\/([^/]+)/.exec(page.url())[1]
    const sources = await until('two sources with devices', async () => {
      const list = (await api(`/sources?org=${org}`)).items.filter((s) => s.online > 0)
      return list.length === 2 && list
    })
    mqtt = sources.find((s) => s.kind === 'mqtt')
  })

  step('lists the sources with their devices and rates', async () => {
    await page.getByRole('link', { name: '接入源' }).first().click()
    await page.getByRole('heading', { level: 1, name: '接入源' }).waitFor()
    await until('both listening', async () => (await page.locator('tbody').getByText('监听中').count()) === 2)
    const line = row(mqtt.name.zh)
    await line.getByText('3 / 3', { exact: true }).waitFor()
    await until('values per second, kept fresh by the stream', async () =>
      /[1-9][\d.]* 个\/秒/.test(await line.textContent()),
    )
    assert.deepEqual(await plain(page), [])
  })

  step('shows one source, its devices and what they tell', async () => {
    await page.getByRole('link', { name: mqtt.name.zh }).click()
    await page.getByRole('heading', { level: 1, name: mqtt.name.zh }).waitFor()
    await page.getByText(/^mqtts?:\/\//).waitFor()
    const devices = (await api(`/sources/${mqtt.id}/devices`)).items
    assert.equal(devices.length, 3)
    for (const d of devices) await button(d.device).waitFor()
    assert.deepEqual(await plain(page), [])
    await button(devices[0].device).click()
    const metric = dialog().getByRole('row').filter({ hasText: 'humidity' })
    await until('a value of humidity', async () => /\d/.test(await metric.locator('.value').textContent()))
    await metric.getByRole('link').waitFor()
    assert.deepEqual(await plain(page), [])
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'hidden' })
  })

  step('refuses a configuration that is no JSON, and tells where one is wrong', async () => {
    await page.goto(`${node.url}/o/${org}/sources`)
    await button('添加接入源').click()
    await dialog().getByLabel('名称', { exact: true }).fill('试验')
    const mappings = dialog().getByLabel('映射 (JSON)')
    await until('the preset', async () => /devices\/\{device\}/.test(await mappings.inputValue()))
    await choose('预设', 'Zigbee2MQTT', dialog())
    assert.match(await mappings.inputValue(), /zigbee2mqtt/)
    await mappings.fill('[{"topic": ]')
    await dialog().getByText('不是有效的 JSON').waitFor()
    await mappings.fill('[{"topic": "a/#/b"}]')
    await press('添加')
    await dialog().getByRole('alert').filter({ hasText: 'mappings' }).waitFor()
    await dialog().getByText('外部 MQTT 服务器', { exact: true }).click()
    await dialog().getByLabel('地址', { exact: true }).waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('adds a push source that adopts, and goes on to it', async () => {
    await dialog().getByText('HTTP 推送', { exact: true }).click()
    await dialog().getByLabel('名称', { exact: true }).fill('车间脚本')
    const site = (await api(`/plant/nodes?org=${org}`)).items.find((x) => x.kind === 'site')
    await choose('自动建档到', site.name.zh, dialog())
    await press('添加')
    await page.getByRole('heading', { level: 1, name: '车间脚本' }).waitFor()
    push = (await api(`/sources?org=${org}`)).items.find((s) => s.kind === 'push')
    assert.equal(push.adopt.parent, site.id)
    await page.getByText(push.endpoint.http, { exact: true }).waitFor()
  })

  step('makes a credential, shows its secret once with what to send', async () => {
    await button('新建凭据').click()
    await dialog().getByLabel('名称', { exact: true }).fill('脚本')
    await press('建立')
    const once = page.getByRole('region', { name: '新凭据' })
    user = (await once.getByLabel('用户名', { exact: true }).textContent()).trim()
    secret = (await once.getByLabel('密钥', { exact: true }).textContent()).trim()
    const curl = await once.getByLabel('curl 示例').textContent()
    assert.ok(curl.includes(`${push.endpoint.http}/json`) && curl.includes(`${user}:${secret}`), curl)
    for (const label of ['Telegraf 配置', 'Prometheus 配置', 'OpenTelemetry 环境变量'])
      assert.ok((await once.getByLabel(label).textContent()).includes(secret), label)
    assert.deepEqual(await plain(page), [])
    await button('我已保存').click()
    assert.equal(await page.getByText(secret).count(), 0)
  })

  step('shows the device that then sends, as a machine with points', async () => {
    const answer = await send({ device: 'press 3', values: { temperature: 21.5, running: true } })
    assert.equal(answer.status, 200, await answer.text())
    const line = row('press 3')
    await line.getByRole('link').waitFor()
    await line.getByText('在线', { exact: true }).waitFor()
    await button('press 3').click()
    await dialog().getByRole('row').filter({ hasText: 'temperature' }).getByText('21.5').waitFor()
    await dialog().getByRole('row').filter({ hasText: 'running' }).getByText('是', { exact: true }).waitFor()
    assert.equal(await dialog().getByText('未认领', { exact: true }).count(), 0)
  })

  step('ends a feed after asking, then adopts the device to the machine again', async () => {
    await press('停止供数')
    await page.locator('.ant-modal-confirm').getByRole('button', { name: '停止供数' }).click()
    await press('认领')
    await dialog().getByText('已有设备', { exact: true }).click()
    await choose('设备', 'press', dialog(), 'press')
    await press('认领')
    await dialog().getByRole('button', { name: '停止供数' }).waitFor()
    const [device] = (await api(`/sources/${push.id}/devices`)).items
    assert.ok(device.machine)
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'hidden' })
  })

  step('keeps what is not adopted apart until somebody adopts it', async () => {
    await button('修改设置').click()
    await dialog().getByLabel('自动建档到', { exact: true }).hover()
    await dialog().locator('.ant-select-clear').first().click()
    await dialog()
      .getByRole('button', { name: /^保\s?存$/ })
      .click()
    await dialog().waitFor({ state: 'hidden' })
    await page.getByText('不自动建档').waitFor()
    const answer = await send({ device: 'press 4', values: { temperature: 19.25 } })
    assert.equal(answer.status, 400, await answer.text())
    const line = row('press 4')
    await line.getByText('未认领').waitFor()
    await page.getByRole('region', { name: '最近一个问题' }).waitFor()
    await button('press 4').click()
    await press('认领')
    await dialog().getByLabel('名称', { exact: true }).fill('四号压机')
    await press('认领')
    await dialog()
      .getByRole('link', { name: /四号压机/ })
      .waitFor()
    assert.equal((await send({ device: 'press 4', values: { temperature: 19.5 } })).status, 200)
    await dialog().getByRole('row').filter({ hasText: 'temperature' }).getByText('19.5').waitFor()
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'hidden' })
  })

  step('asks before it revokes a credential and before it removes the source', async () => {
    await button('吊销凭据 脚本').click()
    const ask = page.locator('.ant-modal-confirm')
    await ask.getByRole('button', { name: /取\s?消/ }).click()
    await ask.waitFor({ state: 'hidden' })
    assert.equal((await send({ device: 'press 4', values: { temperature: 20 } })).status, 200)
    await button('吊销凭据 脚本').click()
    await ask.getByRole('button', { name: /吊\s?销/ }).click()
    await page.getByText('还没有凭据').waitFor()
    assert.equal((await send({ device: 'press 4', values: { temperature: 21 } })).status, 401)
    await button('移除接入源').click()
    await ask.getByRole('button', { name: '移除接入源' }).click()
    await page.getByRole('heading', { level: 1, name: '接入源' }).waitFor()
    await until('two sources again', async () => (await page.locator('tbody tr').count()) === 2)
  })

  step('counts machines and tells the rates', async () => {
    // What the steps before it made is there, and is connected no more.
    const nodes = (await api(`/plant/nodes?org=${org}`)).items.filter((x) => /press|四号/.test(x.name.zh))
    for (const x of nodes) {
      const gone = await main.context.request.post(`${node.url}/api/v1/plant/nodes/${x.id}/retire`, {
        headers: { Origin: node.url },
        data: { reason: 'test' },
      })
      assert.ok(gone.ok(), await gone.text())
    }
    await page.getByRole('button', { name: '更多' }).first().click()
    await item('接入规模')
    await page.getByRole('heading', { level: 1, name: '接入规模' }).waitFor()
    const totals = page.getByRole('region', { name: '总数' })
    await until('15 of 15', async () => /已联网15 \/ 15/.test(await totals.textContent()))
    const rates = page.getByRole('region', { name: '联网率' })
    await rates.getByText('15 台，共 15 台').first().waitFor()
    await rates.getByText('100%').first().waitFor()
    await rates.getByText('无法给出').waitFor()
    await rates.getByRole('button', { name: '设备联网率的计算口径', exact: true }).focus()
    await page
      .getByRole('tooltip')
      .getByText(/四类设备/)
      .waitFor()
    for (const name of ['按设备类别', '按协议', '按网关与接入源', '按厂区'])
      await page.getByRole('region', { name }).waitFor()
    await page.getByRole('img', { name: /现在 15 台/ }).waitFor()
    assert.deepEqual(await plain(page), [])
    const [file] = await Promise.all([page.waitForEvent('download'), button('下载设备清单').click()])
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n')
    assert.equal(lines.length, 16)
    assert.match(lines[0], /设备联网率/)
  })

  step('looks the same in both languages, dark and on a phone', async () => {
    const seen = {
      sources: ['sources', '.is-online'],
      source: [`sources/${mqtt.id}`, '.is-online'],
      scale: ['scale', '.growth'],
    }
    const pages = Object.fromEntries(Object.entries(seen).map(([name, [path]]) => [name, `/o/${org}/${path}`]))
    await shots(pages, state, {
      ready: async (shown, name) => {
        await shown.locator(seen[name][1]).first().waitFor()
        if (name === 'source') await shown.locator('tbody .is-online').nth(2).waitFor()
      },
    })
  })

  step('nothing was said in the browser’s console', () => {
    assert.deepEqual(faults, [])
  })
})
