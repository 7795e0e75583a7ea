// Support: a firm asks question by question what it can get and why, files, is awarded and paid by the officer's book; the policies stand
// open to everybody; the lab compares a draft with what is in force.
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { until } from './browser.mjs'
import { story } from './story.mjs'

const code = '91440101MA0TEXT12H'
const guangzhou = '003_585eee0367e423c7.txt'

story('support and ledger', 'support', ({ step, begin, signIn, api, button, region, shots, faults }) => {
  let node, main, page, state, home, firm, inquiry

  before(async () => {
    ;({ node, main, page } = await begin())
    ;({ state, org: home } = await signIn())
  })

  const call = async (method, path, data) => {
    const answer = await main.context.request[method](`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
    return answer.status() === 204 ? undefined : answer.json().catch(() => undefined)
  }

  step('a firm of the register and a dated document', async () => {
    const made = await call('post', '/orgs', {
      kind: 'enterprise',
      name: { zh: '示例注塑有限公司', en: 'Example Moulding' },
      creditCode: code,
    })
    firm = made.id
    await call('post', '/registers/enterprises/entries', {
      org: home,
      state: 'active',
      content: {
        creditCode: code,
        name: '示例注塑有限公司',
        org: firm,
        industry: '2929',
        region: '440106',
        employees: 80,
        revenue: 5000000000,
      },
    })
    await page.goto(`${node.url}/o/${home}/policies`)
    const panel = page.locator('section.panel').filter({ hasText: '广州市深化' })
    await panel.getByRole('button', { name: '录入公布日期' }).click()
    await page.getByRole('textbox', { name: '公布日期', exact: true }).fill('2018-03-22')
    await page.getByRole('textbox', { name: '出处（文号或公布页面）' }).fill('市政府公报')
    await button('确定', page.getByRole('dialog')).click()
    await panel.getByText('2018-03-22 公布').waitFor()
    const list = (await api('/public/policies')).items
    assert.equal(list.find((d) => d.file === guangzhou).published, '2018-03-22')
  })

  step('is asked question by question, and sees the amount at once', async () => {
    await page.goto(`${node.url}/o/${firm}/support`)
    await page.getByLabel('项目名称').fill('5G 全连接工厂内网改造')
    await button('开始查询').click()
    await page.getByRole('heading', { level: 1, name: '5G 全连接工厂内网改造' }).waitFor()
    inquiry = /support\/([^/?]+)/.exec(page.url())[1]
    await page.getByLabel('申报日').fill('2019-06-01')
    await page.getByText('按 2019-06-01 有效的政策计算').waitFor()
    await page.getByRole('heading', { level: 2, name: '您的项目属于哪一类？' }).waitFor()
    await page.getByRole('radio', { name: '企业内网改造' }).click()
    const question = region('下一个问题')
    const asked = () => question.getByRole('heading', { level: 2 }).textContent()
    const another = (than) => until('another question', async () => (await asked()) !== than)
    await another('您的项目属于哪一类？')
    const answers = {
      '项目一共投入多少钱？': async () => {
        await question.getByRole('textbox').fill('10000000')
        await button('确定', question).click()
      },
      '项目建成后有明显的应用效果和经济、社会效益吗？': () => button('是', question).click(),
    }
    for (let done = 0, i = 0; done < 2 && i < 12; i++) {
      const now = await asked()
      if (answers[now]) done++
      await (answers[now] ?? (() => button('先跳过', question).click()))()
      await another(now)
    }
    await region('合计').getByText('3,000,000 元').first().waitFor()
    await page.locator('summary').filter({ hasText: '企业内外网改造' }).first().click()
    await page.locator('details[open] blockquote').filter({ hasText: '30%' }).first().waitFor()
  })

  step('files it once, and not twice', async () => {
    const one = page.locator('details').filter({ hasText: '企业内外网改造' }).first()
    await button('按这一项申报', one).click()
    await page.getByText('已申报，可在“我的申报”里查看').waitFor()
    await button('按这一项申报', one).click()
    await page.getByText('不得多头申报').first().waitFor()
  })

  step('is awarded from a budget, and paid', async () => {
    await call('post', '/ledger/funds', {
      org: home,
      id: 'gz',
      name: { zh: '市工业互联网专项', en: 'City fund' },
      line: 'gz2018',
    })
    await call('post', '/ledger/budget', { org: home, fund: 'gz', year: 2019, amount: 500000000, why: '年度预算' })
    const [filing] = (await api(`/support/filings?org=${home}`)).items
    const award = await call('post', `/support/filings/${filing.id}/award`, {
      fund: 'gz',
      year: 2019,
      amount: 300000000,
      why: '专家评审通过',
    })
    await page.goto(`${node.url}/o/${home}/ledger`)
    await page.getByText('借贷平衡').waitFor()
    await button('支付', region('承诺')).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: /金额/ }).fill('1000000')
    await dialog.getByRole('textbox', { name: /支付编号/ }).fill('ZF-1')
    await button('确定', dialog).click()
    await until('the payment', async () => (await api(`/ledger/movements?org=${home}`)).items.length === 1)
    assert.equal((await api(`/ledger/commitments?org=${home}`)).items.find((c) => c.ref === award.ref).paid, 100000000)
  })

  step('looks as it should in every look', async () => {
    const pages = {
      support: `/o/${firm}/support/${inquiry}`,
      'support-projects': `/o/${firm}/support`,
      policies: '/public/policies',
      vouchers: `/o/${firm}/vouchers`,
      ledger: `/o/${home}/ledger`,
      'policy-lab': `/o/${home}/policy-lab`,
    }
    await shots(pages, state)
    assert.deepEqual(faults, [])
  })
})
