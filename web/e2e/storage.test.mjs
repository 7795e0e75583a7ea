// Storage, backups and shift calendars in a real browser against the real binary: classes that are made, assigned, shortened
// and taken back, a hold, a backup of the running node, and a calendar from a preset to a site.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

/** shanghai is the date, so many days from now, of the plant's clocks, and the browser's: eight hours ahead of UTC. */
const shanghai = (days) => new Date(Date.now() + (24 * days + 8) * 3_600_000).toISOString().slice(0, 10)

story('storage, backups and calendars', 'storage', ({ step, begin, api, button, choose, region, shots, faults }) => {
  let node, browser, main, page, state, org, repository, calendar

  before(async () => {
    repository = join(mkdtempSync(join(tmpdir(), 'jingwei-backup-')), 'node')
    ;({ node, browser, main, page } = await begin())
  })
  after(() => {
    if (repository) rmSync(join(repository, '..'), { recursive: true, force: true })
  })

  const dialog = () => page.getByRole('dialog').last()
  const gone = () => page.locator('.ant-modal-wrap:visible').waitFor({ state: 'hidden' })
  const press = (name) => button(name, dialog()).click()
  const rules = () => api(`/retention?org=${org}`)

  step('lets in', async () => {
    await page.goto(node.link)
    await button('以后再设').click()
    await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
    // The language of a window is that of its look.
    state = { cookies: (await main.context.storageState()).cookies, origins: [] }
    org = /\/o\/([^/]+)/.exec(page.url())[1]
    await until('series', async () => (await api(`/series?org=${org}`)).items?.length > 0)
  })

  step('shows the disk, and that all is kept for ever', async () => {
    await page.goto(`${node.url}/o/${org}/storage`)
    await page.getByRole('heading', { level: 1, name: '存储与保留' }).waitFor()
    await region('磁盘').getByText('样本占用').waitFor()
    await region('实际效果').getByText('未指定类别').waitFor()
    await region('保存类别').getByText('还没有保存类别').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('makes a class, and says at the field what is wrong with it', async () => {
    await button('新建类别').click()
    await dialog().getByLabel('中文名称').fill('质量数据')
    await dialog().getByLabel('英文名称').fill('Quality data')
    await dialog().getByLabel('保存天数').fill('7')
    await press('建立')
    await dialog().getByText('请填写 35 到 36525 的整数').waitFor()
    await dialog().getByText('请用至少三个字说明理由').waitFor()
    assert.deepEqual(await plain(page), [])
    await dialog().getByLabel('保存天数').fill('365')
    await dialog().getByLabel('原因').fill('质量体系要求保存一年')
    await press('建立')
    await gone()
    await region('保存类别')
      .getByRole('row', { name: /质量数据/ })
      .getByText('365 天', { exact: true })
      .waitFor()
  })

  step('assigns it to a site of the tree, from tomorrow on, and says what will be gone', async () => {
    const site = (await api(`/plant/nodes?org=${org}`)).items.find((x) => x.kind === 'site')
    await region('指定')
      .getByRole('button', { name: /指定类别/ })
      .click()
    await dialog().getByText('工厂', { exact: true }).click()
    await choose('工厂', site.name.zh, dialog())
    await choose('类别', '质量数据', dialog())
    await dialog()
      .getByRole('status')
      .filter({ hasText: /最多 [\d,]+ 个序列按365 天保存.*将被永久清除/ })
      .waitFor()
    assert.deepEqual(await plain(page), [])
    await dialog().getByLabel('原因').fill('一厂的质量数据')
    await press('指定，一天后生效')
    await gone()
    const [a] = (await rules()).assignments
    assert.equal(a.of, site.id)
    assert.ok(Date.parse(a.from) > Date.now() + 23 * 3600_000)
    await region('指定')
      .getByText(/起生效$/)
      .waitFor()
  })

  step('takes it back, and keeps for ever by an assignment that holds at once', async () => {
    await button(/^收回对“.*”的指定$/).click()
    await dialog().getByLabel('原因').fill('选错了厂区')
    await press('收回')
    await gone()
    await region('指定').getByText('还没有指定').waitFor()
    await region('指定')
      .getByRole('button', { name: /指定类别/ })
      .click()
    await choose('类别', '质量数据', dialog())
    await dialog().getByLabel('原因').fill('全公司统一')
    await press('指定，一天后生效')
    await gone()
    assert.equal((await rules()).assignments.length, 1)
  })

  step('shortens a class from tomorrow on, shows it as such, and takes it back', async () => {
    const row = region('保存类别').getByRole('row', { name: /质量数据/ })
    await row.getByRole('button', { name: /修改类别/ }).click()
    await dialog().getByLabel('保存天数').fill('90')
    await dialog().getByRole('status').filter({ hasText: '此前可以收回' }).waitFor()
    await dialog().getByLabel('原因').fill('磁盘不够')
    await press('缩短，一天后生效')
    await gone()
    await row.getByText(/起：90 天/).waitFor()
    assert.equal((await rules()).classes[0].days, 365)
    await row.getByRole('button', { name: '收回', exact: true }).click()
    await page
      .locator('.ant-modal-confirm')
      .getByRole('button', { name: /收\s?回/ })
      .click()
    await row.getByText(/起：90 天/).waitFor({ state: 'detached' })
    // Once more, for the pictures.
    await row.getByRole('button', { name: /修改类别/ }).click()
    await dialog().getByLabel('保存天数').fill('180')
    await dialog().getByLabel('原因').fill('磁盘不够')
    await press('缩短，一天后生效')
    await gone()
    await row.getByText(/起：180 天/).waitFor()
  })

  step('holds a span, and releases it after asking', async () => {
    for (const reason of ['客户索赔 2026-017', '体系审查']) {
      await region('保全')
        .getByRole('button', { name: /保全样本/ })
        .click()
      await dialog().locator('#from').fill('2026-03-01T00:00')
      await dialog().locator('#to').fill('2026-02-01T00:00')
      await dialog().getByLabel('原因').fill(reason)
      await press('保全')
      await dialog().getByText('结束必须晚于开始').waitFor()
      await dialog().locator('#to').fill('2026-04-01T00:00')
      await press('保全')
      await gone()
    }
    const row = region('保全').getByRole('row', { name: /体系审查/ })
    await row.getByRole('button', { name: /解\s?除/ }).click()
    await dialog()
      .getByText(/没有等待期/)
      .waitFor()
    await dialog().getByLabel('原因').fill('审查结束')
    await press('解除')
    await gone()
    await row.waitFor({ state: 'detached' })
    assert.equal((await rules()).holds.length, 1)
    assert.deepEqual(await plain(page), [])
  })

  step('backs the running node up', async () => {
    await page.goto(`${node.url}/o/${org}/backups`)
    await page.getByText('还没有备份过').waitFor()
    assert.deepEqual(await plain(page), [])
    await button('立即备份').click()
    await dialog().getByLabel('备份目录').fill('relative/folder')
    await press('开始备份')
    await dialog().locator('.ant-form-item-explain-error').filter({ hasText: '绝对路径' }).waitFor()
    await dialog().getByLabel('备份目录').fill(repository)
    await dialog().getByLabel('保留份数').fill('3')
    await dialog()
      .getByText(/只保留最新的 3 份/)
      .waitFor()
    await press('开始备份')
    await gone()
    const row = page.getByRole('row').filter({ hasText: repository })
    await row.getByText('成功').waitFor({ timeout: 60_000 })
    await row.getByText(/个文件，新写入/).waitFor()
    const command = page.getByLabel('检查备份', { exact: true })
    assert.equal(await command.textContent(), `jingwei backup verify ${repository}`)
    const [job] = (await api('/backups')).items
    assert.equal(job.status, 'done')
    assert.ok(Number(job.output.bytes) > 0)
    assert.deepEqual(await plain(page), [])
  })

  step('says why a backup failed', async () => {
    await button('立即备份').click()
    await dialog().getByLabel('备份目录').fill('/proc/jingwei')
    await press('开始备份')
    await gone()
    await page.getByRole('row').filter({ hasText: '/proc/jingwei' }).getByText('失败').waitFor()
  })

  step('makes a calendar of four crews on three shifts, and draws two weeks of it', async () => {
    await page.goto(`${node.url}/o/${org}/calendars`)
    await page.getByText('还没有班次日历').waitFor()
    assert.deepEqual(await plain(page), [])
    await button('新建日历').click()
    await dialog().getByLabel('中文名称').fill('四班三运转')
    await dialog().getByLabel('英文名称').fill('Four crews')
    await dialog()
      .getByRole('radio', { name: /^四班三运转/ })
      .check()
    await dialog().getByLabel('循环第一天', { exact: true }).fill('2026-11-02')
    await press('建立')
    await page.getByRole('heading', { level: 1, name: '四班三运转' }).waitFor()
    calendar = /calendars\/([^/?]+)/.exec(page.url())[1]
    await until('fourteen days of three shifts', async () => (await page.locator('.rota-bar').count()) === 42)
    await page.locator('.rota-bar').filter({ hasText: '甲班' }).first().waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('pastes holidays, finds a mistake at its field, and saves a version', async () => {
    const tomorrow = shanghai(1)
    await button('粘贴一份清单').click()
    const list = dialog().getByLabel('例外日期清单')
    await list.fill(`${tomorrow} off 停电检修\n2026-13-01 off`)
    await dialog().getByText('第 2 行').waitFor()
    assert.ok(await button('加入 1 项', dialog()).isDisabled())
    await list.fill(`${tomorrow} off 停电检修`)
    await press('加入 1 项')
    await gone()
    await page.locator('.rota-track.off').waitFor()
    await page.locator('.rota-day').getByText('停电检修').waitFor()
    const start = page.getByLabel('开始 · 中班', { exact: true })
    const end = page.getByLabel('结束 · 早班', { exact: true })
    await end.fill('18:00')
    await page.locator('.field-fault').first().waitFor()
    assert.ok(await button('保存为新版本').isDisabled())
    await end.fill('16:00')
    await page.locator('.field-fault').first().waitFor({ state: 'detached' })
    assert.equal(await start.inputValue(), '16:00')
    await button('保存为新版本').click()
    await dialog().getByLabel('原因').fill('停电检修')
    await dialog().getByRole('status').filter({ hasText: '此前不变' }).waitFor()
    await press('保存')
    await gone()
    await region('历次版本').getByText('待生效').waitFor()
    const held = await api(`/plant/calendars/${calendar}`)
    assert.equal(held.versions.length, 2)
    assert.equal(held.versions[1].definition.exceptions[0].date, tomorrow)
    assert.deepEqual(await plain(page), [])
  })

  step('exports it, and imports it again as another', async () => {
    const [file] = await Promise.all([page.waitForEvent('download'), button('导出 JSON').click()])
    const path = await file.path()
    const bad = join(repository, '../bad.json')
    await writeFile(bad, '{')
    const kept = JSON.parse(await readFile(path, 'utf8'))
    assert.equal(kept.definition.patterns[0].crews.length, 4)
    await page.goto(`${node.url}/o/${org}/calendars`)
    await page.getByRole('link', { name: '四班三运转' }).waitFor()
    await page.locator('input[type=file]').setInputFiles(bad)
    await dialog().getByText('不是有效的 JSON').waitFor()
    await page.keyboard.press('Escape')
    await gone()
    await page.locator('input[type=file]').setInputFiles(path)
    await dialog().getByLabel('中文名称').fill('二厂')
    await press('建立')
    await page.getByRole('heading', { level: 1, name: '二厂' }).waitFor()
  })

  step('assigns it to a site from a day on', async () => {
    await page.goto(`${node.url}/o/${org}/calendars`)
    await region('各厂区采用的日历')
      .getByRole('button', { name: /指定日历/ })
      .first()
      .click()
    await choose('日历', '四班三运转', dialog())
    // From yesterday: a production day begins at eight, so that before eight that of today has not.
    await dialog().getByLabel('生效日期').fill(shanghai(-1))
    await dialog().getByRole('status').filter({ hasText: '重新计算' }).waitFor()
    await dialog().getByLabel('原因').fill('一厂的班制')
    assert.deepEqual(await plain(page), [])
    await press('指定')
    await gone()
    await region('各厂区采用的日历').getByRole('link', { name: '四班三运转' }).first().waitFor()
    await region('各厂区采用的日历').getByText('第 2 版', { exact: true }).waitFor()
    const site = (await api(`/plant/nodes?org=${org}`)).items.find((x) => x.kind === 'site')
    assert.equal((await api(`/plant/nodes/${site.id}/calendar`)).calendar, calendar)
  })

  step('changes nothing for a viewer', async () => {
    const headers = { Origin: node.url }
    const invited = await main.context.request.post(`${node.url}/api/v1/people`, {
      headers,
      data: { org, login: 'viewer', name: 'Viewer', role: 'viewer' },
    })
    if (!invited.ok()) assert.fail(await invited.text())
    const { link } = await invited.json()
    const other = await open(browser, 'zh', faults)
    await other.page.goto(new URL(link, node.url).href)
    await other.page.getByRole('button', { name: '以后再设' }).click()
    await other.page.getByRole('heading', { level: 1 }).first().waitFor()
    await other.page.goto(`${node.url}/o/${org}/storage`)
    await other.page
      .getByRole('row', { name: /质量数据/ })
      .first()
      .waitFor()
    for (const name of ['新建类别', '指定类别', '保全样本', '收回'])
      assert.equal(await other.page.getByRole('button', { name }).count(), 0, name)
    await other.page.goto(`${node.url}/o/${org}/backups`)
    await other.page.getByText('备份由运行本节点的人负责').waitFor()
    await other.page.goto(`${node.url}/o/${org}/calendars/${calendar}`)
    await other.page.locator('.rota-bar').first().waitFor()
    assert.equal(await other.page.getByRole('button', { name: '添加班次' }).count(), 0)
    assert.ok(await other.page.getByLabel('结束 · 早班', { exact: true }).isDisabled())
    await other.context.close()
  })

  step('looks the same in both languages, dark and on a phone', async () => {
    const seen = {
      storage: ['storage', 'table'],
      backups: ['backups', '.is-good'],
      calendars: ['calendars', 'tbody .ends button'],
      calendar: [`calendars/${calendar}`, '.rota-bar'],
    }
    const pages = Object.fromEntries(Object.entries(seen).map(([name, [path]]) => [name, `/o/${org}/${path}`]))
    await shots(pages, state, {
      ready: async (shown, name) => {
        await shown.locator(seen[name][1]).first().waitFor()
        if (name === 'storage') await shown.locator('.room').waitFor()
      },
    })
  })

  step('nothing was said in the browser’s console', () => {
    assert.deepEqual(faults, [])
  })
})
