// A region's home: targets against what is so, place by place, over time, with leagues, pictures and a report; a map is loaded with its
// review number and taken away; the tasks beside their targets; the wall, worked by keys, at 1080p and 4K; at last all of it by figures that
// are kept.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { before } from 'node:test'

import { light, plain, settled, until } from './browser.mjs'
import { story } from './story.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// GB 32100-2015: the seventeenth character checks the eight of the organisation before it (GB 11714), the last one all seventeen.
const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const checked = (division, organisation) => {
  const digit = (c) => parseInt(c, 36)
  const own = [...organisation].reduce((sum, c, i) => sum + digit(c) * [3, 7, 9, 10, 5, 8, 4, 2][i], 0)
  const code = `91${division}${organisation}${'0123456789X0'[(11 - (own % 11)) % 11]}`
  let sum = 0
  for (let i = 0, w = 1; i < 17; i++, w = (w * 3) % 31) sum += alphabet.indexOf(code[i]) * w
  return code + alphabet[(31 - (sum % 31)) % 31]
}

// Prefectures with how many of 20 machines each of their enterprises has networked, 2016 to 2018.
const places = {
  330100: [
    [10, 12, 16],
    [8, 9, 12],
    [6, 8, 11],
  ],
  330200: [
    [8, 10, 12],
    [6, 8, 10],
    [7, 9, 11],
  ],
  330400: [
    [4, 6, 9],
    [5, 6, 8],
    [6, 6, 7],
  ],
  330600: [
    [3, 4, 5],
    [2, 4, 6],
    [4, 4, 4],
  ],
  330700: [
    [2, 3, 4],
    [1, 2, 3],
  ],
  331000: [[], []],
}

story('region', 'region', ({ step, begin, signIn, api, region, button, item, picture, shots, shown, faults }) => {
  let node, main, page, state, home
  const hosted = []
  const at = (path) => `/o/${home}/${path}`
  const day = '2018-12-31'

  const post = async (path, data) => {
    const answer = await main.context.request.post(`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
    return answer.json()
  }

  const declare = (org, item, year, value) =>
    post('/facts', {
      org,
      kind: 'declaration',
      source: 'yearbook',
      externalId: `${item}-${year}`,
      content: { item, begins: `${year}-01-01`, ends: `${year}-12-31`, value: String(value) },
    })

  before(async () => {
    ;({ node, main, page } = await begin())
    ;({ state, org: home } = await signIn())
    let n = 0
    await Promise.all(
      Object.entries(places).flatMap(([code, firms]) =>
        firms.map(async (networked, i) => {
          const creditCode = checked(code, `MA0000${String(++n).padStart(2, '0')}`)
          const name = { zh: `示例${n}厂`, en: `Example Works ${n}` }
          const { id } = await post('/orgs', { kind: 'enterprise', name, creditCode })
          await post('/registers/enterprises/entries', {
            org: home,
            state: 'active',
            since: '2014-01-01',
            content: {
              creditCode,
              name: name.zh,
              org: id,
              industry: 'C34',
              region: i ? code : `${code.slice(0, 4)}0${i + 2}`,
              designated: true,
              tags: [{ tag: 'key', from: '2014-01-01', reason: '重点制造企业名单' }],
            },
          })
          for (const [j, value] of networked.entries()) {
            await declare(id, 'machines', 2016 + j, 20)
            await declare(id, 'machines-networked', 2016 + j, value)
          }
          if (code === '330100') hosted.push({ id, networked })
          if (i === 0) await declare(id, 'machines-controlled', 2018, 8)
        }),
      ),
    )
    await post('/registers/recognitions/entries', {
      org: home,
      state: 'valid',
      since: '2018-03-01',
      content: {
        number: '浙经信2018-1',
        object: '示例',
        holder: '示例1厂',
        holderCode: checked('330100', 'MA000001'),
        kind: 'service-manufacturing',
        awarded: '2018-03-01',
        by: '省经济和信息化委员会',
      },
    })
    await post(`/registers/tasks/adopt?org=${home}`)
  })

  step('opens with what has a value, and counts what has none', async () => {
    await page.goto(node.url + at(''))
    await button('更多').click()
    await item('区域总览')
    await page.getByRole('heading', { level: 1, name: '区域总览' }).waitFor()
    await page.goto(node.url + at(`region?region=330000&on=${day}`))
    const row = page.locator('tr[data-target="KPI-ZJ-12"]')
    await row.waitFor()
    const words = await row.textContent()
    // 14 of 16 enterprises have declared: 80, 60, 55, 60, 50, 55, 45, 40, 35, 25, 30, 20, 20 and 15 % are 590 in 14.
    for (const word of ['≥ 35 %', '42.1 %', '超出 7.1 %', '14/16 家', 'E0', '已达到'])
      assert.ok(words.includes(word), `${word} in ${words}`)
    await page.getByText(/个目标暂无数值/).waitFor()
  })

  step('colours the places, hatches what is not known, and is walked by keys', async () => {
    await page.locator('tr[data-target="KPI-ZJ-12"]').getByRole('button').click()
    const map = page.locator('svg[data-drawing=tiles]')
    await map.waitFor()
    assert.equal(await map.getByRole('option').count(), 11)
    const cell = (code) => map.locator(`[data-code="${code}"]`)
    assert.equal(await cell(330100).getAttribute('aria-label'), '杭州 65.0 %, 3/3 家')
    assert.match(await cell(330700).getAttribute('class'), /unknown/)
    assert.match(await cell(330700).getAttribute('aria-label'), /金华 .*2\/2 家/)
    assert.match(await cell(331000).getAttribute('aria-label'), /台州 .*0\/2 家/)
    assert.match(await cell(330300).getAttribute('class'), /nobody/)
    await cell(330500).focus()
    const here = () => page.evaluate(() => document.activeElement.getAttribute('data-code'))
    for (const [key, code] of [
      ['ArrowDown', '330100'],
      ['ArrowRight', '330600'],
      ['ArrowRight', '330200'],
      ['ArrowUp', '330400'],
      ['ArrowUp', '330400'],
    ]) {
      await page.keyboard.press(key)
      assert.equal(await here(), code, key)
    }
    await region('各地情况').getByText('以表格查看').click()
    await region('各地情况').getByRole('table').getByRole('row', { name: /绍兴/ }).waitFor()
  })

  step('ranks where enough is known; equal values share a rank', async () => {
    const league = (name) => region(name).getByRole('table').locator('tbody tr').allTextContents()
    const first = await league('各地排名')
    assert.deepEqual(
      first.map((r) => r.slice(0, 3)),
      ['1杭州', '2宁波', '3嘉兴', '4绍兴', '–金华', '–台州'],
    )
    const firms = await league('企业排名')
    assert.match(firms[0], /^1示例/)
    const ranks = firms.map((r) => /^(\d+|–)示/.exec(r)[1])
    assert.deepEqual(ranks.slice(0, 6), ['1', '2', '2', '4', '4', '6'])
    assert.deepEqual(ranks.slice(-2), ['–', '–'])
  })

  // The pages under axe-core (pages.test.mjs) have no map: nothing is known there.
  const barriers = async (of) => {
    await of.evaluate(axe)
    const found = await of.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'], preload: false }))
    return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`)
  }

  step('keeps nobody out, by day and by night', async () => {
    assert.deepEqual(await barriers(page), [])
    await light(page, false)
    assert.deepEqual(await barriers(page), [])
    await light(page, true)
  })

  step('draws the way from 2016 on', async () => {
    const chart = region('走势与预测').locator('.course svg')
    const words = await chart.textContent()
    for (const word of ['2016', '2017', '2018', '42.1 %', '35 %'])
      assert.ok(words.includes(word), `${word} in ${words}`)
  })

  step('saves slides, the workbook and the report', async () => {
    const saved = async (press) => {
      const [file] = await Promise.all([page.waitForEvent('download'), press()])
      return { name: file.suggestedFilename(), data: await readFile(await file.path()) }
    }
    await region('各地情况').getByRole('button', { name: '存为图片' }).click()
    const svg = await saved(() => item(/SVG/))
    const text = svg.data.toString()
    assert.equal(svg.name, 'KPI-ZJ-12-330000.svg')
    for (const word of ['width="1920" height="1080"', '杭州', '非地图', '机器联网率'])
      assert.ok(text.includes(word), word)
    assert.ok(!/class=|var\(/.test(text), 'a picture that needs a style sheet')
    await region('走势与预测').getByRole('button', { name: '存为图片' }).click()
    const png = await saved(() => item(/PNG/))
    assert.deepEqual([png.data.readUInt32BE(16), png.data.readUInt32BE(20)], [1920, 1080])
    await button('报告').click()
    const pdf = await saved(() => item(/PDF/))
    assert.equal(pdf.data.subarray(0, 5).toString(), '%PDF-')
    await button('报告').click()
    const sheet = await saved(() => item(/XLSX/))
    assert.equal(sheet.name, 'targets-330000.xlsx')
    assert.equal(sheet.data.subarray(0, 2).toString(), 'PK')
  })

  step('loads a map only with its review number, shows it, and takes it away', async () => {
    await region('各地情况').getByRole('button', { name: /地图/ }).click()
    const dialog = page.getByRole('dialog', { name: '浙江省的地图' })
    const square = (w, s) => [
      [
        [w, s],
        [w + 1, s],
        [w + 1, s + 1],
        [w, s + 1],
        [w, s],
      ],
    ]
    const file = (codes) => ({
      name: 'zhejiang.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(
        JSON.stringify({
          type: 'FeatureCollection',
          features: codes.map((code, i) => ({
            type: 'Feature',
            properties: { code },
            geometry: { type: 'Polygon', coordinates: square(119 + (i % 3), 28 + Math.floor(i / 3)) },
          })),
        }),
      ),
    })
    await dialog.getByLabel('地图文件').setInputFiles(file(['440100']))
    await dialog.getByLabel('审图号').fill('没有')
    await dialog.getByLabel('发布单位').fill('示例标准地图服务')
    const load = dialog.getByRole('button', { name: /^加 ?载$/ })
    await load.click()
    await dialog.getByText('没有 不是审图号', { exact: false }).first().waitFor()
    await dialog.getByLabel('审图号').fill('浙S（2023）45')
    await load.click()
    await dialog.getByText('不是 330000 的下一级行政区划代码', { exact: false }).first().waitFor()
    await dialog.getByLabel('地图文件').setInputFiles(file(Object.keys(places)))
    await load.click()
    const map = page.locator('svg[data-drawing=map]')
    await map.waitFor()
    assert.equal(await map.getByRole('option').count(), 6)
    await region('各地情况').getByText('审图号：浙S(2023)45号', { exact: false }).waitFor()
    await dialog.waitFor({ state: 'detached' })
    await region('各地情况').scrollIntoViewIfNeeded()
    await picture('region-map-zh')
    await region('各地情况').getByRole('button', { name: /地图/ }).click()
    await dialog.getByRole('button', { name: /移除/ }).click()
    await page.locator('svg[data-drawing=tiles]').waitFor()
  })

  step('tells of each task what its targets are at, and of a target its tasks', async () => {
    await page.goto(node.url + at('tasks?only=overdue'))
    // What is due has its figures beside it.
    const row = page.getByRole('row', { name: /TASK-GZ-04/ })
    // Figures are asked for where somebody looks.
    await row.scrollIntoViewIfNeeded()
    await row
      .locator('[data-target="KPI-GZ-07"]')
      .getByText(/未达到|暂无数值|逾期未达到/)
      .waitFor()
    await page
      .getByRole('row', { name: /TASK-GZ-09/ })
      .getByText('工业APP没有规定数量')
      .waitFor()
    await picture('tasks-effect-zh')
    await page.goto(node.url + at(`targets/KPI-ZJ-12?on=${day}`))
    const tasks = region('对应任务')
    await tasks.getByRole('link', { name: '工业互联网应用' }).click()
    await region('成效指标').locator('[data-target="KPI-ZJ-18"]').waitFor()
    assert.equal(await region('成效指标').locator('[data-target]').count(), 5)
  })

  step('is shown by day and by night, on a phone, in two languages', async () => {
    await shots({ region: at(`region?region=330000&on=${day}`) }, state, {
      ready: async (of) => {
        await of.locator('svg[data-drawing=tiles]').waitFor()
        await of.locator('.course svg').waitFor()
      },
    })
  })

  step('turns its pages on a wall, by keys alone', async () => {
    const wall = await shown('zh', state)
    await wall.setViewportSize({ width: 1920, height: 1080 })
    await wall.goto(`${node.url}/wall?org=${home}&region=330000&on=${day}`)
    await wall.locator('[data-leaf=list]').waitFor()
    await until(
      'all targets to be worked out',
      async () =>
        /共 29 个/.test(await wall.locator('footer').last().textContent()) &&
        !(await wall.getByText('正在计算').count()),
    )
    await settled(wall)
    await wall.keyboard.press('Space')
    await wall.getByText('已暂停').waitFor()
    assert.match(await wall.locator('footer').last().textContent(), /数值计算于 \d{4}-/)
    assert.equal(await wall.getByText('暂无数值').count(), 0, 'only what is known')
    await picture('wall-list-zh', wall)
    const to = async (name) => {
      for (let i = 0; i < 12 && !(await wall.getByRole('region', { name, exact: true }).count()); i++)
        await wall.keyboard.press('ArrowRight')
      await wall.getByRole('region', { name, exact: true }).locator('.course svg').waitFor()
      await settled(wall)
    }
    await to('重点制造企业机器联网率')
    await wall.getByText('方格示意，非地图', { exact: false }).waitFor()
    await picture('wall-one-zh', wall)
    const inside = () =>
      wall.evaluate(() => {
        const out = [
          ...document.querySelectorAll('.wall header, .wall footer, .wall .leaf, .wall .head > *, .wall figure'),
        ].filter((e) => {
          const r = e.getBoundingClientRect()
          return r.right > window.innerWidth + 1 || r.bottom > window.innerHeight + 1
        })
        return out.map((e) => e.className || e.tagName)
      })
    assert.deepEqual(await inside(), [])
    assert.deepEqual(await plain(wall), [])
    assert.deepEqual(await barriers(wall), [])
    await wall.setViewportSize({ width: 3840, height: 2160 })
    await wall.keyboard.press('l')
    await wall.getByText('Paused').waitFor()
    assert.deepEqual(await inside(), [])
    assert.equal(await wall.evaluate(() => getComputedStyle(document.querySelector('.wall')).fontSize), '40px')
    await picture('wall-one-en-4k', wall)
    await wall.keyboard.press('l')
    await wall.getByText('已暂停').waitFor()
    await wall.keyboard.press('Escape')
    await wall.waitForURL(/\/region\?/)
    await wall.keyboard.press('Tab')
    await wall.setViewportSize({ width: 1366, height: 768 })
    await light(wall, true)
  })

  step('takes kept figures once policies are adopted, place by place, with revision and what is missing', async () => {
    const before = new Date().toISOString()
    const last = new Date().getUTCFullYear() - 1
    await Promise.all(
      hosted.map(async ({ id, networked }) => {
        for (const [year, more] of [
          [last - 1, 0],
          [last, 2],
        ]) {
          await declare(id, 'machines', year, 20)
          await declare(id, 'machines-networked', year, networked.at(-1) + more)
        }
        const { id: agreement, version } = await post('/agreements/offer', {
          org: id,
          other: { org: home },
          kind: 'parent',
          figures: ['machine-networking'],
          detail: 'enterprise',
          drill: 'facts',
          onward: 'none',
          until: new Date(Date.now() + 86_400_000).toISOString(),
          purpose: 'statistics',
          words: '区域目标统计',
        })
        await post(`/agreements/${agreement}/accept`, { version, side: 'taker' })
      }),
    )
    const set = await main.context.request.put(`${node.url}/api/v1/figure-keepers/${home}`, {
      data: { basis: 0, scope: '330000', adopted: ['zj2017'], reason: '浙政发〔2017〕9号' },
    })
    assert.ok(set.ok(), await set.text())
    const target = async () =>
      (await api(`/figures/targets?org=${home}&past=4`)).items.find((x) => x.id === 'KPI-ZJ-12')
    const kept = await until('the figure to be kept', async () => {
      const x = await target()
      return x?.number && x.past.some((p) => p.number) ? x : undefined
    })
    // In Hangzhou 16, 12 and 11 of 20 in 2018, and two more of each last year: (90 + 70 + 65) / 3.
    assert.deepEqual([kept.number.value, kept.coverage.known, kept.coverage.of], ['75.0', 3, 16])
    assert.deepEqual(
      kept.divisions.map((d) => [d.code, d.number?.value ?? d.reason, d.known, d.of].join(' ')),
      [
        '330100 75.0 3 3',
        ...[
          '330200 no-data 0 3',
          '330400 no-data 0 3',
          '330600 no-data 0 3',
          '330700 no-data 0 2',
          '331000 no-data 0 2',
        ],
      ],
    )
    await page.goto(node.url + at('region'))
    const row = page.locator('tr[data-target="KPI-ZJ-12"]')
    await row.waitFor()
    const words = await row.textContent()
    for (const word of ['75.0 %', '3/16 家', '第 1 版']) assert.ok(words.includes(word), `${word} in ${words}`)
    await row.getByRole('button').click()
    const cell = page.locator('svg[data-drawing=tiles] [data-code="330100"]')
    assert.equal(await cell.getAttribute('aria-label'), '杭州 75.0 %, 3/3 家')
    const behind = region('数值与来源')
    await behind.getByText('各来源均已送达').waitFor()
    await behind.getByText(/13 家/).waitFor()
    assert.deepEqual(await barriers(page), [])
    // A window that has been open since before the policies were adopted learns of them when it is loaded anew.
    await (await shown('zh', state)).goto('about:blank')
    await shots({ 'region-kept': at('region') }, state, {
      ready: async (of) => {
        await of.locator('tr[data-target="KPI-ZJ-12"]').getByRole('button').click()
        await of.locator('svg[data-drawing=tiles]').waitFor()
      },
    })
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      button('报告')
        .click()
        .then(() => item(/PDF/)),
    ])
    assert.equal((await readFile(await file.path())).subarray(0, 5).toString(), '%PDF-')
    await page.goto(node.url + at(`region?asOf=${encodeURIComponent(before)}`))
    await page.getByText('那时还没有采用这一天有效的政策').waitFor()
    await page.getByText('当时所见，不含之后的修订', { exact: false }).waitFor()
    await page.goto(node.url + at('region'))
    await row.getByRole('link', { name: /怎样得出/ }).click()
    await page.waitForURL(/\/figures\/[0-9a-f-]{36}/)
    const wall = await shown('zh', state)
    await wall.setViewportSize({ width: 1920, height: 1080 })
    await wall.goto(`${node.url}/wall?org=${home}`)
    await wall.getByText(/数值留存，最近修订于/).waitFor()
    await wall.locator('[data-leaf=list]').waitFor()
    await wall.keyboard.press('Space')
    await until('the target’s own page', async () => {
      await wall.keyboard.press('ArrowRight')
      return wall.getByRole('region', { name: '重点制造企业机器联网率', exact: true }).count()
    })
    await wall.getByText('第 1 版').waitFor()
    assert.equal(await wall.locator('[data-code="330100"]').count(), 1)
    await picture('wall-kept-zh', wall)
  })

  step('went without a fault', () => assert.deepEqual(faults, []))
})
