// Figures that rise: three firms give to their city, the city gives totals to the province by an agreement that both accept in the
// console; the province opens its figure hop by hop down to a machine's last reading; a period is handed in, accepted and restated.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { after, before } from 'node:test'

import { open, patience, plain, until } from './browser.mjs'
import { startServe } from './node.mjs'
import { password, story } from './story.mjs'

const firms = [
  ['91440101MA0TEXT12H', '示例一厂', 'Example Works One'],
  ['914403001000000248', '示例二厂', 'Example Works Two'],
  ['913301000000000000', '示例三厂', 'Example Works Three'],
]

// GB 32100-2015: the last character checks the seventeen before it.
const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const checked = (code) => {
  let sum = 0
  for (let i = 0, w = 1; i < 17; i++, w = (w * 3) % 31) sum += alphabet.indexOf(code[i]) * w
  return code.slice(0, 17) + alphabet[(31 - (sum % 31)) % 31]
}

const year = 2025

story(
  'agreements and figures',
  'agreements',
  ({ step, begin, signIn, api, button, choose, region, picture, shots, faults }) => {
    let node, browser, main, page, state, home, city, agreement, figure, below
    const orgs = []

    const call = async (method, path, data, of = main.context, url = node.url) => {
      const answer = await of.request.fetch(`${url}/api/v1${path}`, { method, data, timeout: patience })
      assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
      const text = await answer.text()
      return text ? JSON.parse(text) : undefined
    }
    const post = (path, data, of, url) => call('POST', path, data, of, url)
    const declare = (org, item, value) =>
      post('/facts', {
        org,
        kind: 'declaration',
        source: 'yearbook',
        externalId: `${item}-${year}`,
        content: { item, begins: `${year}-01-01`, ends: `${year}-12-31`, value: String(value) },
      })
    const networking = (of) => `/figures?org=${of}&indicator=machine-networking&period=${year}&kind=year`

    before(async () => {
      ;({ node, browser, main, page } = await begin(startServe))
      ;({ state, org: home } = await signIn())
      city = (await post('/orgs', { kind: 'government', name: { zh: '示例市', en: 'Example City' } })).id
      for (const [i, [code, zh, en]] of firms.entries()) {
        const creditCode = checked(code)
        const { id } = await post('/orgs', { kind: 'enterprise', name: { zh, en }, creditCode })
        orgs.push(id)
        await post('/registers/enterprises/entries', {
          org: city,
          state: 'active',
          since: '2014-01-01',
          content: { creditCode, name: zh, org: id, industry: 'C34', region: '330100', designated: true },
        })
        const given = await post('/agreements/offer', {
          org: id,
          other: { org: city },
          kind: 'parent',
          figures: ['machine-networking', 'mes-use'],
          detail: 'enterprise',
          drill: 'readings',
          onward: 'readings',
          until: '2027-12-31T16:00:00Z',
          purpose: 'statistics',
          words: '市级统计监测',
        })
        await post(`/agreements/${given.id}/accept`, { side: 'taker', version: 1 })
        if (i === 0) continue // the first one's machine delivers
        await declare(id, 'machines', 20)
        await declare(id, 'machines-networked', 4 + 4 * i)
      }
      const from = `${year}-01-01T00:00:00Z`
      const site = await post('/plant/nodes', { org: orgs[0], kind: 'site', name: { zh: '一厂', en: 'Works' }, from })
      const source = await post('/sources', { org: orgs[0], name: { zh: '推送' }, kind: 'push', transport: 'http' })
      const { id, secret } = await post(`/sources/${source.id}/credentials`, { name: 'history' })
      const machine = await post('/plant/nodes', {
        org: orgs[0],
        kind: 'machine',
        parent: site.id,
        class: 'cnc-machine-tool',
        name: { zh: '一号铣床', en: 'Mill 1' },
        from,
      })
      await post(`/plant/machines/${machine.id}/points`, {
        key: 'load',
        name: { zh: '主轴负载', en: 'Spindle load' },
        type: 'float64',
        unit: '%',
        address: 'load',
        from,
      })
      await call('PUT', `/plant/machines/${machine.id}/feed`, { source: source.id, device: 'mill-1' })
      const sent = await fetch(`${node.url}/push/json`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${id}:${secret}`, 'Content-Type': 'application/json' },
        body: [...Array(365).keys()]
          .map((d) => ({ device: 'mill-1', time: new Date(Date.UTC(year, 0, 1 + d, 4)), values: { load: 62.5 } }))
          .map((x) => JSON.stringify(x))
          .join('\n'),
      })
      assert.ok(sent.ok, await sent.text())
      await call('PUT', `/figure-keepers/${city}`, { basis: 0, scope: '', adopted: [], reason: '市级统计' })
    })

    after(() => below?.stop())

    step('tells the first step where there is nothing yet', async () => {
      await page.goto(`${node.url}/o/${home}`)
      await button('更多').click()
      await page.getByRole('menuitem', { name: '数据协议' }).click()
      await page.getByRole('heading', { level: 1, name: '数据协议' }).waitFor()
      await page.getByText('还没有数据协议').waitFor()
      assert.deepEqual(await plain(page), [])
      await page.goto(`${node.url}/o/${home}/neighbours`)
      await page.getByText('还没有相邻节点').waitFor()
      assert.deepEqual(await plain(page), [])
      await page.goto(`${node.url}/o/${home}/figures`)
      await page.getByText('第一步：说明本机构统计哪个地区').waitFor()
      assert.deepEqual(await plain(page), [])
    })

    step('says what is counted, whose figures are then worked out', async () => {
      await page.getByRole('link', { name: '设定统计范围' }).click()
      const form = region('统计范围')
      await form.getByLabel('理由').fill('省级统计')
      await button('保存', form).click()
      await region('历次设定').getByText('第 1 版').waitFor()
      assert.deepEqual(await plain(page), [])
    })

    step('requests a city’s totals, in plain words', async () => {
      await page.goto(`${node.url}/o/${home}/agreements`)
      await button('请求指标').click()
      const dialog = page.getByRole('dialog')
      await choose('对方机构', '示例市', dialog)
      await dialog.getByRole('combobox', { name: '指标', exact: true }).click()
      await dialog.getByRole('combobox', { name: '指标', exact: true }).fill('机器联网率')
      await page.locator('.ant-select-dropdown:visible .ant-select-item-option').first().click()
      await dialog.getByRole('combobox', { name: '指标', exact: true }).press('Escape')
      await choose('可追查到', '设备读数', dialog)
      await dialog.getByLabel('用途说明').fill('全省统计监测')
      await region('提供的内容', dialog).getByText('可追查到设备的最后一次读数').waitFor()
      await picture('agreement-request-zh')
      await button('发出', dialog).click()
      await page.getByText('待提供方同意').waitFor()
    })

    step('the city accepts it, and sees what leaves the house', async () => {
      await page.goto(`${node.url}/o/${city}/agreements?side=giver`)
      await page.getByText('有 1 项协议等待本机构答复').waitFor()
      await page.getByRole('row').filter({ hasText: '待我方答复' }).getByRole('link').first().click()
      await region('提供的内容').getByText('可看到这些指标的汇总值').waitFor()
      await button('同意').click()
      await button('同意', page.getByRole('dialog')).click()
      await page.getByText('生效中').waitFor()
      agreement = /agreements\/([^/?]+)/.exec(page.url())[1]
      assert.deepEqual(await plain(page), [])
    })

    step('the board has the province’s figure, out of the city’s account', async () => {
      figure = await until('the figure of the province', async () =>
        (await api(networking(home))).items.find((f) => f.readings[0]?.number),
      )
      assert.equal(figure.readings[0].number.value, '66.7')
      await page.goto(`${node.url}/o/${home}/figures`)
      await page.getByRole('heading', { level: 1, name: '数值台账' }).waitFor()
      await page.locator('tr[data-indicator="machine-networking"]').getByText('66.7 %').waitFor()
      assert.deepEqual(await plain(page), [])
    })

    step('opens from the province down to the machine’s last reading in six clicks at most', async () => {
      let clicks = 0
      const click = async (of) => {
        clicks++
        await of.click()
      }
      await click(page.getByRole('link', { name: `机器联网率 ${year}`, exact: true }))
      const tree = page.getByRole('tree')
      const item = (words) => tree.getByRole('treeitem').filter({ hasText: words }).last().locator('> .exrow')
      await click(item('示例市'))
      await click(item('示例一厂'))
      await item('100 * 1 / 1').waitFor()
      await click(item('一号铣床'))
      await tree.getByText('62.5').waitFor()
      assert.ok(clicks <= 6, `${clicks} clicks`)
      const path = await page.getByRole('navigation', { name: '追查路径' }).textContent()
      for (const word of ['示例市', '示例一厂', '一号铣床']) assert.ok(path.includes(word), path)
      assert.deepEqual(await plain(page), [])
      await picture('figure-explained-zh')
    })

    step('hands out all that verifies it as one file', async () => {
      await button('核验').click()
      const dialog = page.getByRole('dialog')
      const coming = page.waitForEvent('download')
      await button('下载证据包', dialog).click()
      const pack = await coming
      assert.match(pack.suggestedFilename(), /^figure-.*\.jwf$/)
      assert.equal((await readFile(await pack.path())).subarray(0, 2).toString(), 'PK')
      assert.deepEqual(await plain(page), [])
      await picture('figure-verify-zh')
    })

    step('goes the same way by the keyboard', async () => {
      await page.goto(`${node.url}/o/${home}/figures/${figure.id}`)
      const root = page.getByRole('treeitem').first()
      await page.getByRole('tree').getByText('示例市').waitFor()
      await root.focus()
      const at = () => page.evaluate(() => document.activeElement?.querySelector('.exrow')?.textContent ?? '')
      const to = async (words) => {
        for (let i = 0; i < 20 && !(await at()).includes(words); i++) await page.keyboard.press('ArrowDown')
        assert.ok((await at()).includes(words), `${words}: ${await at()}`)
      }
      await to('示例市')
      await page.keyboard.press('ArrowRight')
      await page.getByRole('tree').getByText('示例二厂').waitFor()
      await to('示例二厂')
      await page.keyboard.press('Enter')
      await page.getByRole('tree').getByText('100 * 8 / 20').last().waitFor()
      await page.keyboard.press('ArrowLeft')
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-expanded')), 'false')
    })

    step('who was asked what is told to both sides', async () => {
      await page.goto(`${node.url}/o/${city}/agreements/${agreement}`)
      const log = region('追查记录')
      await log.getByText('怎样得出').first().waitFor()
      await log.getByText('最后读数').first().waitFor()
      assert.deepEqual(await plain(page), [])
    })

    step('a period is handed in, accepted, and marked when it is restated', async () => {
      await page.goto(`${node.url}/o/${city}/figures?tab=periods&kind=year`)
      await button(`报送 ${year}`).click()
      await button('报送', page.getByRole('dialog')).click()
      await region('本机构的报送').getByText('已报送').waitFor()
      await page.goto(`${node.url}/o/${home}/figures?tab=periods`)
      await button(`验收 示例市 ${year}`).click()
      await page.getByRole('dialog').getByLabel('说明').fill('与年报一致')
      await button('验收', page.getByRole('dialog')).click()
      await region('报送给本机构的').getByText('已验收').waitFor()
      assert.deepEqual(await plain(page), [])
      const before = (await api(networking(city))).items[0]
      const facts = (await api(`/facts?org=${orgs[1]}&kind=declaration&limit=100`)).items
      const said = facts.find((f) => f.content.item === 'machines-networked')
      await post(`/facts/${said.id}/revisions`, {
        basis: Number(said.revision),
        content: { ...said.content, value: '10' },
        reason: '漏报两台',
      })
      await until(
        'the restated figure',
        async () => (await api(networking(city))).items[0].revision !== before.revision,
      )
      await page.goto(`${node.url}/o/${city}/figures`)
      await page.locator('tr[data-indicator="machine-networking"]').getByText('报送后已修订').waitFor()
      await page.goto(`${node.url}/o/${city}/figures?asOf=${encodeURIComponent(before.at)}`)
      await page.getByText('当时所见，不含之后的修订').waitFor()
      await page.locator('tr[data-indicator="machine-networking"]').getByText('66.7 %').waitFor()
    })

    step('a value is entered with its document, and another person confirms it', async () => {
      await page.goto(`${node.url}/o/${home}/figures/${figure.id}`)
      await button('填报数值').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('数值', { exact: true }).fill('61.5')
      const file = { name: '统计年鉴.txt', mimeType: 'text/plain', buffer: Buffer.from('61.5 %') }
      await dialog.locator('input[type=file]').setInputFiles(file)
      await dialog.getByText('统计年鉴.txt').waitFor()
      await dialog.getByLabel('理由').fill('统计年鉴所载')
      await button('填报数值', dialog).click()
      const beside = region('并列的填报值')
      await beside.getByText('61.5 %').waitFor()
      assert.ok(await button(/^确认/, beside).isDisabled())
      const made = await post('/people', { org: home, login: 'second', name: '李复核', role: 'owner' })
      const other = await open(browser, 'zh', faults)
      await post('/session/link', { token: /token=(.+)$/.exec(made.link)[1] }, other.context)
      await call('PUT', '/me/password', { new: password }, other.context)
      await other.page.goto(`${node.url}/o/${home}/figures?tab=values`)
      await button(/^确认/, other.page).click()
      await button('确认', other.page.getByRole('dialog')).click()
      await region('人工填报', other.page).getByText('已确认', { exact: true }).waitFor()
      assert.deepEqual(await plain(other.page), [])
      await other.context.close()
    })

    step('a node is invited by a code that is shown once, and links itself', async () => {
      await page.goto(`${node.url}/o/${home}/neighbours`)
      await button('邀请节点').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('邀请谁的节点').fill('示例区')
      await button('生成邀请码', dialog).click()
      await dialog.getByText('只显示这一次').waitFor()
      const code = await dialog.getByLabel('邀请码').textContent()
      assert.deepEqual(await plain(page), [])
      below = await startServe()
      const other = await open(browser, 'zh', faults)
      await post('/session/link', { token: /token=(.+)$/.exec(below.link)[1] }, other.context, below.url)
      await call('PUT', '/me/password', { new: password }, other.context, below.url)
      const [org] = (await call('GET', '/orgs', undefined, other.context, below.url)).items
      await other.page.goto(`${below.url}/o/${org.id}/neighbours`)
      await button('用邀请码加入', other.page).click()
      const joining = other.page.getByRole('dialog')
      await joining.getByLabel('邀请码').fill(code)
      await button('用邀请码加入', joining).click()
      await region('相邻节点', other.page).getByText('本节点向其提供').waitFor()
      await other.context.close()
      await button('关闭', dialog).last().click()
      const row = region('相邻节点').getByRole('row').filter({ hasText: '向本节点提供' })
      await row.getByText('已连接').waitFor()
    })

    step('in both languages, by night and on a phone', async () => {
      await shots(
        {
          agreements: `/o/${city}/agreements`,
          agreement: `/o/${city}/agreements/${agreement}`,
          neighbours: `/o/${home}/neighbours`,
          figures: `/o/${city}/figures`,
          'figures-periods': `/o/${city}/figures?tab=periods`,
          'figures-values': `/o/${home}/figures?tab=values`,
          figure: `/o/${home}/figures/${figure.id}`,
        },
        state,
      )
      assert.deepEqual(faults, [])
    })

    step('ends at once, after it has said what happens', async () => {
      await page.goto(`${node.url}/o/${city}/agreements/${agreement}`)
      await button('终止').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('立即停止向').waitFor()
      await dialog.getByLabel('终止的理由').fill('改由区级报送')
      await button('终止', dialog).click()
      await page.getByText('改由区级报送').first().waitFor()
      assert.deepEqual(await plain(page), [])
    })
  },
)
