// Data health: a link that is pointed at nothing makes a gap; the page shows it with its cause, down to the point, and
// hands it on to the trend.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'
import { URLSearchParams } from 'node:url'

import { plain, until } from './browser.mjs'
import { story } from './story.mjs'

story('the data-health page', 'health', ({ step, begin, signIn, api, item, region, picture, shots, faults }) => {
  let node, main, page, state, org, machine, point

  before(async () => {
    ;({ node, main, page } = await begin())
    ;({ state, org } = await signIn())
  })

  step('counts what has come', async () => {
    // A machine that is read through a gateway, with a point that is read often.
    await until(
      'a machine whose points flow',
      async () => {
        const machines = (await api(`/plant/nodes?org=${org}&kind=machine&limit=1000`)).items
        const health = await api(
          `/health/plant?org=${org}&series=true&from=${new Date(Date.now() - 3_600_000).toISOString()}`,
        )
        for (const m of machines) {
          const s = health.series.find((x) => x.machine === m.id && x.maxSilence <= 15 && x.counts.good > 5)
          if (!s) continue
          const one = await main.context.request.get(`${node.url}/api/v1/plant/machines/${m.id}/connection`)
          const connection = await one.json()
          if (one.ok()) {
            machine = { ...m, link: connection.link, gateway: connection.gateway }
            point = s
            return true
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 1000))
        return false
      },
      60_000,
    )
    await page.goto(`${node.url}/o/${org}`)
    await page.getByRole('navigation').first().getByRole('button', { name: '更多' }).click()
    await item('数据健康')
    await page.getByRole('heading', { level: 1, name: '数据健康' }).waitFor()
    const parts = region('工厂各处')
    await parts.getByRole('button', { name: machine.name.zh, exact: true }).waitFor()
    assert.match(await region('合计').innerText(), /覆盖率 50.*实时 20.*质量 15.*及时 10.*时钟 5/s)
    assert.deepEqual(await plain(page), [])
  })

  step('shows the gap of a link that leads nowhere, with its cause', async () => {
    const links = (await api(`/gateways/${machine.gateway}`)).links
    const link = links.find((l) => l.id === machine.link)
    const broken = { ...link.config }
    for (const key of ['address', 'endpoint', 'url'])
      if (typeof broken[key] === 'string') broken[key] = broken[key].replace(/:\d+/, ':9')
    assert.notDeepEqual(broken, link.config)
    const change = await main.context.request.patch(`${node.url}/api/v1/links/${machine.link}`, {
      data: { config: broken },
      headers: { Origin: node.url },
    })
    assert.equal(change.status(), 200, await change.text())
    await until(
      'a gap with its cause',
      async () => {
        const from = new Date(Date.now() - 3_600_000 - Math.random() * 60_000).toISOString()
        const { gaps } = await api(`/health/series/${point.id}?from=${from}`)
        return gaps.some((g) => g.open && g.cause === 'link-down')
      },
      90_000,
    )
    await page.goto(`${node.url}/o/${org}/health?last=1h&order=worst`)
    const parts = region('工厂各处')
    const row = parts.getByRole('row').filter({ has: page.getByRole('button', { name: machine.name.zh, exact: true }) })
    await row.getByRole('button', { name: machine.name.zh, exact: true }).click()
    const series = region(`${machine.name.zh}的测点`)
    await series.getByRole('button', { name: point.name.zh, exact: true }).click()
    const gaps = region(`${point.name.zh}的缺口`)
    const gap = gaps.getByRole('listitem').filter({ hasText: '仍在持续' }).first()
    await gap.waitFor()
    assert.match(await gap.innerText(), /链路.*中断/)
    await gap.getByText(/^依据/).click()
    await gap
      .getByText(/BadNoCommunication/)
      .first()
      .waitFor()
    await page.evaluate(() => window.scrollTo(0, 0))
    await picture('health-zh')
    assert.deepEqual(await plain(page), [])
  })

  step('sorts by the worst, and opens and shuts the plant', async () => {
    const parts = region('工厂各处')
    const scores = async () => (await parts.locator('tbody .score').allInnerTexts()).map(Number)
    const worst = await scores()
    assert.deepEqual(
      worst,
      worst.toSorted((a, b) => a - b),
    )
    await parts.getByText('按工厂').click()
    await until('the places', async () => (await parts.locator('tr.is-place').count()) > 1)
    const rows = await parts.locator('tbody tr').count()
    await parts.getByRole('button', { name: /^收起/ }).first().click()
    await until('fewer rows', async () => (await parts.locator('tbody tr').count()) < rows)
    await parts.getByRole('button', { name: /^展开/ }).first().click()
    await until('all rows', async () => (await parts.locator('tbody tr').count()) === rows)
  })

  step('gives the lists as CSV', async () => {
    const [plantFile] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '下载 CSV' }).click(),
    ])
    const plantText = await readFile(await plantFile.path(), 'utf8')
    assert.match(plantText, /^\ufeff位置,设备,/)
    const plantRows = plantText.split('\r\n')
    assert.ok(plantRows.length > 100, `${plantRows.length} rows`)
    const gaps = region(`${point.name.zh}的缺口`)
    const [gapFile] = await Promise.all([
      page.waitForEvent('download'),
      gaps.getByRole('button', { name: 'CSV' }).click(),
    ])
    assert.match(await readFile(await gapFile.path(), 'utf8'), /link-down/)
  })

  step('hands the span of the gap on to the trend', async () => {
    const gaps = region(`${point.name.zh}的缺口`)
    await gaps.getByRole('link', { name: '查看趋势' }).first().click()
    await page.getByRole('heading', { level: 1, name: '趋势' }).waitFor()
    const query = new URLSearchParams(new URL(page.url()).search)
    assert.equal(query.get('s'), point.id)
    assert.ok(Number(query.get('to')) > Number(query.get('from')))
    await page.goBack()
    await region(`${point.name.zh}的缺口`).waitFor()
  })

  step('says so where nothing is missing and where nothing fits, in English, dark and on a phone', async () => {
    const address = new URL(page.url())
    const ready = (shown) => shown.locator('.gaplist > li').first().waitFor()
    const looks = ['en', 'zh-dark', 'zh-phone']
    await shots({ health: address.pathname + address.search }, state, { looks, ready })
    await page.goto(`${node.url}/o/${org}/health?from=1700000000000&to=1700003600000`)
    await page.getByText('还没有测点').waitFor()
    assert.deepEqual(faults, [])
  })
})
