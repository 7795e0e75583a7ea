// Samples are corrected on the trend page, with a reason and after a look at what it would do: the old ones stay in the
// history and as of before, undoing brings them back, and who may not is told so.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'
import { URLSearchParams } from 'node:url'

import { open, plain, settled as still, until } from './browser.mjs'
import { story } from './story.mjs'

const bad = 0x80000000

story('corrections', 'correction', ({ step, begin, signIn, api, button, region, picture, shots, faults }) => {
  let node, browser, main, page, state, org, series, machine, from, to, a, b, original

  before(async () => {
    ;({ node, browser, main, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const query = (of = page) => new URL(of.url()).searchParams
  const dialog = (name, of = page) => of.getByRole('dialog', { name })
  const iso = (ms) => new Date(ms).toISOString()
  const samples = async (begin, end, more = '') =>
    (await api(`/series/${series.id}/samples?from=${iso(begin)}&to=${iso(end)}&limit=10000${more}`)).items
  const corrections = async () => (await api(`/corrections?series=${series.id}`)).items
  const address = (more = {}) =>
    `${node.url}/o/${org}/trend?${new URLSearchParams({ s: series.id, from, to, ...more })}`
  const settled = async (of = page) => {
    await still(of)
    await of.getByText('正在载入…').waitFor({ state: 'hidden' })
  }
  const message = (text) => page.locator('.ant-message').getByText(text).first().waitFor()
  /** The cells of a cursor of the series: A is 0, B is 1. */
  const cursor = (i) => region('游标').getByRole('row').nth(1).getByRole('cell').nth(i)

  step('has a page that says there is nothing yet', async () => {
    await page.goto(`${node.url}/o/${org}/corrections`)
    await page.getByRole('heading', { level: 1, name: '更正记录' }).waitFor()
    await page.getByText('还没有更正').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('waits for half a minute of a series that moves', async () => {
    const found = (await api(`/series?org=${org}&limit=1000`)).items.filter((s) => s.type === 'float64')
    await until(
      'data',
      async () => {
        for (const s of found) {
          series = s
          const items = await samples(1, Date.now() + 60_000)
          const [first, last] = [Date.parse(items[0]?.time), Date.parse(items.at(-1)?.time)]
          if (items.length > 12 && items.every((x) => x.status.code === 0) && last - first > 16_000) {
            from = first - 1_000
            to = last
            // Two samples in the middle, and what lies between them.
            const [x, y] = [items[4], items[8]]
            a = Math.floor(Date.parse(x.time))
            b = Math.floor(Date.parse(y.time))
            original = items.filter((i) => Date.parse(i.time) >= a && Date.parse(i.time) <= b)
            return original.length >= 5
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 1000))
        return false
      },
      90_000,
    )
    machine = await api(`/plant/machines/${series.machine}`)
  })

  step('refuses a correction without a reason, here and at the node', async () => {
    await page.goto(address({ a, b }))
    await settled()
    await button('更正…').click()
    const box = dialog('更正样本')
    await box.waitFor()
    assert.deepEqual(await plain(page), [])
    await button('预览', box).click()
    await box.getByText('请填写更正的原因').waitFor()
    const refused = await main.context.request.post(`${node.url}/api/v1/series/${series.id}/corrections`, {
      headers: { 'Accept-Language': 'zh-CN', 'Idempotency-Key': 'without-reason' },
      data: { kind: 'status', from: iso(a), to: iso(b + 1), status: bad, reason: '' },
    })
    assert.equal(refused.status(), 422)
    assert.equal((await refused.json()).code, 'correction-reason')
    assert.deepEqual(await corrections(), [])
  })

  step('says at the field what the node refuses', async () => {
    const box = dialog('更正样本')
    await box.getByRole('radio', { name: '换算' }).check()
    await box.getByLabel('系数').fill('1')
    await box.getByLabel('原因').fill('互感器变比填错')
    await button('预览', box).click()
    await box.locator('.ant-form-item', { hasText: '系数' }).getByText('请给出不为 1 的系数').waitFor()
    await box.getByLabel('系数').fill('x')
    await box.getByText('请填写数字，例如 12.5。').waitFor()
  })

  step('marks the samples between two cursors bad, after a look at what it would do', async () => {
    const box = dialog('更正样本')
    await box.getByRole('radio', { name: '改状态' }).check()
    await box.getByLabel('原因').fill('传感器断线，班组已确认')
    await box.getByLabel('依据').fill('工单 1142')
    await button('预览', box).click()
    await box.getByText(`将有 ${original.length} 个样本得到新的修订`).waitFor()
    const rows = box.getByRole('table', { name: '样本' }).locator('tbody tr')
    assert.equal(await rows.count(), original.length)
    const good = box.getByRole('row', { name: /^良好/ })
    assert.equal(await good.textContent(), `良好${original.length}0`)
    assert.deepEqual(await plain(page), [])
    await picture('correction-preview-zh')
    assert.deepEqual(await corrections(), [], 'a preview changes nothing')
    await button(`更正 ${original.length} 个样本`, box).click()
    await box.waitFor({ state: 'hidden' })
    await message(`已更正，共 ${original.length} 个样本`)
    const now = await samples(a, b + 1)
    assert.deepEqual(
      now.map((s) => [s.time, s.status.code, s.revision, s.origin]),
      original.map((s) => [s.time, bad, 1, 'manual']),
    )
  })

  step('breaks the line, tells the cursor, and marks it under the drawing', async () => {
    await until('a bad sample at the cursor', async () => /Bad.*修订 1/.test(await cursor(0).textContent()))
    const stats = region('范围统计').getByRole('row').nth(1).getByRole('cell')
    const count = (await samples(from, to)).filter((s) => s.status.code === 0).length
    const all = (await samples(from, to)).length
    await until('the share of good samples', async () => {
      const shown = parseFloat(await stats.nth(1).textContent())
      return Math.abs(shown - (count / all) * 100) < 0.1
    })
    const lane = page.getByRole('group', { name: '更正', exact: true })
    const mark = lane.getByRole('button', { name: /改状态 → 坏值 · 传感器断线/ })
    await mark.waitFor()
    await mark.focus()
    await page.locator('.event-tip').getByText('传感器断线，班组已确认').waitFor()
    await mark.click()
    const box = dialog('更正')
    await box.getByText('工单 1142').waitFor()
    await box.getByText('有效').waitFor()
    assert.deepEqual(await plain(page), [])
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'hidden' })
    await picture('correction-trend-zh')
  })

  step('tells the history of the sample at a cursor', async () => {
    await page.getByRole('button', { name: new RegExp(`^${escape(series.name.zh)} 在游标 A 处的历史$`) }).click()
    const box = dialog(/样本历史/)
    const rows = box.getByRole('table', { name: '样本的历史' }).locator('tbody tr')
    await until('two revisions', async () => (await rows.count()) === 2)
    const texts = await rows.allTextContents()
    const old = texts.find((x) => x.includes('已被取代'))
    const current = texts.find((x) => x.includes('有效'))
    assert.match(old, /Good/)
    assert.match(current, /Bad.*人工录入/)
    assert.equal(await box.locator(`b[title="${original[0].value}"]`).count(), 2)
    await box.getByText('传感器断线，班组已确认').waitFor()
    assert.deepEqual(await plain(page), [])
    await picture('correction-history-zh')
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'hidden' })
  })

  step('shows as of before what was said before', async () => {
    const [made] = await corrections()
    // What is closed is told a moment after the commit.
    await until('closed', async () => Date.parse((await api('/watermark')).closed) >= Date.parse(made.at))
    await page.goto(address({ a, b, asOf: iso(Math.floor(Date.parse(made.at))) }))
    await settled()
    await until('the sample of then', async () => /Good.*修订 0/.test(await cursor(0).textContent()))
    assert.ok(await button('更正…').isDisabled(), 'what was known then cannot be corrected')
    await button('回到现在所知').first().click()
    await until('the sample of now', async () => /Bad.*修订 1/.test(await cursor(0).textContent()))
  })

  step('lists it, filters, and writes the list into a file', async () => {
    await page.getByRole('link', { name: `${series.name.zh}的更正记录` }).click()
    await page.getByRole('heading', { level: 1, name: '更正记录' }).waitFor()
    assert.equal(query().get('series'), series.id)
    const row = region('更正记录').getByRole('row').nth(1)
    await row.getByText(machine.name.zh).waitFor()
    const text = await row.textContent()
    for (const part of ['改状态 → 坏值', '传感器断线，班组已确认', '工单 1142', String(original.length), '有效'])
      assert.ok(text.includes(part), `${part} in ${text}`)
    assert.deepEqual(await plain(page), [])
    const [file] = await Promise.all([page.waitForEvent('download'), button('导出 CSV').click()])
    const csv = (await readFile(await file.path())).toString()
    assert.match(csv, /^\ufeffid,at,by,machine,point,/)
    assert.ok(
      csv.includes('传感器断线，班组已确认') && csv.includes('0x80000000') && csv.includes(machine.name.zh),
      csv,
    )
    await page.goto(`${node.url}/o/${org}/corrections?series=${series.id}&from=${a - 60_000}&to=${a - 30_000}`)
    await page.getByText('没有符合条件的更正').waitFor()
    await button('清除筛选').click()
    await region('更正记录').getByRole('row').nth(1).waitFor()
  })

  step('undoes it with a reason, after a look', async () => {
    await region('更正记录').getByRole('row').nth(1).getByRole('button').first().click()
    const box = dialog('更正')
    await button('撤销这项更正…', box).click()
    await button('预览', box).click()
    await box.getByText('请填写更正的原因').waitFor()
    await box.getByLabel('撤销的原因').fill('看错了时间')
    await button('预览', box).click()
    await box.getByText(`将有 ${original.length} 个样本得到新的修订`).waitFor()
    await button(`撤销，恢复 ${original.length} 个样本`, box).click()
    await message(`已撤销，恢复了 ${original.length} 个样本`)
    await box.getByText('撤销的是').waitFor()
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'hidden' })
    await until('two rows', async () => (await region('更正记录').getByRole('row').count()) === 3)
    const texts = await region('更正记录').locator('tbody tr').allTextContents()
    assert.match(texts[0], /撤销更正/)
    assert.match(texts[1], /已撤销/)
    const now = await samples(a, b + 1)
    assert.deepEqual(
      now.map((s) => [s.time, s.value, s.status.code, s.revision]),
      original.map((s) => [s.time, s.value, 0, 2]),
    )
    await page.goto(address({ a, b }))
    await until('the sample again', async () => /Good.*修订 2/.test(await cursor(0).textContent()))
    assert.equal(await page.getByRole('group', { name: '更正', exact: true }).getByRole('button').count(), 0)
  })

  step('changes values in place, over a span that was drawn over', async () => {
    await settled()
    await page.getByRole('radiogroup', { name: '拖动的作用' }).getByText('更正', { exact: true }).click()
    const plot = page.locator('.plot')
    await plot.scrollIntoViewIfNeeded()
    const box = await plot.boundingBox()
    const left = 0.3
    await page.mouse.move(box.x + box.width * left, box.y + 90)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 90, { steps: 6 })
    await page.mouse.up()
    const panel = dialog('更正样本')
    await panel.waitFor()
    await panel.getByRole('radio', { name: '改数值' }).check()
    const fields = panel.getByRole('table', { name: '样本' }).getByRole('textbox')
    await until('the samples', async () => (await fields.count()) > 1)
    await fields.nth(1).fill('many')
    await panel.getByLabel('原因').fill('人工读数为准')
    await button('预览', panel).click()
    await panel.getByText('有的数值不符合这个测点的类型').waitFor()
    await fields.nth(1).fill('-7.25')
    await panel.getByText('已改 1 个。').waitFor()
    await button('预览', panel).click()
    await panel.getByText('将有 1 个样本得到新的修订').waitFor()
    await button('更正 1 个样本', panel).click()
    await panel.waitFor({ state: 'hidden' })
    const set = (await samples(from, to)).filter((s) => s.value === -7.25)
    assert.equal(set.length, 1)
    assert.equal(set[0].origin, 'manual')
    assert.equal((await corrections())[0].kind, 'set')
  })

  step('takes values pasted from a spreadsheet, and says which rows do not do', async () => {
    await button('更正…').click()
    const panel = dialog('更正样本')
    await panel.getByRole('radio', { name: '录入数值' }).check()
    const taken = original[0].time
    const free = iso(Date.parse(taken) - 3_600_000)
    const paste = (text) =>
      panel.getByLabel('第 1 行的时间').evaluate((field, t) => {
        const data = new window.DataTransfer()
        data.setData('text/plain', t)
        field.dispatchEvent(
          new window.ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        )
      }, text)
    await paste(`时间\t读数\n${taken}\t5\n2026-02-30 08:00\t6\n${free}\t4.5\n`)
    await until(
      'three rows',
      async () => (await panel.getByRole('textbox', { name: /^第 \d+ 行的时间$/ }).count()) === 3,
    )
    await panel.getByLabel('原因').fill('停电期间抄表')
    await button('预览', panel).click()
    await panel.getByText('不是时间，请写成').waitFor()
    await panel.getByRole('button', { name: '删除第 2 行' }).click()
    await button('预览', panel).click()
    // Where something stands already the node says so, and it is said at that row.
    const fault = panel.getByRole('row').filter({ hasText: '处已有样本' })
    await fault.waitFor()
    assert.equal(await fault.getByRole('textbox').first().inputValue(), taken)
    await fault.getByRole('button').click()
    await button('预览', panel).click()
    await panel.getByText('将有 1 个样本得到新的修订').waitFor()
    await button('录入 1 个数值', panel).click()
    await panel.waitFor({ state: 'hidden' })
    const [entered] = await samples(Date.parse(free), Date.parse(free) + 1)
    assert.deepEqual([entered.value, entered.origin, entered.revision], [4.5, 'manual', 0])
  })

  step('says when something came since the look, and takes samples away after another', async () => {
    await page.goto(address({ a, b }))
    await settled()
    await button('更正…').click()
    const panel = dialog('更正样本')
    await panel.getByRole('radio', { name: '撤回' }).check()
    await panel.getByLabel('原因').fill('试运行，不计入')
    await button('预览', panel).click()
    const confirm = panel.getByRole('button', { name: /^(\S+ )?更正 \d+ 个样本$/ })
    await confirm.waitFor()
    const meanwhile = await main.context.request.post(`${node.url}/api/v1/series/${series.id}/corrections`, {
      headers: { 'Idempotency-Key': 'meanwhile' },
      data: { kind: 'status', from: iso(a), to: iso(a + 1), status: bad, reason: 'meanwhile' },
    })
    assert.equal(meanwhile.status(), 201)
    // The node looks at what is closed, which the newest commit is a moment later.
    const [{ at: made }] = await corrections()
    await until('closed', async () => Date.parse((await api('/watermark')).closed) > Date.parse(made))
    await confirm.click()
    await panel.getByText('在预览之后到达或被更改').first().waitFor()
    await button('重新预览', panel).click()
    await confirm.click()
    await panel.waitFor({ state: 'hidden' })
    assert.deepEqual(await samples(a, b + 1), [])
    await page.getByRole('button', { name: new RegExp(`^${escape(series.name.zh)} 在游标 B 处的历史$`) }).click()
    const box = dialog(/样本历史/)
    await box.getByRole('cell', { name: '撤回' }).first().waitFor()
    assert.deepEqual(await plain(page), [])
    await page.keyboard.press('Escape')
    await box.waitFor({ state: 'hidden' })
  })

  step('lets an operator enter only and a viewer look only, and says so', async () => {
    const asked = await main.context.request.post(`${node.url}/api/v1/people`, {
      headers: { 'Idempotency-Key': 'invite' },
      data: { org, name: '王芳', login: 'wang.fang', role: 'operator' },
    })
    assert.equal(asked.status(), 201)
    const person = await asked.json()
    const other = await open(browser, 'zh', faults)
    await other.page.goto(node.url + person.link)
    await other.page.getByRole('button', { name: '以后再设' }).click()
    await other.page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
    const refused = async () => {
      const answer = await other.context.request.post(`${node.url}/api/v1/series/${series.id}/corrections`, {
        headers: { 'Idempotency-Key': `refused-${Math.random()}` },
        data: { kind: 'status', from: iso(from), to: iso(to), status: bad, reason: '不该成功' },
      })
      assert.equal(answer.status(), 403)
    }
    await other.page.goto(address({ a, b }))
    await settled(other.page)
    assert.equal(await button('更正…', other.page).count(), 0)
    await button('录入数值…', other.page).click()
    const panel = dialog('录入数值', other.page)
    await panel.getByRole('textbox', { name: '第 1 行的值' }).fill('3')
    await panel.getByRole('textbox', { name: '第 1 行的时间' }).fill(iso(a - 7_200_000))
    assert.equal(await panel.getByRole('radio').count(), 0)
    await panel.getByLabel('原因').fill('停电抄表')
    await refused()
    // The role is taken away while the form is open.
    const role = await main.context.request.put(`${node.url}/api/v1/people/${person.id}/roles/${org}`, {
      data: { role: 'viewer' },
    })
    assert.ok(role.ok(), await role.text())
    await button('预览', panel).click()
    await panel.getByText('工程师和所有者可以更正；操作员只能录入数值').waitFor()
    await other.page.goto(address({ a, b }))
    await settled(other.page)
    await region('游标', other.page).getByRole('row').nth(1).waitFor()
    assert.equal(await button('更正…', other.page).count(), 0)
    assert.equal(await button('录入数值…', other.page).count(), 0)
    await refused()
    await other.page.goto(`${node.url}/o/${org}/corrections`)
    await region('更正记录', other.page).getByRole('row').nth(1).getByRole('button').first().click()
    await dialog('更正', other.page).getByText('试运行，不计入').waitFor()
    assert.equal(await button('撤销这项更正…', other.page).count(), 0)
    await other.context.close()
  })

  step('looks right in both languages, by day and by night, on a desk and in a hand', async () => {
    const rows = async (shown) => {
      await until('rows', async () => (await shown.locator('tbody tr').count()) === 6)
      await until('names', async () => (await shown.locator('tbody code').count()) === 0)
    }
    const values = async (shown, _, look) => {
      const english = look === 'en'
      const panel = dialog(english ? 'Correct samples' : '更正样本', shown)
      // By night it is open already.
      if (!(await panel.isVisible())) await shown.getByRole('button', { name: english ? 'Correct…' : '更正…' }).click()
      await panel.getByRole('radio', { name: english ? 'Set values' : '改数值' }).check()
      await until('samples', async () => (await panel.getByRole('textbox').count()) > 4)
    }
    const session = { cookies: state.cookies, origins: [] }
    await shots({ 'correction-list': `/o/${org}/corrections` }, session, { ready: rows })
    const between = new URL(address({ a: b + 1, b: b + 3_000 }))
    await shots({ correction: between.pathname + between.search }, session, { ready: values })
  })

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
