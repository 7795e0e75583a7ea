// Needs and supply: a provider files what it offers, an officer publishes it, a firm files a need from a gap of its check-up, reads why
// things fit, gets in contact, and both come to a contract, a result and a rating. Everything in the browser but the founding of the
// two organisations.
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

story('needs and supply', 'needs', ({ step, begin, signIn, api, button, choose, picture, shots, faults }) => {
  let node, browser, page, main, state, home, firm, provider, need, contact

  before(async () => {
    ;({ node, browser, page, main } = await begin())
    ;({ state, org: home } = await signIn())
  })

  const send = async (method, path, data) => {
    const answer = await main.context.request.fetch(`${node.url}/api/v1${path}`, {
      method,
      data,
      headers: { Origin: node.url },
    })
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`)
    return answer.status() === 204 ? undefined : answer.json()
  }
  const go = (org, path, of = page) => of.goto(`${node.url}/o/${org}/${path}`)
  const heading = (name, of = page) => of.getByRole('heading', { level: 1, name }).waitFor()
  const dialog = () => page.getByRole('dialog')

  step('two organisations are founded', async () => {
    const found = async (zh, en) => (await send('POST', '/orgs', { kind: 'enterprise', name: { zh, en } })).id
    firm = await found('示例塑料厂', 'Example Plastics')
    provider = await found('示例网关公司', 'Example Gateways')
  })

  step('a provider asks for the pool and files a solution; an officer admits and publishes', async () => {
    await page.reload()
    await send('POST', `/registers/providers/entries`, {
      org: home,
      content: { code: '914403001000000248', name: '示例网关公司', kind: 'software', provider },
    })
    await go(provider, 'supply')
    await heading('我的供给')
    await page.getByText('暂时没有合适的需求').waitFor()
    await button(/填报供给/).click()
    await dialog().getByLabel('名称').fill('注塑机设备联网网关')
    await dialog().getByLabel('简介').fill('给老旧注塑机加装网关，自动采集产量与停机，Modbus 与 OPC UA 都支持。')
    await dialog().getByLabel('解决哪些需求').fill('设备联网')
    await page.locator('.ant-select-dropdown:visible .ant-select-item-option-active').getByText('设备联网').waitFor()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await dialog().getByLabel('起步价（元）').fill('5万')
    await button('保存', dialog()).click()
    await page.getByText('待审 · 未公开').waitFor()
    await go(home, 'matching')
    await heading('供需对接台')
    await page.getByRole('row', { name: /解决方案 1 1 打开/ }).waitFor()
    const pool = (await api(`/registers/providers/entries?org=${home}`)).items[0]
    await send('POST', `/register-entries/${pool.id}/transitions`, {
      transition: 'admit',
      basis: 1,
      reason: '资料齐全',
    })
    await page.getByRole('link', { name: '打开 解决方案' }).click()
    await page.getByRole('link', { name: /注塑机设备联网网关/ }).click()
    await button('发布').click()
    await button('发布', dialog()).click()
    await page.getByText('已发布').first().waitFor()
  })

  step('a firm files a need from a gap of its check-up, on a phone, and reads why things fit', async () => {
    const phone = await open(browser, 'zh-phone', faults, state)
    const p = phone.page
    await go(firm, 'needs?file=equipment-networking&origin=checkup:1:2.1', p)
    await heading('我的需求', p)
    await p.getByText('来自体检').waitFor()
    await p.getByLabel('一句话说明').fill('20 台注塑机联网')
    await p.getByLabel('详细情况').fill('老旧注塑机，想自动采集产量')
    await p.getByText('已自动保存草稿').waitFor()
    await p.reload()
    await until('the draft is there', async () => (await p.getByLabel('一句话说明').inputValue()) === '20 台注塑机联网')
    await p.getByLabel('预算下限（元）').fill('9万')
    await p.getByLabel('预算上限（元）').fill('4万')
    await button('发布并匹配', p).click()
    await p
      .getByText(/预算下限.*高于上限/)
      .first()
      .waitFor()
    await p.getByLabel('预算下限（元）').fill('')
    await picture('needs-new-zh-phone', p)
    await button('发布并匹配', p).click()
    await heading('20 台注塑机联网', p)
    await p.getByText('覆盖需求“设备联网”').first().waitFor()
    await p
      .getByText(/超出预算1万元（25%）/)
      .first()
      .waitFor()
    await p.getByText('服务商尚无评价').first().waitFor({ state: 'attached' })
    need = /needs\/([^/?]+)/.exec(p.url())[1]
    assert.deepEqual(await plain(p), [])
    await picture('needs-matches-zh-phone', p)
    await button('联系', p).click()
    await p.getByRole('dialog').getByLabel('想说的话').fill('想了解方案，方便来厂里看看吗')
    await button('发送', p.getByRole('dialog')).click()
    await heading('与 示例网关公司 的联系', p)
    contact = /contacts\/([^/?]+)/.exec(p.url())[1]
    await phone.context.close()
  })

  step('both come to a contract, a result and a rating', async () => {
    const next = () => page.getByRole('region', { name: '下一步' })
    const press = async (name) => {
      await next().getByRole('group').getByRole('button', { name }).click()
    }
    const done = async (name) => {
      await next().locator('button[type=submit]').click()
      await page.locator('.pagehead').getByText(name).waitFor()
    }
    await go(provider, `needs/contacts/${contact}`)
    await press(/接\s?受/)
    await done('沟通中')
    await press(/报\s?价/)
    await next().getByLabel('金额（元）').fill('38000')
    await done('已报价')
    await go(firm, `needs/contacts/${contact}`)
    await press('登记合同')
    await next().getByLabel('合同编号').fill('HT-2026-1')
    await next().getByLabel('签订日期').fill('2026-01-05')
    await next().getByLabel('约定交付日期').fill('2026-03-01')
    await next().getByLabel('金额（元）').fill('38000')
    await done('合同待确认')
    await go(provider, `needs/contacts/${contact}`)
    await press('确认合同')
    await done('已签约')
    await go(firm, `needs/contacts/${contact}`)
    await press('确认成效')
    await next().getByLabel('实际交付日期').fill('2026-02-20')
    await next().getByLabel('每年节省（元）').fill('12万')
    await next().getByLabel('取得的成效').fill('产量自动采集，少抄表 2 人')
    await done('已见效')
    await button('评价服务商').click()
    await page.getByText('已评价').waitFor()
    const rated = await api(`/matching/providers/${provider}/rating`)
    assert.equal(rated.known, true)
    assert.equal(rated.contracts, 1)
    const funnel = await api('/matching/funnel')
    assert.equal(funnel.contracts, 1)
    assert.equal(funnel.amount, '3800000')
    assert.equal((await api(`/facts?org=${firm}&kind=contract`)).items.length, 1)
  })

  step('an officer announces an event; both sign up; the table is made', async () => {
    await send('POST', '/matching/needs', {
      org: firm,
      kind: 'equipment-networking',
      title: '冲床联网',
      visibility: 'public',
    })
    await go(home, 'needs/events')
    await button(/发布活动/).click()
    await dialog().getByLabel('活动名称').fill('注塑行业供需对接会')
    await dialog().getByLabel('日期').fill('2099-01-05')
    await button('发布活动', dialog()).click()
    await heading('注塑行业供需对接会')
    await page.getByRole('row', { name: /冲床联网/ }).waitFor()
    const event = /events\/([^/?]+)/.exec(page.url())[1]
    for (const [org, title] of [
      [firm, '冲床联网'],
      [provider, '注塑机设备联网网关'],
    ]) {
      await go(org, `needs/events/${event}`)
      await choose('带上哪一项', title)
      await button('报名').click()
      await page.getByText('已报名').waitFor()
    }
    await go(home, `needs/events/${event}`)
    await button('排桌').click()
    await page
      .getByRole('region', { name: '排桌表' })
      .getByRole('row', { name: /示例塑料厂/ })
      .waitFor()
    await picture('needs-event-zh')
  })

  step('anybody sees the show-window, without signing in', async () => {
    const other = await open(browser, 'zh', faults)
    await other.page.goto(`${node.url}/public/supply?kind=equipment-networking`)
    await heading('供给展示窗', other.page)
    await other.page.getByRole('heading', { name: '注塑机设备联网网关' }).waitFor()
    assert.deepEqual(await plain(other.page), [])
    await picture('needs-window-zh', other.page)
    await other.context.close()
  })

  step('its pages in every look', async () => {
    await shots(
      {
        'needs-need': `/o/${firm}/needs/${need}`,
        'needs-contact': `/o/${firm}/needs/contacts/${contact}`,
        'needs-supply': `/o/${provider}/supply`,
        'needs-desk': `/o/${home}/matching`,
        'needs-list': `/o/${firm}/needs`,
      },
      state,
    )
    assert.deepEqual(faults, [])
  })
})
