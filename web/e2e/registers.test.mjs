// Registers and facts: an enterprise is entered, changed and taken through its states; spreadsheets go in whole or not at
// all; departments are adopted; a fact is written down with a document, proved better, corrected, and withdrawn.
import { Buffer } from 'node:buffer'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { plain, until } from './browser.mjs'
import { story } from './story.mjs'

// GB 32100-2015: the last character checks the seventeen before it.
const right = '91440101MA0TEXT12H'
const wrong = '91440101MA0TEXT120'

story('registers and facts', 'registers', (tell) => {
  const { step, begin, signIn, api, button, choose, item, region, picture, shots, faults } = tell
  let node, page, state, org, enterprise, fact

  before(async () => {
    ;({ node, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const go = (path) => page.goto(`${node.url}/o/${org}/${path}`)
  const heading = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  const dialog = () => page.getByRole('dialog')
  const drop = async (name, buffer) => {
    const chooser = page.waitForEvent('filechooser')
    await dialog()
      .getByRole('button', { name: /^选择(其他)?文件$/ })
      .click()
    await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer })
  }
  const download = async (press) => {
    const [file] = await Promise.all([page.waitForEvent('download'), press()])
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
  }
  const count = async (what) => Number(await dialog().locator(`[data-count="fields.${what}"] dd`).textContent())
  const entries = async (register, query = '') =>
    (await api(`/registers/${register}/entries?org=${org}&limit=1000${query}`)).items
  const seen = (pages) =>
    shots(Object.fromEntries(Object.entries(pages).map(([name, path]) => [name, `/o/${org}/${path}`])), state)

  step('lists the registers that there are', async () => {
    await button('更多').click()
    await item('登记册')
    await heading('登记册')
    for (const name of ['企业名录', '部门名录', '任务台账']) await page.getByRole('link', { name }).waitFor()
    assert.match(await page.getByRole('row', { name: /部门名录/ }).textContent(), /49/)
    await page.getByRole('link', { name: '企业名录' }).click()
    await heading('企业名录')
    await page.getByText('还没有登记企业').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('refuses a false credit code at its field, with the digit that it should have', async () => {
    await button('登记企业').click()
    await dialog().getByLabel('统一社会信用代码').fill(wrong)
    await dialog().getByLabel('企业名称').fill('广州示例机床有限公司')
    await dialog().getByLabel('英文名称').fill('Guangzhou Example Machine Tools')
    await dialog().getByLabel('行业代码').fill('C34')
    await dialog().getByLabel('行政区划').fill('440100')
    await dialog()
      .getByLabel(/^从业人员/)
      .fill('320')
    await dialog()
      .getByLabel(/^资产总额/)
      .fill('8600万')
    await button('登记', dialog()).click()
    await dialog().getByText('“资产总额”请以元填写').waitFor()
    await dialog()
      .getByLabel(/^资产总额/)
      .fill('86000000')
    await button('登记', dialog()).click()
    const item = dialog().locator('.ant-form-item', { hasText: '统一社会信用代码' }).first()
    await item.locator('.ant-form-item-explain-error').waitFor()
    const said = await item.textContent()
    assert.match(said, /校验码（第 18 位）不符/)
    assert.ok(said.includes(`应为 ${right.at(-1)}`), said)
    assert.deepEqual(await entries('enterprises'), [])
    await picture('registers-fault-zh')
  })

  step('enters it with the right one; the size class waits for a figure, in words', async () => {
    await dialog().getByLabel('统一社会信用代码').fill(right)
    await button('添加标签', dialog()).click()
    const tag = dialog().getByRole('group', { name: '标签 1' })
    await choose(/标签名$/, '试点企业', tag)
    await tag.getByLabel('起', { exact: true }).fill('2026-01-01')
    await tag.getByLabel('理由').fill('第一批试点')
    await button('登记', dialog()).click()
    await heading('广州示例机床有限公司')
    ;[enterprise] = await entries('enterprises')
    assert.equal(enterprise.key, right)
    assert.equal(enterprise.content.assets, 8_600_000_000)
    await page.getByText('规模未知：还缺少营业收入').waitFor()
    await region('登记内容').getByText('86,000,000 元').waitFor()
    await region('登记内容').getByText('试点企业').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('changes by a revision with a reason', async () => {
    await button('修改').click()
    assert.ok(await dialog().getByLabel('统一社会信用代码').isDisabled())
    await dialog()
      .getByLabel(/^营业收入/)
      .fill('120000000.50')
    await button('保存为新版本', dialog()).click()
    await dialog().getByText('请填写“原因”。').waitFor()
    await dialog().getByLabel('原因').fill('年报')
    await button('保存为新版本', dialog()).click()
    // Two characters are no reason: the node says so at the field.
    await dialog().getByText('理由不足 3 个字符').waitFor()
    await dialog().getByLabel('原因').fill('按2025年年报补录')
    await button('保存为新版本', dialog()).click()
    await dialog().waitFor({ state: 'hidden' })
    await region('登记内容').getByText('120,000,000.50 元').waitFor()
    await region('登记内容').getByText('中型').waitFor()
  })

  step('goes through a transition after a question, and tells its history', async () => {
    await button('通过').click()
    await dialog().getByText('状态由“待审核”变为“在册”').waitFor()
    await button('通过', dialog()).click()
    await dialog().waitFor({ state: 'hidden' })
    await page.locator('.pagehead').getByText('在册').waitFor()
    await until('history', async () => (await region('历史').locator('tbody tr').count()) === 3)
    const rows = await region('历史').locator('tbody tr').allTextContents()
    assert.match(rows[0], /待审核.*在册/)
    assert.match(rows[1], /营业收入.*120,000,000.50 元.*按2025年年报补录/)
    assert.match(rows[1], /规模.*未知.*中型/)
    assert.match(rows[2], /登记/)
    const kept = await api(`/register-entries/${enterprise.id}/revisions`)
    assert.deepEqual(
      kept.items.map((e) => e.state),
      ['applied', 'applied', 'active'],
    )
  })

  step('finds by words, state, tag and day', async () => {
    await go('registers/enterprises')
    const link = page.getByRole('link', { name: '广州示例机床有限公司' })
    await link.waitFor()
    await page.getByLabel('名称或编号').fill('机床')
    await page.getByLabel('名称或编号').press('Enter')
    await link.waitFor()
    await choose('标签 · 标签名', '试点企业')
    await page.getByLabel('有效于').fill('2026-05-01')
    await link.waitFor()
    await page.getByText('第 1–1 条，共 1 条').waitFor()
    await page.getByLabel('有效于').fill('2025-05-01')
    await page.getByText('没有符合条件的条目').waitFor()
    await button('清除条件').first().click()
    await link.waitFor()
    await choose('按字段查找', '行业代码')
    await page.getByLabel('“行业代码”的值').fill('34')
    await button('查找').click()
    await link.waitFor()
    assert.match(page.url(), /where=industry%3D34/)
    assert.deepEqual(await plain(page), [])
  })

  const sheet = (code) =>
    Buffer.from(
      '\ufeff统一社会信用代码,企业名称,行业代码,从业人员,状态\r\n' +
        '91440101MA0TEXT20C,广州示例铸造有限公司,C33,45,在册\r\n' +
        `${code},广州示例电子有限公司,C39,1200,在册\r\n`,
    )

  step('takes a spreadsheet whole, or names the row and cell that are wrong', async () => {
    await go('registers/enterprises')
    await button('导入').click()
    const template = await download(() => button('下载模板 XLSX', dialog()).click())
    assert.equal(template.name, 'enterprises.xlsx')
    assert.equal(template.bytes.subarray(0, 2).toString(), 'PK')
    await drop('企业.csv', sheet('91440101MA0TEXT390'))
    await dialog().getByText('未导入任何一行').waitFor()
    const row = await dialog().locator('tbody tr').first().textContent()
    for (const part of ['3', 'A3', '统一社会信用代码', '91440101MA0TEXT390'])
      assert.ok(row.includes(part), `${part} in ${row}`)
    assert.equal(await count('faults'), 1)
    assert.equal(
      await dialog()
        .getByRole('button', { name: /^导入 / })
        .count(),
      0,
    )
    assert.equal((await entries('enterprises')).length, 1)
    assert.deepEqual(await plain(page), [])
    await picture('registers-import-zh')
    await drop('企业.csv', sheet('91440101MA0TEXT399'))
    await until('checked', async () => (await dialog().locator('[data-count="fields.new"]').count()) === 1)
    assert.deepEqual([await count('new'), await count('faults')], [2, 0])
    await button('导入 2 行', dialog()).click()
    await dialog().getByText('已导入“企业.csv”').waitFor()
    await button('关闭', dialog().locator('.ant-modal-footer')).click()
    await page.getByText('第 1–3 条，共 3 条').waitFor()
    assert.equal((await entries('enterprises')).length, 3)
  })

  step('gives out what it takes in again', async () => {
    await button('导出').click()
    const csv = await download(() => item('导出 CSV'))
    assert.match(csv.name, /^enterprises-\d{4}-\d\d-\d\d\.csv$/)
    assert.match(csv.bytes.toString(), /广州示例机床有限公司/)
    await button('导入').click()
    await drop(csv.name, csv.bytes)
    await dialog().getByText('文件与现有内容一致').waitFor()
    assert.equal(await count('unchanged'), 3)
    await drop('改.csv', Buffer.from(csv.bytes.toString().replace(',320,', ',330,')))
    await dialog().getByLabel('有 1 行修改现有内容').waitFor()
    assert.ok(await button('导入 1 行', dialog()).isDisabled())
    await dialog().getByLabel('有 1 行修改现有内容').fill('核对社保人数')
    await button('导入 1 行', dialog()).click()
    await dialog().getByText('已导入“改.csv”').waitFor()
    await button('关闭', dialog().locator('.ant-modal-footer')).click()
    assert.equal((await api(`/register-entries/${enterprise.id}`)).content.employees, 330)
  })

  step('adopts the departments that come with it, and the tasks', async () => {
    for (const [id, name, n] of [
      ['departments', '部门名录', 49],
      ['tasks', '任务台账', 114],
    ]) {
      await go(`registers/${id}`)
      await heading(name)
      await button(`采用自带的 ${n} 条`).first().click()
      await button('采用', dialog()).click()
      await page.getByText(`已登记 ${n} 条`).waitFor()
      await page.getByText(n > 50 ? `第 1–50 条，共 ${n} 条` : `第 1–${n} 条，共 ${n} 条`).waitFor()
      assert.equal((await entries(id)).length, n)
    }
    await button('下一页').click()
    await page.getByText('第 51–100 条，共 114 条').waitFor()
    await button('上一页').click()
    await page.getByText('第 1–50 条，共 114 条').waitFor()
  })

  step('says what is there in both languages, by day and by night, on a desk and in a hand', async () => {
    await seen({
      registers: 'registers',
      register: 'registers/enterprises',
      'register-tasks': 'registers/tasks',
      entry: `registers/enterprises/${enterprise.id}`,
    })
  })

  step('records a fact with a document, and refuses what is no document', async () => {
    await go('facts')
    await heading('业务事实')
    await page.getByText('还没有登记业务事实').waitFor()
    await button('登记事实').click()
    await choose('种类', '合同', dialog())
    await dialog().getByLabel('外部编号').fill('HT-2026-017')
    await dialog().getByLabel('合同编号').fill('HT-2026-017')
    await dialog().getByLabel('签订日期').fill('2026-03-02')
    await dialog().getByLabel('对方名称').fill('广州示例软件有限公司')
    await choose(/标的$/, '首版次软件', dialog())
    await dialog()
      .getByLabel(/^合同金额/)
      .fill('1280000')
    const hand = async (name, text) => {
      const chooser = page.waitForEvent('filechooser')
      await button('添加文件', dialog()).click()
      await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) })
    }
    await hand('合同.exe', 'MZ')
    await dialog().getByText('“合同.exe”不是可用的文件').waitFor()
    await hand('合同.pdf', 'no PDF at all\n')
    await dialog().getByText('文件与名称不符').or(dialog().getByText('的内容是')).first().waitFor()
    await hand('合同.pdf', '%PDF-1.7\n1 0 obj\n')
    await dialog().getByText('17 B').waitFor()
    await choose('证据等级', 'E1 有文件', dialog())
    await button('登记', dialog().locator('.ant-modal-footer')).click()
    // E1 without its evidence: the node says what it wants.
    await dialog().getByText('等级 E1 需要').waitFor()
    await choose('证据等级', 'E0 申报', dialog())
    await button('登记', dialog().locator('.ant-modal-footer')).click()
    await heading('HT-2026-017')
    ;[fact] = (await api(`/facts?org=${org}`)).items
    assert.equal(fact.content.amount, 128_000_000)
    assert.equal(fact.documents[0].name, '合同.pdf')
    const file = await download(() => page.getByRole('button', { name: '合同.pdf' }).click())
    assert.equal(file.name, '合同.pdf')
    assert.equal(file.bytes.toString(), '%PDF-1.7\n1 0 obj\n')
    assert.deepEqual(await plain(page), [])
  })

  step('raises its grade on the document, and corrects it with the evidence anew', async () => {
    await button('提升等级').click()
    await choose('依据的文件', '合同.pdf', dialog())
    await dialog().getByLabel('原因').fill('收到合同原件')
    await button('提升', dialog()).click()
    await dialog().waitFor({ state: 'hidden' })
    await page.locator('.pagehead').getByText('E1 有文件').waitFor()
    await button('更正').click()
    await dialog()
      .getByLabel(/^合同金额/)
      .fill('1300000')
    await dialog().getByLabel('证据编号').fill('补充协议 1')
    await dialog().getByLabel('原因').fill('补充协议改了金额')
    await button('保存更正', dialog()).click()
    await dialog().waitFor({ state: 'hidden' })
    await region('登记内容').getByText('1,300,000 元').waitFor()
    await until('revisions', async () => (await region('历次版本').locator('tbody tr').count()) === 3)
    const rows = await region('历次版本').locator('tbody tr').allTextContents()
    assert.match(rows[0], /1,280,000 元.*1,300,000 元.*补充协议改了金额/)
    assert.match(rows[1], /E0 申报.*E1 有文件/)
  })

  step('shows what was known at a time', async () => {
    await button('第 2 版').click()
    await page.getByText('这是节点在').waitFor()
    await region('登记内容').getByText('1,280,000 元').waitFor()
    assert.equal(await button('更正').count(), 0)
    await button('查看现在').click()
    await region('登记内容').getByText('1,300,000 元').waitFor()
  })

  const orders = (day) =>
    Buffer.from(`\ufeff外部编号,凭证号,付款日期,对方名称,收付,用途,金额（元）,证据等级,证据编号
P-1,P-1,2026-04-01,广州示例设备有限公司,付出,设备,250000,E1,银行回单 8812
P-2,P-2,${day},广州示例设备有限公司,付出,设备,350000.50,,
`)

  step('takes facts from a spreadsheet, and sums those of a kind', async () => {
    await go('facts')
    await button('导入').click()
    await choose('种类', '付款', dialog())
    await drop('付款.csv', orders('2026-13-01'))
    await dialog().getByText('未导入任何一行').waitFor()
    const row = await dialog().locator('tbody tr').first().textContent()
    for (const part of ['3', 'C3', '付款日期', '2026-13-01']) assert.ok(row.includes(part), `${part} in ${row}`)
    await drop('付款.csv', orders('2026-06-01'))
    await button('导入 2 行', dialog()).click()
    await dialog().getByText('已导入“付款.csv”').waitFor()
    await button('关闭', dialog().locator('.ant-modal-footer')).click()
    await choose('种类', '付款')
    await page.getByText('共 2 条，金额合计 600,000.50 元').waitFor()
    await choose('证据等级不低于', 'E1 有文件及以上')
    await page.getByText('共 1 条，金额合计 250,000 元').waitFor()
    await page.getByLabel('至', { exact: true }).fill('2026-03-31')
    await page.getByText('没有符合条件的事实').waitFor()
    await button('清除条件').first().click()
    await page.getByRole('link', { name: 'HT-2026-017' }).waitFor()
    await seen({ facts: 'facts', 'facts-kind': 'facts?kind=payment', fact: `facts/${fact.id}` })
  })

  step('leads to its leaf in the evidence log', async () => {
    // What is written is sealed each minute; meanwhile the steps before this one were taken.
    await go(`facts/${fact.id}`)
    const proof = page.getByRole('link', { name: '查看存证证明' })
    await until(
      'sealed',
      async () => {
        if ((await proof.count()) > 0) return true
        const again = button('再看一次')
        if ((await again.count()) > 0) await again.click({ timeout: 5000 }).catch(() => {})
        return false
      },
      150_000,
    )
    const answer = await page.request.get(new URL(await proof.getAttribute('href'), node.url).href)
    assert.equal(answer.status(), 200)
    assert.equal((await answer.json()).kind, 'fact')
  })

  step('withdraws with a reason, and keeps what was said', async () => {
    await go(`facts/${fact.id}`)
    await button('撤回').click()
    await dialog().getByLabel('原因').fill('合同已解除')
    await button('撤回', dialog()).click()
    await dialog().waitFor({ state: 'hidden' })
    await page.getByText('该事实已撤回：合同已解除').waitFor()
    assert.equal(await button('更正').count(), 0)
    await go('facts')
    await page.getByRole('link', { name: 'P-2' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'HT-2026-017' }).count(), 0)
    await page.getByLabel('含已撤回').click()
    await page.getByRole('link', { name: 'HT-2026-017' }).waitFor()
  })

  step('made no fault in any browser', () => assert.deepEqual(faults, []))
})
