// Programmes: an officer opens a round of a call, a firm reads on its phone whether and why it may apply, and applies; the formal check,
// the draw, a blind review, the ranking with how near the cut line is, and the page that is open to everybody.
import { Buffer } from 'node:buffer'
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain } from './browser.mjs'
import { password, story } from './story.mjs'

const call = '企业级工业互联网平台示范项目'
const plan = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

story('programmes', 'programme', ({ step, begin, signIn, api, button, choose, region, picture, shots, faults }) => {
  let node, browser, main, page, state, home, firm, rival, institute, round, first
  let chen // the firm's phone
  const experts = []

  const post = async (path, data, of = main.context) => {
    const answer = await of.request.post(`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
    const text = await answer.text()
    return text ? JSON.parse(text) : undefined
  }
  /** invite makes a person and gives a window in which that person is signed in. */
  const invite = async (login, name, org, role, look) => {
    const made = await post('/people', { org, login, name, role })
    const window = await open(browser, look, faults)
    await window.page.goto(made.link.startsWith('http') ? made.link : node.url + made.link)
    await window.page.getByLabel('新密码').fill(password)
    await window.page.getByLabel('再输入一次').fill(password)
    await button('保存并进入', window.page).click()
    await window.page.waitForURL(/\/o\//)
    return { ...window, person: made.person?.id ?? made.id }
  }
  const heading = (name, of) => of.getByRole('heading', { level: 1, name }).waitFor()
  const dialog = (of) => of.getByRole('dialog')
  const take = async (id, action, content, documents, of = main.context) => {
    const { revision } = await api(`/cases/${id}`, of)
    return post(`/cases/${id}/steps`, { action, basis: revision, content, documents }, of)
  }
  const cookies = async (of) => ({ cookies: (await of.context.storageState()).cookies, origins: [] })

  before(async () => {
    ;({ node, browser, main, page } = await begin())
    ;({ state, org: home } = await signIn())
    const found = async (kind, zh, en, creditCode) => (await post('/orgs', { kind, name: { zh, en }, creditCode })).id
    firm = await found('enterprise', '示例注塑有限公司', 'Example Moulding', '91440101MA0TEXT12H')
    rival = await found('enterprise', '示例陶瓷有限公司', 'Example Ceramics', '914403001000000248')
    institute = await found('enterprise', '示例研究院', 'Example Institute')
    for (const [org, name, creditCode] of [
      [firm, '示例注塑有限公司', '91440101MA0TEXT12H'],
      [rival, '示例陶瓷有限公司', '914403001000000248'],
    ]) {
      await post('/registers/enterprises/entries', {
        org: home,
        state: 'active',
        content: { creditCode, name, org, industry: '2929', region: '430100', employees: 80, revenue: 5000000000 },
      })
    }
    chen = await invite('chen', '陈工', firm, 'operator', 'zh-phone')
  })

  step('an officer opens a round of a call', async () => {
    await page.goto(`${node.url}/o/${home}/rounds`)
    await heading('申报批次', page)
    await page.getByText('还没有发布过批次').waitFor()
    await button('发布批次').click()
    await choose('申报通知', call, dialog(page))
    await dialog(page).getByLabel('批次名称').fill('2026 年第一批')
    await dialog(page)
      .getByLabel('截止日期')
      .fill(`${new Date().getFullYear() + 1}-12-31`)
    await dialog(page).getByLabel(/^预算/).fill('500万')
    await dialog(page).getByText('请填写以元为单位的数字').waitFor()
    await dialog(page).getByLabel(/^预算/).fill('5000000')
    await button('发布批次', dialog(page)).click()
    await heading(`${call} · 2026 年第一批`, page)
    round = /rounds\/([^/?]+)/.exec(page.url())[1]
    assert.equal((await api(`/programme-rounds/${round}`)).budget, 500_000_000)
    assert.deepEqual(await plain(page), [])
  })

  step('a firm reads on its phone whether it may apply and why, and applies', async () => {
    const p = chen.page
    await p.goto(`${node.url}/o/${firm}/programmes`)
    const open = region('可以申报的通知', p)
    await open.getByText('可以申报', { exact: true }).waitFor()
    await open.getByText('制造业企业（国民经济行业 13 至 43）').waitFor()
    assert.deepEqual(await plain(p), [])
    await picture('programme-calls-zh-phone', p)
    await open.getByRole('link', { name: '开始申报' }).click()
    await heading(call, p)
    await p.getByLabel('项目名称').fill('注塑车间联网改造')
    await p.getByLabel('项目简介').fill('二十台注塑机联网，建设企业级平台')
    await p.getByLabel(/^项目总投资/).fill('10000000')
    await p.getByLabel('建设开始').fill('2027-01-01')
    await p.getByLabel('建设完成').fill('2027-12-31')
    await p.locator('[data-save=saved]').waitFor()
    await picture('programme-form-zh-phone', p)
    await button('提交', p).click()
    await p.waitForURL(/\/cases\//)
    await heading('注塑车间联网改造', p)
    first = /cases\/([^/?]+)/.exec(p.url())[1]
    await button('提交申报', p).click()
    const chooser = p.waitForEvent('filechooser')
    await p
      .getByRole('group', { name: /建设方案/ })
      .getByRole('button', { name: /^选择文件/ })
      .click()
    await (await chooser).setFiles({ name: '建设方案.pdf', mimeType: 'application/pdf', buffer: plan })
    await p.getByRole('button', { name: '建设方案.pdf', exact: true }).waitFor()
    await p.getByRole('radiogroup', { name: '真实性承诺' }).getByText('是', { exact: true }).click()
    await p.locator('[data-save=saved]').waitFor()
    await button('提交', p).click()
    await p.locator('.pagehead').getByText('形式审查').waitFor()
    await p.goto(`${node.url}/o/${firm}/programmes`)
    await region('我们的申报', p).getByRole('link', { name: '查看进度' }).click()
    await heading('注塑车间联网改造', p)
  })

  step('both pass the formal check: the table says so', async () => {
    const made = await main.context.request.put(`${node.url}/api/v1/people/${chen.person}/roles/${rival}`, {
      data: { role: 'operator' },
    })
    assert.ok(made.ok(), await made.text())
    const paper = await chen.context.request.post(
      `${node.url}/api/v1/facts/documents?org=${rival}&name=${encodeURIComponent('建设方案.pdf')}`,
      { data: plan, headers: { 'Content-Type': 'application/octet-stream' } },
    )
    assert.ok(paper.ok(), await paper.text())
    const other = await post(
      '/cases',
      {
        flow: 'call-hn-demonstration',
        org: home,
        subject: rival,
        content: {
          project: '陶瓷窑炉改造',
          summary: '窑炉联网',
          investment: 4_000_000_000,
          begins: '2027-01-01',
          ends: '2027-12-31',
        },
      },
      chen.context,
    )
    const documents = [{ kind: 'plan', id: (await paper.json()).id }]
    await take(other.id, 'submit', { truthful: true }, documents, chen.context)
    for (const id of [first, other.id]) {
      await take(id, 'check', { checkSubject: true, checkPapers: true, checkCredit: true, checkOnce: true })
    }
    await page.goto(`${node.url}/o/${home}/rounds/${round}`)
    const row = region('申报与形式审查').getByRole('row', { name: /注塑车间联网改造/ })
    await row.getByText('专家评审', { exact: true }).waitFor()
    await row.getByText('符合', { exact: true }).waitFor()
    assert.equal(await row.getByText('是', { exact: true }).count(), 4)
    assert.deepEqual(await plain(page), [])
  })

  step('experts are drawn by the published rule, with the record of the draw', async () => {
    for (const [i, [name, field]] of [
      ['周教授', '工业互联网'],
      ['吴高工', '节能'],
      ['郑会计师', '财务'],
    ].entries()) {
      const login = `expert${i}`
      await post('/registers/experts/entries', {
        org: home,
        state: 'active',
        content: { code: `E${i}`, name, employer: `单位${i}`, account: login, fieldsOfWork: [{ field }] },
      })
      experts.push(await invite(login, name, institute, 'viewer', 'zh'))
    }
    await button('提前截止').click()
    await dialog(page).getByLabel('理由').fill('申报已全部收齐')
    await button('提前截止', dialog(page)).click()
    await button('抽取专家').click()
    await button('抽取专家', dialog(page)).click()
    const record = region('抽取记录')
    await record.getByText('2 件申报，3 位在库专家，0 项回避，抽出 6 人次').waitFor()
    const { seed } = await api(`/programme-rounds/${round}`)
    assert.match(seed, /^[0-9a-f]{64}$/)
    await record.getByText(seed).waitFor()
  })

  step('an expert judges without knowing who applies', async () => {
    const p = experts[0].page
    await p.goto(`${node.url}/o/${institute}/reviews`)
    await p.getByRole('link', { name: '注塑车间联网改造' }).click()
    await heading('注塑车间联网改造', p)
    await p.getByText('匿名评审：不显示申报单位').waitFor()
    assert.doesNotMatch(await p.locator('main').innerText(), /示例注塑/)
    for (const name of ['必要性与目标', '技术方案', '预期成效', '示范与推广']) await p.getByLabel(name).fill('8')
    await p.getByLabel('评审意见').fill('目标明确，方案可行')
    await p.getByText('加权总分 80.00').waitFor()
    await p.getByText(/已自动保存/).waitFor()
    assert.deepEqual(await plain(p), [])
    await shots(
      {
        'programme-review': new URL(p.url()).pathname,
        'programme-reviews': `/o/${institute}/reviews`,
      },
      await cookies(experts[0]),
    )
    await button('提交评分', p).click()
    await button('提交评分', dialog(p)).click()
    await p.locator('.pagehead').getByText('已评分').waitFor()
    for (const { context } of experts) {
      for (const r of (await api('/programme-reviews', context)).items.filter((x) => x.state === 'drawn')) {
        const given = r.title === '陶瓷窑炉改造' ? 6 : 8
        await post(
          `/programme-reviews/${r.id}/scores`,
          {
            basis: r.revision,
            points: Object.fromEntries(r.criteria.map((c) => [c.id, given])),
            opinion: '可行',
            submit: true,
          },
          context,
        )
      }
    }
  })

  step('the ranking says how near the cut line is; it is fixed and made public', async () => {
    await page.reload()
    const preview = region('评审排序（未定）')
    await preview.getByText('陶瓷窑炉改造：减 1 分').first().waitFor()
    await button('确定排序').click()
    await button('确定排序', dialog(page)).click()
    await region('评审排序')
      .getByRole('row', { name: /1 注塑车间联网改造/ })
      .waitFor()
    await button('拟立项并公示').click()
    await button('拟立项并公示', dialog(page)).click()
    await page.getByRole('link', { name: '打开公示页面' }).waitFor()
  })

  step('everybody sees what is made public, and until when one may object', async () => {
    const anyone = await open(browser, 'zh-phone', faults)
    await anyone.page.goto(`${node.url}/public/programmes/${round}`)
    await heading(`${call} 2026 年第一批 公示`, anyone.page)
    const row = anyone.page.getByRole('row', { name: /示例注塑有限公司/ })
    await row.getByText(/异议截止/).waitFor()
    await row.getByText(/1,\d{3},\d{3}/).waitFor()
    await anyone.context.close()
  })

  step('looks as it should in every look', async () => {
    await shots(
      {
        'programme-public': `/public/programmes/${round}`,
        'programme-round': `/o/${home}/rounds/${round}`,
        'programme-rounds': `/o/${home}/rounds`,
      },
      state,
    )
    await shots(
      { programme: `/o/${firm}/programmes`, 'programme-project': `/o/${firm}/projects/${first}` },
      await cookies(chen),
    )
    assert.deepEqual(faults, [])
  })
})
