// Points of two machines on one axis of time: picked by keyboard, zoomed, measured with cursors, laid over an earlier
// time, handed on by link, and written into files whose rows are those of the API.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'
import { URLSearchParams } from 'node:url'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

story('the trend page', 'trend', ({ step, begin, signIn, api, button, choose, region, picture, shots, faults }) => {
  let node, browser, main, page, state, org, chosen, machines, measured

  before(async () => {
    ;({ node, browser, main, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const query = (of = page) => new URL(of.url()).searchParams
  const drawn = (of = page) =>
    until('a drawn line', () =>
      of.locator('.plot canvas').evaluate((c) => {
        const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height)
        const colours = new Set()
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3] > 200) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
        return colours.size > 20
      }),
    )
  const label = (s) => `${machines.find((m) => m.id === s.machine).name.zh} · ${s.name.zh}`
  const present = async () => Date.parse((await api('/node')).now)
  const samples = async (series, from, to) => {
    const items = []
    let cursor = ''
    do {
      const more = cursor && `&cursor=${encodeURIComponent(cursor)}`
      const at = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`
      const page = await api(`/series/${series}/samples?${at}&limit=10000${more}`)
      items.push(...page.items)
      cursor = page.next
    } while (cursor)
    return items
  }

  step('says what to do while nothing is chosen', async () => {
    const nodes = (await api(`/plant/nodes?org=${org}&kind=machine&limit=1000`)).items
    const series = (await api(`/series?org=${org}&limit=1000`)).items
    const flowing = async (s) => (await api(`/series/${s.id}/samples?mode=plot&pixels=10`)).items.length > 3
    // Two machines: two units of the one, one of the other.
    machines = []
    chosen = []
    await until(
      'series of two machines that move',
      async () => {
        machines = []
        chosen = []
        for (const machine of nodes) {
          const wanted = machines.length === 0 ? 2 : 1
          const units = new Set()
          const found = []
          for (const s of series.filter((x) => x.machine === machine.id && x.type === 'float64')) {
            if (found.length < wanted && !units.has(s.unit) && (await flowing(s))) {
              units.add(s.unit)
              found.push(s)
            }
          }
          if (found.length < wanted) continue
          machines.push(machine)
          chosen.push(...found)
          if (machines.length === 2) return true
        }
        return false
      },
      90_000,
    )
    await page.getByRole('link', { name: '趋势' }).click()
    await page.getByRole('heading', { level: 1, name: '趋势' }).waitFor()
    await page.getByText('还没有选择测点').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('takes points by searching, with the keyboard alone', async () => {
    const field = page.getByRole('combobox', { name: '搜索设备或测点' })
    for (const s of chosen) {
      const machine = machines.find((m) => m.id === s.machine)
      await field.fill(`${machine.name.zh} ${s.name.zh}`)
      const item = page.getByRole('treeitem', { name: new RegExp(`^${escape(s.name.zh)}`) }).first()
      await item.waitFor()
      await until('the search', async () => (await page.getByRole('treeitem').count()) < 12)
      // Down to the very point: its name may begin another's.
      for (let i = 0; i < 12; i++) {
        const at = await field.getAttribute('aria-activedescendant')
        if (at?.endsWith(s.id)) break
        await page.keyboard.press('ArrowDown')
      }
      assert.ok((await field.getAttribute('aria-activedescendant')).endsWith(s.id), s.name.zh)
      await page.keyboard.press('Enter')
      await until('the point in the address', () => query().get('s')?.includes(s.id))
    }
    assert.equal(query().get('s'), chosen.map((s) => s.id).join(','))
    await field.fill('')
    await drawn()
    // One axis for each unit.
    const units = new Set(chosen.map((s) => s.unit))
    await until('the axes', async () => (await page.locator('.axis-name').count()) === units.size)
    assert.deepEqual(await plain(page), [])
  })

  step('zooms by brush, pans by hand and by keyboard, and goes back and forward', async () => {
    await page.getByText('15 分', { exact: true }).click()
    await page.waitForURL(/last=15m/)
    const plot = page.locator('.plot')
    await plot.scrollIntoViewIfNeeded()
    const box = await plot.boundingBox()
    const y = box.y + 90
    const drag = async (from, to, at = y) => {
      await page.mouse.move(box.x + box.width * from, at)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * to, at, { steps: 6 })
      await page.mouse.up()
    }
    // What the demo has brought lies at the right edge.
    await drag(0.6, 0.93)
    await page.waitForURL(/from=\d+&to=\d+/)
    const zoomed = { from: Number(query().get('from')), to: Number(query().get('to')) }
    assert.ok(zoomed.to - zoomed.from < 15 * 60_000 * 0.5, JSON.stringify(zoomed))
    await button('上一个范围').click()
    await page.waitForURL(/last=15m/)
    await page.goForward()
    await page.waitForURL(/from=\d+&to=\d+/)
    await page.getByText('平移', { exact: true }).click()
    await drag(0.5, 0.6)
    await until('an earlier span', () => Number(query().get('from')) < zoomed.from)
    assert.equal(Number(query().get('to')) - Number(query().get('from')), zoomed.to - zoomed.from)
    await page.getByText('框选', { exact: true }).click()
    await plot.focus()
    const before = Number(query().get('from'))
    await page.keyboard.press('ArrowRight')
    await until('a later span', () => Number(query().get('from')) > before)
    const length = Number(query().get('to')) - Number(query().get('from'))
    await page.keyboard.press('+')
    await until('half the span', () => {
      const now = Number(query().get('to')) - Number(query().get('from'))
      return Math.abs(now - length / 2) <= 2
    })
    await page.keyboard.press('End')
    await page.waitForURL(/last=/)
  })

  step('tells at two cursors the very samples that are stored, and what lies between them', async () => {
    // The demo's data begin when it does: what is measured lies within.
    const first = await until('20 s of data', async () => {
      const begins = await Promise.all(
        chosen.map(async (s) => Date.parse((await samples(s.id, 1, await present()))[0].time)),
      )
      return (await present()) - Math.max(...begins) > 20_000 && Math.max(...begins)
    })
    const [from, to] = [first, first + 20_000]
    const address = new URLSearchParams({ s: chosen.map((s) => s.id).join(','), from, to })
    await page.goto(`${node.url}/o/${org}/trend?${address}`)
    await drawn()
    const plot = page.locator('.plot')
    const box = await plot.boundingBox()
    const y = box.y + 90
    await page.mouse.click(box.x + box.width * 0.6, y)
    await page.keyboard.down('Shift')
    await page.mouse.click(box.x + box.width * 0.9, y)
    await page.keyboard.up('Shift')
    await until('both cursors in the address', () => query().get('a') && query().get('b'))
    await plot.focus()
    const cursors = () => `${query().get('a')} ${query().get('b')}`
    const before = cursors()
    await page.keyboard.press('Shift+ArrowLeft')
    await until('a moved cursor', () => cursors() !== before)
    const [a, b] = [Number(query().get('a')), Number(query().get('b'))]
    assert.ok(a < b, `${a} ${b}`)
    const table = region('游标').getByRole('table')
    for (const s of chosen) {
      const cells = table
        .getByRole('row')
        .filter({ hasText: label(s) })
        .getByRole('cell')
      for (const [i, t] of [a, b].entries()) {
        const last = (await samples(s.id, t - 60_000, t + 1)).at(-1)
        const cell = cells.nth(i)
        assert.ok(last, `${s.name.zh} at ${t}`)
        await until(`the sample of ${s.name.zh}`, async () => {
          const title = await cell.locator('[title]').first().getAttribute('title')
          return title === String(last.value)
        })
        const text = await cell.textContent()
        assert.match(text, new RegExp(`${last.status.name}.*修订 ${last.revision}`), text)
      }
    }
    assert.match(await table.textContent(), /Δt \d/)
  })

  step('counts over the span what the node counts', async () => {
    const [from, to] = [Number(query().get('from')), Number(query().get('to'))]
    measured = [from, to]
    // A span that cuts a minute has no mean that is weighed by time.
    assert.equal(await region('范围统计').getByText('时间加权平均', { exact: true }).count(), 0)
    for (const s of chosen) {
      const iso = (ms) => new Date(ms).toISOString()
      const { items } = await api(`/series/${s.id}/aggregates?from=${iso(from)}&to=${iso(to)}&step=${to - from}ms`)
      const row = region('范围统计')
        .getByRole('row')
        .filter({ hasText: label(s) })
        .first()
      await until('the count', async () => {
        const text = await row.getByRole('cell').first().textContent()
        return Number(text.replace(/\D/g, '')) === items[0].count
      })
    }
  })

  step('lays an earlier time over it', async () => {
    await choose('对比', '对比其他时段…')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: '早多少' }).fill('nonsense')
    await dialog.getByRole('button', { name: /对 ?比/ }).click()
    await dialog.getByText('填写 1 到 9999 的整数').waitFor()
    await dialog.getByRole('textbox', { name: '早多少' }).fill('1')
    await choose('时间单位', '分钟', dialog)
    await until('minutes in the field', async () =>
      (await dialog.locator('.ant-select').textContent()).includes('分钟'),
    )
    await dialog.getByRole('button', { name: /对 ?比/ }).click()
    await page.waitForURL(/compare=1m/)
    await page.getByText('虚线：1m 前').waitFor()
    // A minute back there is nothing yet, and that is said; ten seconds back there is.
    const s = chosen[0]
    const missing = region('游标')
      .getByRole('row')
      .filter({ hasText: `${label(s)}（当时）` })
      .getByRole('cell')
    await until('no data then', async () => (await missing.first().textContent()) === '无数据')
    await page.goto(page.url().replace('compare=1m', 'compare=10s'))
    const then = region('游标')
      .getByRole('row')
      .filter({ hasText: `${label(s)}（当时）` })
      .getByRole('cell')
    const a = Number(query().get('a')) - 10_000
    const last = (await samples(s.id, a - 60_000, a + 1)).at(-1)
    await until('the value then', async () => {
      const title = await then.first().locator('[title]').first().getAttribute('title')
      return title === String(last.value)
    })
    assert.deepEqual(await plain(page), [])
  })

  step('moves a series to another axis, sets a range, draws lanes and hides', async () => {
    const second = chosen[1]
    const name = new RegExp(`^${escape(label(second))}的轴$`)
    await choose(name, '4 · 右')
    await until('the axis in the address', () => query().get('s').includes(`${second.id}~a4`))
    await page.locator('.axis-name').first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('上限').fill('10')
    await dialog.getByLabel('下限').fill('20')
    await dialog.getByRole('button', { name: /设 ?置/ }).click()
    await dialog.getByText('下限必须小于上限。').waitFor()
    await dialog.getByLabel('下限').fill('-10')
    await dialog.getByRole('button', { name: /设 ?置/ }).click()
    await page.waitForURL(/y1=-10\.\.10/)
    await page.locator('.axis-name').first().click()
    await button('随数值自动', dialog).click()
    await until('no range', () => !query().get('y1'))
    await button('分栏').click()
    await page.waitForURL(/lanes=1/)
    await button('分栏').click()
    await page.getByRole('button', { name: `显示${label(chosen[2])}` }).click()
    await until('hidden', () => query().get('s').includes(`${chosen[2].id}~h`))
    const then = region('范围统计').getByRole('row').filter({ hasText: '（当时）' })
    await until('two rows of then', async () => (await then.count()) === 2)
    await page.getByRole('button', { name: `显示${label(chosen[2])}` }).click()
  })

  step('is the same view for who opens the link', async () => {
    await main.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: node.url })
    await button('复制链接').click()
    await button('已复制').waitFor()
    const link = await page.evaluate(() => window.navigator.clipboard.readText())
    assert.equal(link, page.url())
    const other = await open(browser, 'zh', faults, state)
    await other.page.goto(link)
    await drawn(other.page)
    const seen = async (of) => ({
      url: of.url(),
      list: await region('趋势图', of).locator('.trends-list th[scope=row]').allTextContents(),
      cursors: await region('游标', of).getByRole('table').textContent(),
      axes: await of.locator('.axis-name').allTextContents(),
    })
    const mine = await seen(page)
    await until('the same view', async () => {
      const theirs = await seen(other.page)
      return JSON.stringify(theirs) === JSON.stringify(mine)
    }).catch(async () => assert.deepEqual(await seen(other.page), mine))
    await other.context.close()
  })

  step('shows what happened, and what is chosen of it', async () => {
    const list = region('范围内的事件')
    await list.getByRole('checkbox', { name: '数据缺失' }).click()
    await page.waitForURL(/without=data/)
    await list.getByRole('checkbox', { name: '数据缺失' }).click()
    await until('all kinds', () => !query().get('without'))
    await button('显示数值表').click()
    await until('24 parts', async () => (await region('数值表').locator('tbody tr').count()) === 24)
    assert.deepEqual(await plain(page), [])
    await button('收起').click()
  })

  const file = async (name) => {
    await button('导出').first().click()
    const dialog = page.getByRole('dialog')
    const radio = dialog.getByRole('radio', { name: new RegExp(`^${name}`) })
    // A dialog that is still opening moves away under the pointer.
    await until(name, async () => {
      if (await radio.isChecked()) return true
      await radio.click()
      return false
    })
    const [made] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: /^导 ?出$/ }).click(),
    ])
    const bytes = await readFile(await made.path())
    await dialog.getByText(/完成/).waitFor()
    await dialog
      .locator('.ant-modal-footer')
      .getByRole('button', { name: /关 ?闭/ })
      .click()
    await dialog.waitFor({ state: 'hidden' })
    return { name: made.suggestedFilename(), bytes }
  }

  step('writes every raw sample into a CSV, and the picture', async () => {
    const [from, to] = [Number(query().get('from')), Number(query().get('to'))]
    const raw = await file('原始样本 CSV')
    assert.match(raw.name, /\.csv$/)
    const rows = parse(raw.bytes.toString().replace(/^\ufeff/, ''))
    for (const [i, s] of chosen.entries()) {
      const want = (await samples(s.id, from, to)).map((x) => [x.time, Number(x.value)])
      assert.ok(want.length > 5, `${want.length} samples of ${s.name.zh}`)
      assert.deepEqual(columnsOf(rows, s, i), want, s.name.zh)
    }
    const plot = await file('图上的点 CSV')
    assert.match(plot.name, /-plot\.csv$/)
    assert.ok(parse(plot.bytes.toString()).length > 5)
    const png = await file('图片 PNG')
    assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG')
    assert.ok(png.bytes.length > 20_000, `${png.bytes.length} bytes`)
  })

  step('has the node write the same as a workbook and for programs', async () => {
    const xlsx = await file('原始样本 XLSX')
    assert.match(xlsx.name, /\.xlsx$/)
    assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK')
    const arrow = await file('原始样本 Arrow')
    assert.match(arrow.name, /\.arrow$/)
    // The mark with which each message of an Arrow stream begins.
    assert.equal(arrow.bytes.readUInt32LE(0), 0xffffffff)
    assert.ok(arrow.bytes.length > 1000, `${arrow.bytes.length} bytes`)
  })

  step('shows what was known at a time, says so, and goes back', async () => {
    const [from, to] = [Number(query().get('from')), Number(query().get('to'))]
    const s = chosen[0]
    const count = async (asOf) => {
      const iso = (ms) => new Date(ms).toISOString()
      const known = asOf ? `&asOf=${encodeURIComponent(asOf)}` : ''
      const at = `from=${iso(from)}&to=${iso(to)}&step=${to - from}ms${known}`
      return (await api(`/series/${s.id}/aggregates?${at}`)).items[0].count
    }
    const told = async () => {
      const row = region('范围统计')
        .getByRole('row')
        .filter({ hasText: label(s) })
        .first()
      return Number((await row.getByRole('cell').first().textContent()).replace(/\D/g, ''))
    }
    await button('当时所知').click()
    const middle = new Date(Math.round((from + to) / 2000) * 1000)
    const local = new Date(middle.getTime() + 8 * 3_600_000).toISOString().slice(0, 19)
    await page.locator('#trends-asof').fill(local)
    await page.waitForURL(/asOf=/)
    assert.equal(query().get('asOf'), middle.toISOString())
    await page.getByRole('status').filter({ hasText: '显示的是' }).waitFor()
    const then = await count(query().get('asOf'))
    assert.ok(then < (await count()), `${then} of ${await count()}`)
    await until('the count of then', async () => (await told()) === then)
    const handle = page.getByRole('slider', { name: '当时所知' })
    await handle.focus()
    await page.keyboard.press('ArrowRight')
    await until('a second later', () => Date.parse(query().get('asOf')) === middle.getTime() + 1000)
    assert.deepEqual(await plain(page), [])
    await drawn()
    await page.getByText('正在载入…').waitFor({ state: 'hidden' })
    await picture('trend-asof-zh')
    await button('回到现在所知').first().click()
    await until('no asOf', () => !query().get('asOf'))
    const now = await count()
    await until('the count of now', async () => (await told()) === now)
    // What is not closed yet nobody can answer for.
    await page.goto(`${page.url()}&asOf=${new Date(Date.now() + 3_600_000).toISOString()}`)
    await page.getByRole('alert').getByText('as-of-not-closed').first().waitFor()
    await page.getByText('节点无法按这个时刻回答').waitFor()
    await button('回到现在所知').first().click()
    await page.getByRole('alert').first().waitFor({ state: 'hidden' })
  })

  step('says in words what was refused, and takes a link that names what is not there', async () => {
    const gone = '00000000-0000-4000-8000-000000000000'
    await page.goto(`${node.url}/o/${org}/trend?s=${chosen[0].id},${gone}&last=15m&from=9&to=3`)
    await drawn()
    await region('趋势图').getByRole('row').filter({ hasText: gone }).waitFor()
    await region('趋势图')
      .getByRole('button', { name: `把${gone}移出趋势` })
      .click()
    await until('gone', () => !query().get('s').includes(gone))
  })

  step('weighs by time where the span is made of whole minutes', async () => {
    const s = chosen[0]
    const [from, to] = measured
    const minutes = { from: Math.floor(from / 60_000) * 60_000, to: Math.ceil(to / 60_000) * 60_000 }
    assert.ok(from % 60_000 !== 0 || to % 60_000 !== 0, 'a span that cuts a minute')
    const statistics = region('范围统计')
    // The minutes are over, so that what is told of them stays; most of the wait is in the steps before this one.
    await until('the end of the last minute', async () => (await present()) > minutes.to + 5_000, 90_000)
    await page.goto(`${node.url}/o/${org}/trend?${new URLSearchParams({ s: s.id, ...minutes })}`)
    const asked = `level=minute&from=${new Date(minutes.from).toISOString()}&to=${new Date(minutes.to).toISOString()}`
    const rows = (await api(`/series/${s.id}/rollups?${asked}`)).items
    const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
    const mean = sum('integral') / sum('coveredSeconds')
    await until('the mean of the roll-ups', async () => {
      const cells = await statistics.getByRole('row').nth(1).getByRole('cell').allTextContents()
      const heads = await statistics.getByRole('columnheader').allTextContents()
      // The first column is a heading of its row.
      const shown = Number(cells[heads.indexOf('时间加权平均') - 1]?.replace(/,/g, ''))
      return Math.abs(shown - mean) <= Math.abs(mean) * 1e-3 + 1e-9
    })
  })

  step('looks right in both languages, by day and by night, on a desk and in a hand', async () => {
    const now = await present()
    const address = new URLSearchParams({
      s: chosen.map((s) => s.id).join(','),
      from: now - 30_000,
      to: now,
      compare: '10s',
      a: now - 22_000,
      b: now - 8_000,
    })
    const session = { cookies: state.cookies, origins: [] }
    await shots({ trend: `/o/${org}/trend?${address}` }, session, { ready: drawn })
  })

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** parse reads a CSV into rows of cells (RFC 4180). */
function parse(text) {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1).map((m) => m[1]))
    .map((cells) => cells.map((c) => (c.startsWith('"') ? c.slice(1, -1).replaceAll('""', '"') : c)))
}

/** columnsOf is [time, value] of a series: side by side with the others as the console writes it, or by row as the node does. */
function columnsOf(rows, series, i) {
  const [head, ...body] = rows
  const column = head.indexOf('series')
  if (column < 0) return body.filter((r) => r[5 * i]).map((r) => [r[5 * i], Number(r[5 * i + 1])])
  const [time, value] = [head.indexOf('time'), head.indexOf('value')]
  return body.filter((r) => r[column] === series.id).map((r) => [r[time], Number(r[value])])
}
