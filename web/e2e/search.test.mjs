// Search and the task ledger: tasks are adopted, found by words without spaces, narrowed by facets, reached by the keyboard; the board
// shows what is overdue, progress is reported, the monthly return and a list come as PDF. Anybody finds what is public and no more.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

story('search and tasks', 'search', ({ step, begin, signIn, api, button, picture, shots, faults }) => {
  let node, browser, page, main, state, org

  before(async () => {
    ;({ node, browser, page, main } = await begin())
    ;({ state, org } = await signIn())
    for (const register of ['tasks', 'departments']) {
      const answer = await main.context.request.post(`${node.url}/api/v1/registers/${register}/adopt?org=${org}`)
      assert.ok(answer.ok(), await answer.text())
    }
    await until('indexed', async () => (await api('/search?q=TASK&typing=true&collection=tasks')).total === 114)
  })

  const go = (path, of = page) => of.goto(`${node.url}/o/${org}/${path}`)
  const heading = (name, of = page) => of.getByRole('heading', { level: 1, name, exact: true }).waitFor()

  step('finds a task while its name is being typed, and goes there by the keyboard', async () => {
    await go('')
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    await page.keyboard.press('/')
    const box = page.getByRole('combobox')
    await box.fill('工业电子商务')
    await page
      .getByRole('option', { name: /工业电子商务平台/ })
      .first()
      .waitFor()
    await picture('search-finder-zh')
    await page.getByRole('option', { name: /查看“工业电子商务”的全部结果/ }).click()
    await heading('检索')
    await page
      .getByRole('link', { name: /工业电子商务平台/ })
      .first()
      .waitFor()
    assert.ok((await page.locator('mark').count()) > 0)
    assert.deepEqual(await plain(page), [])
  })

  step('narrows by facets, which count what they would leave', async () => {
    await go(`search?q=${encodeURIComponent('省科技厅工业互联网平台')}`)
    const total = (await api(`/search?q=${encodeURIComponent('省科技厅工业互联网平台')}`)).total
    assert.ok(total > 0)
    await page.getByText(`共 ${total} 条`, { exact: true }).first().waitFor()
    await page.getByRole('checkbox', { name: /^登记条目/ }).click()
    await until('narrowed by kind', async () => page.url().includes('kind=entry'))
    await page.getByRole('checkbox', { name: /^任务台账/ }).click()
    await until('narrowed', async () => page.url().includes('collection=tasks'))
    const narrowed = await api(`/search?q=${encodeURIComponent('省科技厅工业互联网平台')}&kind=entry&collection=tasks`)
    await page.getByText(`共 ${narrowed.total} 条`, { exact: true }).first().waitFor()
    await page.getByRole('checkbox', { name: /^待启动/ }).waitFor()
  })

  step('answers nobody more than what is public', async () => {
    const other = await open(browser, 'zh', faults)
    const ask = async (q) =>
      (await other.context.request.get(`${node.url}/api/v1/public/search?q=${encodeURIComponent(q)}`)).json()
    assert.ok((await ask('工业电子商务')).total > 0)
    const refused = await other.context.request.get(`${node.url}/api/v1/search?q=x`)
    assert.equal(refused.status(), 401)
    await other.page.goto(`${node.url}/public/search?q=${encodeURIComponent('工业电子商务')}`)
    await heading('公开信息检索', other.page)
    await other.page
      .getByText(/^共 \d+ 条$/)
      .first()
      .waitFor()
    assert.deepEqual(await plain(other.page), [])
    await picture('search-public-zh', other.page)
    await other.context.close()
  })

  step('shows the ledger by department, takes a report of progress, and gives the monthly return', async () => {
    await go('tasks')
    await heading('任务台账')
    await page.getByText('TASK-GD16-01', { exact: false }).first().waitFor()
    const row = page.getByRole('row', { name: /TASK-GD16-01/ })
    await button('启动', row).click()
    await button('启动', page.getByRole('dialog')).click()
    await row.getByText('推进中').waitFor()
    await button('报告进展', row).click()
    await page.getByRole('dialog').getByLabel('原因').fill('已完成首批平台遴选')
    await button('报告进展', page.getByRole('dialog')).click()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await button('月报').click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByText('下载 PDF').click()])
    const bytes = await readFile(await file.path())
    assert.equal(bytes.subarray(0, 8).toString(), '%PDF-1.7')
    const list = await main.context.request.get(`${node.url}/api/v1/registers/tasks/print?org=${org}`)
    assert.equal((await list.body()).subarray(0, 5).toString(), '%PDF-')
    assert.deepEqual(await plain(page), [])
  })

  step('looks right in every look', async () => {
    const search = `/o/${org}/search?q=${encodeURIComponent('工业互联网平台')}`
    await shots({ search, tasks: `/o/${org}/tasks?by=lead` }, state)
  })

  step('had no error in any page', () => assert.deepEqual(faults, []))
})
