// The connect wizard in a real browser: from an empty node to the live values of a Modbus meter. Every click and every
// field that a person would have to do is counted, and so is the time; node, simulator and gateway are real processes.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { run } from './program.mjs'
import { password, story } from './story.mjs'

const template = '钢铁企业电能表'

story('the connect wizard', 'wizard', ({ step, begin, choose, pictures, faults }) => {
  const running = []
  let folder, node, meter, server, browser, main, page, org, began
  let steps = 0

  before(async () => {
    ;({ node, browser, main, page } = await begin(startAll))
  })

  // A node, a meter, an OPC UA server; the gateway joins them in a step. The last to start is the first to end.
  const startAll = async () => {
    folder = mkdtempSync(join(tmpdir(), 'jingwei-wizard-'))
    const stop = async () => {
      for (const end of running.reverse()) await end()
      rmSync(folder, { recursive: true, force: true })
    }
    try {
      const loopback = ['--http', '127.0.0.1:0', '--https', '127.0.0.1:0', '--link', '127.0.0.1:0']
      const serve = await run(
        running,
        ['serve', '--data', join(folder, 'node'), ...loopback, '--mqtt', 'off', '--mqtt-plain', '127.0.0.1:0'],
        { url: /^ready: (\S+)/m, link: /^sign in: (\S+)$/m },
      )
      meter = await run(running, ['sim', 'modbus', '--listen', '127.0.0.1:0', '--device', '1=power-meter-steel'], {
        address: /^ready: (\S+)/m,
      })
      server = await run(
        running,
        ['sim', 'opcua', '--listen', '127.0.0.1:0', '--machine', 'Turbine1=gas-turbine-opcua'],
        { address: /^ready: (?:opc\.tcp:\/\/)?(\S+)/m },
      )
      return { ...serve, stop }
    } catch (e) {
      await stop()
      throw e
    }
  }

  const button = (name) => page.getByRole('button', { name: new RegExp(`^(loading )?${name}$`) })
  // The bar at the foot of a phone would stand in the middle of a picture of the whole page.
  const shot = (name, shown = page) =>
    shown.screenshot({ path: join(pictures, `${name}.png`), fullPage: !name.endsWith('phone') })
  // What a person has to do, one by one. Detours of this test (a wrong address, a second look) cost time, but are no steps.
  const click = async (locator) => {
    steps++
    await locator.click()
  }
  const fill = async (locator, text) => {
    steps++
    await locator.fill(text)
  }
  const fillTemplate = async () => {
    await page.goto(`${node.url}/o/${org}/connect`)
    await button(`选择${template}`).click()
    await page.getByLabel('地址', { exact: true }).waitFor()
  }
  const part = (title) => page.getByRole('region', { name: title })

  step('signs in on an empty node', async () => {
    began = Date.now()
    steps++ // the sign-in link is opened
    await page.goto(node.link)
    await fill(page.getByLabel('新密码'), password)
    await fill(page.getByLabel('再输入一次'), password)
    await click(button('保存并进入'))
    await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
    await page.getByText('这里还没有工厂').waitFor()
    org = /\/o\/([^/]+)/.exec(page.url())[1]
  })

  step('chooses the template by a few letters', async () => {
    await click(page.getByRole('link', { name: '接入设备' }).first())
    await page.getByRole('heading', { level: 1, name: '接入向导' }).waitFor()
    await button(`选择${template}`).waitFor()
    await fill(page.getByRole('searchbox', { name: /按名称、厂商/ }), '钢铁')
    await until('one template', async () => (await page.getByRole('row').count()) === 2)
    assert.deepEqual(await plain(page), [])
    await click(button(`选择${template}`))
    await part('网关与地址').getByLabel('网关名称').waitFor()
  })

  step('adds the gateway, starts it with the command shown, and hears that it is there', async () => {
    await click(button('新建并生成注册码'))
    const command = await page.getByLabel('注册命令').textContent()
    const [, code] = /^jingwei edge --data \S+ --code (jwe1_\S+)$/.exec(command)
    await page.getByText(/正在等待“网关 1”上线/).waitFor()
    assert.deepEqual(await plain(page), [])
    await shot('wizard-gateway-zh')
    steps++ // the command is copied to the gateway and run there
    await run(running, ['edge', '--data', join(folder, 'edge'), '--code', code], { gateway: /(\S)/ })
    await until('the gateway online on the page', () => part('网关与地址').getByText('在线', { exact: true }).count())
  })

  step('keeps what was entered over a reload', async () => {
    const address = page.getByLabel('地址', { exact: true })
    await address.fill('127.0.0.1:1')
    await page.reload()
    await address.waitFor()
    assert.equal(await address.inputValue(), '127.0.0.1:1')
  })

  step('tells a fault of the device in plain words, with what to do', async () => {
    await button('下一步：试读').click()
    await page.getByText('请检查端口号，并确认设备的通信功能已启用', { exact: false }).waitFor()
    assert.deepEqual(await plain(page), [])
    await part('网关与地址')
      .getByRole('button', { name: /网关与地址/ })
      .click()
    await fill(page.getByLabel('地址', { exact: true }), meter.address)
  })

  step('reads the meter before anything is saved, and shows every decoding of a point', async () => {
    await click(button('下一步：试读'))
    const values = page.getByRole('table', { name: '试读结果' })
    await until('values', async () => (await values.locator('.value').count()) > 5)
    assert.ok((await values.getByText('Good', { exact: true }).count()) > 5)
    const first = page.getByRole('button', { name: '15 分钟用电量的解码方式' })
    await click(first)
    const readings = page.getByRole('group', { name: '解码方式' })
    await readings.getByRole('button').first().waitFor()
    assert.ok((await readings.getByRole('button').count()) >= 8, 'readings side by side')
    assert.match(await readings.locator('[aria-pressed=true]').textContent(), /f32/)
    assert.deepEqual(await plain(page), [])
    await shot('wizard-zh')
  })

  step('takes another decoding for this machine, and goes back to that of the template', async () => {
    const readings = page.getByRole('group', { name: '解码方式' })
    await readings.getByRole('button', { name: /f32 CDAB/ }).click()
    await page.getByText('已改', { exact: true }).waitFor()
    await until('it is pressed', async () => /CDAB/.test(await readings.locator('[aria-pressed=true]').textContent()))
    await button('恢复模板的方式').click()
    await page.getByText('已改', { exact: true }).waitFor({ state: 'hidden' })
  })

  step('looks right in the other looks', async () => {
    const storage = await page.evaluate(() => ({ ...window.sessionStorage }))
    const { cookies } = await main.context.storageState()
    for (const look of ['en', 'zh-dark', 'zh-phone']) {
      const other = await open(browser, look, faults, { cookies, origins: [] })
      await other.context.addInitScript((held) => {
        for (const [k, v] of Object.entries(held)) window.sessionStorage.setItem(k, v)
      }, storage)
      await other.page.goto(`${node.url}/o/${org}/connect`)
      await other.page.getByRole('button', { name: look === 'en' ? 'Read now' : '立即读取' }).click()
      await until('values', async () => (await other.page.locator('.part .value').count()) > 5)
      assert.deepEqual(await plain(other.page), [], look)
      await shot(`wizard-${look}`, other.page)
      await other.context.close()
    }
  })

  step('names it, places it, saves all, and sees it live', async () => {
    await click(button('下一步：名称与位置'))
    await page.getByLabel('中文名称').waitFor()
    await fill(page.getByLabel('中文名称'), '一号变压器电表')
    await shot('wizard-place-zh')
    await click(button('保存并开始采集'))
    await page.getByRole('heading', { level: 1, name: '一号变压器电表' }).waitFor()
    await until('live values', async () => (await page.locator('.points .value').count()) > 5)
    const seconds = (Date.now() - began) / 1000
    console.log(`steps: ${steps}, seconds: ${seconds.toFixed(1)}`)
    assert.ok(seconds < 180, `${seconds} s`)
    await until('good values', () => page.locator('.points .is-good').count())
    await shot('wizard-machine-zh')
    const nodes = await (await main.context.request.get(`${node.url}/api/v1/plant/nodes?org=${org}`)).json()
    assert.deepEqual(nodes.items.map((n) => n.kind).sort(), ['machine', 'site'])
    assert.equal(nodes.items.find((n) => n.kind === 'site').name.en, 'Plant 1')
    assert.equal(nodes.items.find((n) => n.kind === 'machine').name.en, '一号变压器电表')
  })

  step('begins empty the next time', async () => {
    await page.goto(`${node.url}/o/${org}/connect`)
    await button(`选择${template}`).waitFor()
    assert.equal(await button('重新开始').count(), 0)
  })

  step('goes on where a save failed, and makes nothing twice', async () => {
    await fillTemplate()
    // A second link to the same device is refused: the machine is made by then.
    await page.getByLabel('地址', { exact: true }).fill(meter.address)
    await button('下一步：试读').click()
    await page.getByRole('alert').first().waitFor()
    await button('不试读，直接下一步').click()
    await page.getByLabel('中文名称').fill('二号变压器电表')
    await button('保存并开始采集').click()
    await page.getByText('已通往', { exact: false }).first().waitFor()
    const progress = page.getByRole('list', { name: '保存进度' })
    await progress.getByText('建立设备已完成').waitFor()
    assert.deepEqual(await plain(page), [])
    await shot('wizard-failed-zh')
    await part('网关与地址')
      .getByRole('button', { name: /网关与地址/ })
      .click()
    await choose('链路', -1)
    await button('下一步：试读').click()
    await until('values', async () => (await page.locator('.part .value').count()) > 5)
    // Another decoding, which is this machine's alone.
    await button('超前无功电量的解码方式').click()
    await page
      .getByRole('group', { name: '解码方式' })
      .getByRole('button', { name: /f32 BADC/ })
      .click()
    await page.getByText('已改', { exact: true }).waitFor()
    await button('下一步：名称与位置').click()
    await button('(继续保存|保存并开始采集)').click()
    await page.getByRole('heading', { level: 1, name: '二号变压器电表' }).waitFor()
    await until('live values', async () => (await page.locator('.points .value').count()) > 5)
    const { items } = await (await main.context.request.get(`${node.url}/api/v1/plant/nodes?org=${org}`)).json()
    const machines = items.filter((n) => n.kind === 'machine')
    assert.equal(machines.length, 2)
    const second = machines.find((n) => n.name.zh === '二号变压器电表')
    const { points } = await (await main.context.request.get(`${node.url}/api/v1/plant/machines/${second.id}`)).json()
    assert.deepEqual(
      points.filter((p) => p.order === 'BADC').map((p) => p.key),
      ['reactive.leading'],
    )
  })

  step('makes points of what stands at an address, without a template', async () => {
    await page.goto(`${node.url}/o/${org}/connect`)
    await button('Modbus TCP').click()
    await page.getByLabel('地址', { exact: true }).waitFor()
    await choose('链路', -1)
    await button('下一步：试读').click()
    await page.getByLabel('查看地址').fill('holding:0')
    await button('查看').click()
    await page
      .getByRole('group', { name: '解码方式' })
      .getByRole('button', { name: /f32 ABCD/ })
      .click()
    await until('its value', async () => (await page.locator('.part table .value').count()) === 1)
    assert.deepEqual(await plain(page), [])
    await shot('wizard-probe-zh')
    await button('重新开始').click()
    // By keyboard: the dialog is still growing under a mouse.
    await page.getByRole('dialog').getByRole('button', { name: '重新开始' }).press('Enter')
    await button(`选择${template}`).waitFor()
  })

  step('leads to the sources for a device that tells its values by itself', async () => {
    await page.goto(`${node.url}/o/${org}/connect`)
    await choose('协议', 'Sparkplug')
    await until('one template', async () => (await page.locator('.part tbody tr').count()) === 1)
    await page.locator('.part tbody').getByRole('button').click()
    await page.getByRole('link', { name: '前往接入源' }).waitFor()
    assert.deepEqual(await plain(page), [])
    await shot('wizard-source-zh')
    await button('重新开始').click()
  })

  step('takes the variables of an OPC UA server whose certificate is approved on the page', async () => {
    await page.goto(`${node.url}/o/${org}/connect`)
    await button('OPC UA').click()
    await page.getByLabel('服务器', { exact: true }).fill(`opc.tcp://${server.address}`)
    await button('下一步：试读').click()
    await page.getByText('SHA-256 指纹').waitFor()
    assert.deepEqual(await plain(page), [])
    await shot('wizard-certificate-zh')
    await button('批准并再次试读').click()
    await page.locator('.nodes').getByRole('button', { name: 'Turbine1', exact: true }).click()
    const boxes = page.locator('.nodes').getByRole('checkbox')
    await boxes.first().waitFor()
    await boxes.nth(0).click()
    await boxes.nth(1).click()
    await until('two values', async () => (await page.locator('.part .value').count()) === 2)
    assert.deepEqual(await plain(page), [])
    await shot('wizard-opcua-zh')
    await button('下一步：名称与位置').click()
    await page.getByLabel('中文名称').fill('一号燃机')
    await button('保存并开始采集').click()
    await page.getByRole('heading', { level: 1, name: '一号燃机' }).waitFor()
    await until('live values', async () => (await page.locator('.points .value').count()) === 2)
  })

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})
