// A plant leaves as a file and comes back as one: a machine with 800 points, first with a wrong unit in row 731.
import { Buffer } from 'node:buffer'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

const machine = '热处理炉 8 号'
const points = 800

/** furnace is a CSV under the headings of an export: a new machine and its points; row 731 has the given unit. */
function furnace(headings, unit) {
  const row = (cells) => headings.map((h) => cells[h] ?? '').join(',')
  const rows = [row({ 层级: '设备', 厂区: '一厂', '名称（中文）': machine, '名称（英文）': 'Furnace 8' })]
  for (let i = 0; i < points; i++) {
    // The headings are row 1, the machine row 2.
    const line = i + 3
    rows.push(
      row({
        层级: '测点',
        厂区: '一厂',
        设备: machine,
        '名称（中文）': `温区 ${i + 1}`,
        '名称（英文）': `Zone ${i + 1}`,
        键: `zone.${i + 1}`,
        类型: 'float64',
        单位: line === 731 ? unit : 'Cel',
        地址: `holding:${i * 2}`,
        编码: 'f32',
        采集周期: '1s',
      }),
    )
  }
  return Buffer.from('\ufeff' + [headings.join(','), ...rows].join('\r\n') + '\r\n')
}

story('import and export', 'files', ({ step, begin, signIn, api, button, picture, faults }) => {
  let node, browser, page, state, org, headings

  before(async () => {
    ;({ node, browser, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const choose = async (name, buffer, on = page) => {
    const chooser = on.waitForEvent('filechooser')
    await on.getByRole('button', { name: /^(选择(其他)?文件|Choose (a|another) file)$/ }).click()
    await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer })
  }
  const result = () => page.getByRole('region', { name: '检查结果' })
  const count = async (action) => Number(await result().locator(`[data-action=${action}] dd`).textContent())
  const machines = async () => (await api(`/plant/nodes?org=${org}&kind=machine&limit=1000`)).items
  const download = async (press, of = page) => {
    const [file] = await Promise.all([of.waitForEvent('download'), press()])
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
  }

  step('is reached from the plant', async () => {
    await page.goto(`${node.url}/o/${org}/plant`)
    await page.getByRole('link', { name: '导入导出' }).click()
    await page.getByRole('heading', { level: 1, name: '导入导出' }).waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('exports in three formats, and an empty workbook, in the language of the page', async () => {
    const csv = await download(() => button('导出 CSV').click())
    assert.match(csv.name, /^plant-\d{4}-\d\d-\d\d\.csv$/)
    headings = csv.bytes
      .toString()
      .replace(/^\ufeff/, '')
      .split(/\r?\n/)[0]
      .split(',')
    for (const h of ['层级', '厂区', '设备', '键', '单位']) assert.ok(headings.includes(h), `${h} in ${headings}`)
    const yaml = await download(() => button('导出 YAML').click())
    assert.match(yaml.name, /\.yaml$/)
    const xlsx = await download(() => button('导出 XLSX').click())
    assert.match(xlsx.name, /\.xlsx$/)
    assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK')
    const empty = await download(() => button('下载空白工作簿').click())
    assert.equal(empty.name, 'plant-template.xlsx')
    // What was exported is what there is.
    await choose(xlsx.name, xlsx.bytes)
    await result().getByText('没有变化', { exact: true }).waitFor()
    assert.equal(await button('导入', result()).count(), 0)
  })

  step('refuses what is no plant, and says what to do', async () => {
    await choose('plant.xls', Buffer.from('x'))
    await page.getByRole('alert').getByText('另存为 .xlsx').waitFor()
    await choose('plant.xlsx', Buffer.from('no workbook'))
    await page.getByRole('alert').getByText('plant-file-unreadable').waitFor()
  })

  step('names the row, the column and the value that are wrong, and changes nothing', async () => {
    await choose('炉.csv', furnace(headings, 'kWh'))
    await result().getByText('1 处错误').waitFor()
    const row = result().getByRole('row').nth(1)
    const said = await row.textContent()
    for (const part of ['731', '单位', 'kWh', 'kW.h']) assert.ok(said.includes(part), `${part} in ${said}`)
    assert.equal(await button('导入', result()).count(), 0)
    assert.deepEqual(await plain(page), [])
    await picture('files-error-zh')
    const list = await download(() => button('下载错误清单').click())
    assert.equal(list.name, '导入错误-炉.csv')
    assert.match(list.bytes.toString(), /731,.*unit,kWh,/)
    assert.ok(!(await machines()).some((m) => m.name.zh === machine))
  })

  step('shows what the mended file does', async () => {
    await choose('炉.csv', furnace(headings, 'kW.h'))
    await result().getByText('可以导入').waitFor()
    assert.equal(await count('create'), points + 1)
    assert.equal(await count('retire'), 0)
    assert.equal(await result().locator('tbody tr').count(), 200)
    await button('再显示 200 项', result()).click()
    assert.equal(await result().locator('tbody tr').count(), 400)
    assert.deepEqual(await plain(page), [])
    for (const [look, name] of [
      ['zh', 'files-zh'],
      ['en', 'files-en'],
      ['zh-dark', 'files-zh-dark'],
      ['zh-phone', 'files-zh-phone'],
    ]) {
      const other = await open(browser, look, faults, state)
      await other.page.goto(`${node.url}/o/${org}/files`)
      await choose('furnace.csv', furnace(headings, 'kW.h'), other.page)
      await other.page.locator('.files-result tbody tr').first().waitFor()
      assert.deepEqual(await plain(other.page), [], look)
      await other.page.evaluate(() => window.scrollTo(0, 0))
      await picture(name, other.page)
      await other.context.close()
    }
  })

  step('retires what the file does not name only when told to, with a reason', async () => {
    await page.getByLabel('停用文件中没有的设备和测点').check()
    await until('what would be retired', async () => (await count('retire')) > 10)
    await result().getByText('可以导入').waitFor()
    assert.ok(await button('导入', result()).isDisabled())
    await result()
      .getByText(/^停用 \d/)
      .click()
    assert.match(await result().locator('tbody tr').first().textContent(), /停用/)
    await page.getByLabel('停用原因').fill('搬迁')
    assert.ok(await button('导入', result()).isEnabled())
    await page.getByLabel('停用文件中没有的设备和测点').uncheck()
    await until('nothing to retire', async () => (await count('retire')) === 0)
    await result().getByText('可以导入').waitFor()
  })

  step('imports after a question, and the plant has it', async () => {
    const before = (await machines()).length
    await button('导入', result()).click()
    const ask = page.getByRole('dialog')
    await ask.getByText(String(points + 1)).waitFor()
    await ask.getByRole('button', { name: /^取\s?消$/ }).click()
    await ask.waitFor({ state: 'hidden' })
    await button('导入', result()).click()
    await button('导入', ask).click()
    await result().getByText('已导入“炉.csv”').waitFor()
    const all = await machines()
    assert.equal(all.length, before + 1)
    const made = await api(`/plant/machines/${all.find((m) => m.name.zh === machine).id}`)
    assert.equal(made.points.length, points)
    assert.equal(made.points.find((p) => p.key === 'zone.729').unit, 'kW.h')
    assert.deepEqual(await plain(page), [])
    await result().getByRole('link', { name: '查看工厂模型' }).click()
    await page.getByText(machine).first().waitFor()
  })

  step('made no fault in any browser', () => assert.deepEqual(faults, []))
})
