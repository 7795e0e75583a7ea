// The console in a real browser against the real binary: sign-in, live values, trend, gateways, plant, people, and what
// is seen when the line breaks. It also writes the screenshots of docs/screenshots.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { password, story } from './story.mjs'

story('the console', 'console', ({ step, begin, api, button, choose, item, shots, faults }) => {
  let node, browser, main, page, state
  let org, machine, gateway

  before(async () => {
    ;({ node, browser, main, page } = await begin())
  })

  const go = async (path) => {
    await page.goto(node.url + path)
    await page.waitForLoadState('load')
  }

  /** drawn waits for lines in the drawing: their edges are of many colours. */
  const drawn = (of) =>
    until('a drawn line', () =>
      of.locator('.plot canvas').evaluate((c) => {
        const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height)
        const colours = new Set()
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3] > 200) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
        return colours.size > 20
      }),
    )

  step('asks who is there', async () => {
    await go('/')
    await page.getByRole('heading', { level: 1, name: '登录' }).waitFor()
    assert.match(page.url(), /\/sign-in\?next=/)
    await page.getByLabel('登录名').fill('admin')
    await page.getByLabel('密码').fill('not the password')
    await button('登录').click()
    await page.getByRole('alert').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('lets in by the one-time link, once, and has a password set', async () => {
    assert.ok(node.link, 'the demo printed a sign-in link')
    await page.goto(node.link)
    await page.getByRole('button', { name: '保存并进入' }).waitFor()
    assert.doesNotMatch(page.url(), /token|link/, 'the secret has left the address')
    await page.getByLabel('新密码').fill('password')
    await page.getByLabel('再输入一次').fill('password')
    await button('保存并进入').click()
    await page.locator('.ant-form-item-explain-error, .fault').first().waitFor()
    await page.getByLabel('新密码').fill(password)
    await page.getByLabel('再输入一次').fill(password)
    await button('保存并进入').click()
    await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
    state = await main.context.storageState()
    const second = await open(browser, 'zh', faults)
    await second.page.goto(node.link)
    await second.page.getByRole('heading', { level: 1, name: '链接无法使用' }).waitFor()
    await second.context.close()
  })

  step('shows the plant live within a minute', async () => {
    await until('a live machine in the tree', () => page.locator('.tree .is-live').count())
    const nodes = (await api('/plant/nodes?limit=1000')).items
    const mill =
      nodes.find((n) => n.kind === 'machine' && /mill/.test(n.template)) ?? nodes.find((n) => n.kind === 'machine')
    machine = mill
    org = machine.org
    gateway = (await api(`/gateways?org=${org}`)).items[0]
    await until('samples per second of the node', async () => {
      const text = await page.getByRole('region', { name: '节点接收' }).locator('dd').first().textContent()
      return Number.parseFloat(text) > 0
    })
    assert.deepEqual(await plain(page), [])
  })

  step('is driven by the keyboard: down the tree, into a machine', async () => {
    const rows = page.locator('.tree tbody tr[role=row]')
    await rows.first().focus()
    await page.keyboard.press('ArrowLeft')
    assert.equal(await rows.first().getAttribute('aria-expanded'), 'false')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/m\//)
    await page.keyboard.press('/')
    await page.getByRole('combobox', { name: '输入设备、网关的名称，或任何关键词' }).fill(machine.name.zh)
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/m/${machine.id}`))
    await page.getByRole('heading', { level: 1, name: machine.name.zh }).waitFor()
  })

  step('shows live values that change, with status, and says that they are replayed', async () => {
    await page.getByText('回放数据').waitFor()
    const value = page.locator('.points .value').first()
    const one = await until('a value', async () => (await value.count()) && value.textContent())
    await until('another value', async () => (await value.textContent()) !== one)
    await until('a good status', () => page.locator('.points .is-good').count())
    assert.deepEqual(await plain(page), [])
  })

  step('draws the trend, zooms by dragging, and goes back and forward', async () => {
    await page.getByText('5 分', { exact: true }).click()
    await page.waitForURL(/last=5m/)
    const plot = page.locator('.plot')
    await plot.scrollIntoViewIfNeeded()
    await drawn(page)
    const box = await plot.boundingBox()
    const y = box.y + 60
    await page.mouse.move(box.x + box.width * 0.6, y)
    await page.locator('.plot .tip').waitFor()
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.9, y, { steps: 6 })
    await page.mouse.up()
    await page.waitForURL(/from=\d+&to=\d+/)
    await button('上一个范围').click()
    await page.waitForURL(/last=5m/)
    await button('下一个范围').click()
    await page.waitForURL(/from=\d+&to=\d+/)
    await plot.focus()
    await page.keyboard.press('ArrowLeft')
    await page.locator('.plot .tip').waitFor()
    const before = page.url()
    await page.keyboard.press('-')
    await page.waitForURL((u) => u.href !== before)
    await button('跟随最新').click()
    await page.waitForURL(/last=/)
  })

  step('puts a chosen point into the trend and its address, and opens what is known of it', async () => {
    const boxes = page.locator('.points tbody input[type=checkbox]')
    await boxes.nth(4).click()
    await until('the point in the address', () => new URL(page.url()).searchParams.get('s')?.split(',').length === 3)
    await page.locator('.points tbody th button').nth(4).click()
    await page.getByRole('dialog').getByText('源时间').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  step('exports every raw sample of the span', async () => {
    await button('导出').click()
    const download = page.waitForEvent('download')
    await page.getByRole('dialog').getByRole('button', { name: '导出', exact: true }).click()
    const text = await readFile(await (await download).path(), 'utf8')
    const lines = text.trimEnd().split('\r\n')
    assert.match(lines[0], /^\ufeffseries,name,time,gatewayTime,/)
    assert.ok(lines.length > 10, `${lines.length} lines`)
    assert.match(lines[1], /,0,Good,.*,replayed,0,\d+$/)
    await page.getByRole('dialog').locator('.ant-modal-footer').getByRole('button', { name: '关闭' }).click()
  })

  step('tells how the gateways do', async () => {
    await go(`/o/${org}/gateways`)
    await page
      .getByRole('row', { name: new RegExp(gateway.name.zh) })
      .getByText('在线')
      .waitFor()
    assert.deepEqual(await plain(page), [])
    await page.getByRole('link', { name: gateway.name.zh }).click()
    await page.getByText('已连接').first().waitFor()
    await page.getByRole('link', { name: machine.name.zh }).waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('creates a gateway with a code that is shown once, and a link whose faults are told at the field', async () => {
    await go(`/o/${org}/gateways`)
    await button('新建网关').click()
    await page.getByLabel('名称').fill('测试网关')
    await button('新建并生成注册码').click()
    await page.getByText(/jingwei edge .*--code jwe1_/).waitFor()
    await button('我已保存').click()
    await button('添加 Modbus 链路').first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('名称').fill('坏地址')
    await dialog.getByLabel('地址').fill('10.0.0.5:99999')
    await button('保存').click()
    await dialog.locator('.ant-form-item-explain-error, .fault').first().waitFor()
    await dialog.getByLabel('地址').fill('192.0.2.10:502')
    await button('保存').click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByText('192.0.2.10:502').waitFor()
    await button('移除网关').click()
    await page.getByRole('dialog').getByRole('button', { name: '移除网关' }).click()
    await page.waitForURL(/\/gateways$/)
    await page.getByRole('link', { name: '测试网关' }).waitFor({ state: 'hidden' })
  })

  step('changes the plant: adds, renames, moves and retires', async () => {
    await go(`/o/${org}/plant`)
    const site = (await api(`/plant/nodes?org=${org}`)).items.find((n) => n.kind === 'site')
    await page
      .getByRole('row', { name: new RegExp(site.name.zh) })
      .first()
      .click()
    await button('添加车间').click()
    await page.getByLabel('中文名称').fill('装配车间')
    await button('添加').click()
    await page.getByRole('row', { name: /装配车间/ }).waitFor()
    await button('添加设备').click()
    await page.getByLabel('中文名称').fill('新电表')
    await choose('设备模板', -1)
    await button('添加').click()
    await page.getByRole('row', { name: /新电表/ }).waitFor()
    assert.deepEqual(await plain(page), [])
    await button('改名').click()
    await page.getByLabel('英文名称').fill('New meter')
    await button('保存').click()
    await page.getByText('New meter').waitFor()
    await button('移动').click()
    await choose('移到', 0)
    await page.getByRole('dialog').getByRole('button', { name: '移动', exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await button('停用').click()
    await page.getByRole('dialog').getByRole('button', { name: '停用', exact: true }).click()
    await page.getByText('请填写停用原因，它会记入审计记录。').waitFor()
    await page.getByLabel('原因').fill('试用结束')
    await page.getByRole('dialog').getByRole('button', { name: '停用', exact: true }).click()
    await page.getByRole('row', { name: /新电表/ }).waitFor({ state: 'hidden' })
  })

  step('invites somebody, who sees only what the role allows', async () => {
    await go(`/o/${org}/people`)
    await button('邀请人员').click()
    await page.getByLabel('名称').fill('王芳')
    await page.getByLabel('登录名').fill('wang.fang')
    await button('邀请并生成链接').click()
    const link = await page.getByLabel('一次性登录链接').locator('code').textContent()
    assert.ok(link.startsWith(node.url), link)
    assert.deepEqual(await plain(page), [])
    const other = await open(browser, 'en', faults)
    await other.page.goto(link)
    await other.page.getByRole('button', { name: 'Later' }).click()
    await other.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await other.page.getByRole('button', { name: 'More' }).first().click()
    await other.page.getByRole('menuitem', { name: 'Shift calendars' }).waitFor()
    assert.equal(await other.page.getByRole('menuitem', { name: 'People' }).count(), 0)
    await other.page.keyboard.press('Escape')
    await other.page.goto(`${node.url}/o/${org}/plant`)
    await other.page.getByRole('heading', { level: 1, name: 'Plant' }).waitFor()
    assert.equal(await other.page.getByRole('button', { name: 'Add a site' }).count(), 0)
    await other.context.close()
  })

  step('makes an API token that is shown once and works until it is revoked', async () => {
    await go(`/o/${org}/people?tab=tokens`)
    await button('新建令牌').first().click()
    await page.getByLabel('名称').fill('能源报表')
    await button('新建').click()
    const token = await page.locator('.once code').first().textContent()
    const ask = () => fetch(`${node.url}/api/v1/series?limit=1`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal((await ask()).status, 200)
    await button('我已保存').click()
    await page
      .getByRole('row', { name: /能源报表/ })
      .getByRole('button', { name: '吊销' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: '吊销' }).click()
    await page.getByRole('row', { name: /能源报表/ }).waitFor({ state: 'hidden' })
    assert.equal((await ask()).status, 401)
  })

  step('keeps an audit of all that', async () => {
    await go(`/o/${org}/audit`)
    await page.getByRole('cell', { name: '能源报表' }).first().waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('changes to another enterprise, which is empty, and shows what to do next', async () => {
    const other = { kind: 'enterprise', name: { zh: '空白企业', en: 'Blank enterprise' } }
    const made = await main.context.request.post(`${node.url}/api/v1/orgs`, { data: other })
    assert.equal(made.status(), 201)
    await go(`/o/${org}`)
    await page.getByRole('button', { name: /^切换组织/ }).click()
    await item(other.name.zh)
    await page.getByText('这里还没有工厂').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('says so when the line to the node is lost, and comes back by itself', async () => {
    await go(`/o/${org}/m/${machine.id}`)
    await until('a value', () => page.locator('.points .value').count())
    // Playwright's "offline" leaves a running stream alone: the stream's own requests are refused instead.
    await main.context.route('**/api/v1/live*', (route) => route.abort())
    await page.evaluate(() => window.dispatchEvent(new Event('offline')))
    await page.getByText('与节点的连接已中断').waitFor({ timeout: 60_000 })
    await main.context.unroute('**/api/v1/live*')
    await button('立即重试').click()
    await page.getByText('与节点的连接已中断').waitFor({ state: 'hidden', timeout: 60_000 })
  })

  step('looks right in both languages, by day and by night, on a desk and in a hand', async () => {
    const pages = {
      overview: `/o/${org}`,
      machine: `/o/${org}/m/${machine.id}?last=5m`,
      gateways: `/o/${org}/gateways`,
      gateway: `/o/${org}/gateways/${gateway.id}`,
      plant: `/o/${org}/plant?node=${machine.id}`,
      people: `/o/${org}/people`,
      audit: `/o/${org}/audit`,
      account: `/o/${org}/account`,
      'sign-in': '/sign-in',
    }
    const some = (...names) => Object.fromEntries(names.map((name) => [name, pages[name]]))
    const ready = async (shown, name) => {
      if (name === 'overview') {
        await until('live machines', () => shown.locator('.tree .is-live').count())
      }
      if (name !== 'machine') return
      await until('a value', () => shown.locator('.points .value').count())
      await drawn(shown)
    }
    // The language is chosen by the look, not by what the first window left behind.
    const session = { cookies: state.cookies, origins: [] }
    const others = Object.keys(pages).filter((name) => name !== 'overview' && name !== 'machine')
    await shots(some('overview'), session, { looks: ['zh', 'zh-dark', 'en', 'zh-phone'], ready })
    await shots(some('machine'), session, { looks: ['zh', 'zh-dark', 'en', 'en-dark', 'zh-phone', 'en-phone'], ready })
    await shots(some('gateway'), session, { looks: ['zh-phone'], ready })
    await shots(some(...others), session, { looks: ['zh', 'en'], ready })
  })

  step('lets out, and in again by password', async () => {
    await go(`/o/${org}/account`)
    await button('退出登录').click()
    await page.getByRole('heading', { level: 1, name: '登录' }).waitFor()
    await page.getByLabel('登录名').fill('admin')
    await page.getByLabel('密码').fill(password)
    await button('登录').click()
    await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
  })

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})
