// The check-up on a phone: begun, answered one question to a screen with what the plant measures beside it, kept when the line breaks and
// when the page is killed, told when two devices meet; submitted, read, and followed to a prescription and an expert.
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain, settled, until } from './browser.mjs'
import { story } from './story.mjs'

const code = '91440101MA0TEXT12H'

story('check-up', 'checkup', ({ step, begin, signIn, api, button, region, picture, shots, faults }) => {
  let node, browser, main, page, state, org, phone, id, form

  before(async () => {
    ;({ node, browser, main, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const go = (path, of = phone.page) => of.goto(`${node.url}/o/${org}/${path}`)
  const saved = (of = phone.page) => of.locator('[data-save=saved]').waitFor()
  const send = async (method, path, data) => {
    const answer = await main.context.request[method](`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
    return answer.json()
  }
  const next = async () => button('下一题', phone.page).click()
  const asked = (n, of = phone.page) => of.getByText(`第 ${n} / 31 题`).waitFor()
  const answers = async () => (await api(`/checkups/${id}`)).answers

  step('begins on a phone with what is needed said first', async () => {
    phone = await open(browser, 'zh-phone', faults, state)
    await go('checkup')
    const card = phone.page.locator('[data-instrument=sme2024]')
    await card.getByText(/31 道题，约 \d+ 分钟/).waitFor()
    assert.deepEqual(await plain(phone.page), [])
    await picture('checkup-start-zh-phone', phone.page)
    await button('开始', card).click()
    await phone.page.waitForURL(/\/checkup\/[0-9a-f-]{36}/)
    id = /\/checkup\/([0-9a-f-]{36})/.exec(phone.page.url())[1]
    await asked(1)
    form = (await api(`/checkups/${id}`)).form
    assert.equal(form.questions.length, 31)
  })

  step('takes an answer with one touch and saves it by itself', async () => {
    await phone.page.getByLabel('企业车间建成工控网络，支持自动化控制应用').click()
    await saved()
    await until('it is there', async () => (await answers()).some((a) => a.question === 'network'))
    assert.equal((await answers())[0].answer.choices[0].grade, 'E0')
    await next()
    await asked(2)
  })

  step('shows the networked rate as measured, with the machines that it rests on', async () => {
    await next()
    await asked(3)
    // Demo: seven mills and two turbines produce; meters and climate sensors do not count.
    await until('nine of nine are networked', async () => {
      await phone.page.reload()
      await asked(3)
      await settled(phone.page)
      return (await phone.page.getByText(/平台实测 9 \/ 9 = 100 %/).count()) > 0
    })
    await phone.page.getByText('依据：9 项设备或测点').click()
    await phone.page.getByRole('link', { name: '数控铣床 1 号' }).waitFor()
    assert.deepEqual(await plain(phone.page), [])
    await picture('checkup-question-zh-phone', phone.page)
    await phone.page.getByRole('link', { name: '数控铣床 1 号' }).click()
    await phone.page.waitForURL(/\/m\//)
    await phone.page.goBack()
    await asked(3)
    // What is declared stays beside it.
    await phone.page.getByLabel('或直接填百分比').fill('35')
    await saved()
    await until('saved', async () =>
      (await answers()).some((a) => a.question === 'network-rate' && a.answer.number === '35'),
    )
  })

  step('loses nothing when the line breaks and the page is killed', async () => {
    await next()
    await asked(4)
    await phone.context.setOffline(true)
    await phone.page.getByLabel('质量管理', { exact: true }).click()
    await phone.page.locator('[data-save=offline], [data-save=saving]').waitFor()
    await phone.page.waitForTimeout(300)
    await phone.page.close()
    await phone.context.setOffline(false)
    phone.page = await phone.context.newPage()
    await go(`checkup/${id}?q=collection-links`)
    await until('the node has it', async () =>
      (await answers()).some((a) => a.question === 'collection-links' && a.answer.choices[0].option === 'quality'),
    )
    await saved()
  })

  step('tells when two devices change one question, and a person chooses', async () => {
    await go(`checkup/${id}?q=systems-cover`)
    await asked(5)
    await saved()
    await phone.page.getByLabel('单个业务环节').waitFor()
    // The desk answers while the phone shows nothing yet.
    await send('put', `/checkups/${id}/answers/systems-cover`, { basis: 0, answer: { choice: 'one' } })
    await phone.page.getByLabel('全覆盖').click()
    await phone.page.getByText('另一台设备也改了这一题').waitFor()
    await picture('checkup-conflict-zh-phone', phone.page)
    await button('用本机的', phone.page).click()
    await saved()
    await until('mine', async () =>
      (await answers()).some((a) => a.question === 'systems-cover' && a.answer.choice === 'all' && a.revision === 2),
    )
  })

  step('walks on, looks over and submits', async () => {
    const said = new Set((await answers()).map((a) => a.question))
    const open = form.questions.filter((q) => !said.has(q.id))
    // One of each kind by hand, and one that is not known; the others as another device answers them.
    const byHand = new Set([...new Set(open.map((q) => q.kind))].map((k) => open.find((q) => q.kind === k)))
    const unknown = open.find((q) => !byHand.has(q))
    for (const q of open.filter((o) => !byHand.has(o) && o !== unknown)) {
      const choice = (q.choices[1] ?? q.choices[0])?.id
      const answer =
        q.kind === 'percentage' || q.kind === 'number'
          ? { number: '15' }
          : q.kind === 'multi'
            ? { choices: [choice] }
            : { choice }
      await send('put', `/checkups/${id}/answers/${q.id}`, { basis: 0, answer })
    }
    for (const q of [...byHand, unknown]) {
      await go(`checkup/${id}?q=${q.id}`)
      if (q === unknown) await phone.page.getByLabel('不清楚').click()
      else if (q.kind === 'percentage') await phone.page.getByLabel('或直接填百分比').fill('15')
      else if (q.kind === 'number') await phone.page.locator('.choices input').first().fill('15')
      else await phone.page.locator('.choices input[type=radio], .choices input[type=checkbox]').nth(1).click()
      await until(`${q.id} is there`, async () => (await answers()).some((a) => a.question === q.id))
      await saved()
    }
    await go(`checkup/${id}?q=end`)
    await phone.page.getByText('都答完了，可以提交').waitFor()
    await button('提交', phone.page).click()
    await phone.page.waitForURL(/\/result$/)
    await region('等级', phone.page).locator('[data-standing=declared]').waitFor()
    assert.deepEqual(await plain(phone.page), [])
    await picture('checkup-result-zh-phone', phone.page)
    const r = await api(`/checkups/${id}/result`)
    assert.ok(r.same)
    const line = r.result.evidenced.lines.find((l) => l.question === 'network-rate')
    assert.deepEqual([line.answer, line.grade, line.basis], ['9/9', 'E3', 'measured'])
    assert.equal(r.result.declared.lines.find((l) => l.question === 'network-rate').answer, '35')
    await phone.page.getByText(/自报35，实测9\/9/).waitFor()
  })

  step('prescribes: gaps lead to help, own prices change the path', async () => {
    await go(`checkup/${id}/prescription`)
    await region('差距', phone.page).getByRole('link', { name: '找帮助' }).first().waitFor()
    const href = await region('差距', phone.page).getByRole('link', { name: '找帮助' }).first().getAttribute('href')
    assert.match(href, /needs\?file=[a-z-]+&origin=checkup%3A/)
    assert.deepEqual(await plain(phone.page), [])
    await picture('checkup-prescription-zh-phone', phone.page)
    const price = region('最省的路径', phone.page).locator('ol input').first()
    await price.fill('1')
    await price.blur()
    await until('kept', async () => Object.keys((await api(`/checkups/${id}`)).checkup.quotes.costs ?? {}).length > 0)
  })

  step('is compared with the next one, and counts among peers only while it agrees', async () => {
    const again = await send('post', '/checkups', { org, instrument: 'sme2024', copy: id })
    for (const q of form.questions) {
      const had = (await api(`/checkups/${again.id}`)).answers.find((a) => a.question === q.id)
      if (!had) await send('put', `/checkups/${again.id}/answers/${q.id}`, { basis: 0, unknown: true })
    }
    await send('put', `/checkups/${again.id}/answers/systems-cover`, { basis: 1, answer: { choice: 'none' } })
    await send('post', `/checkups/${again.id}/submission`)
    await go(`checkup/${again.id}/compare`)
    await phone.page.getByText(/答案由“全覆盖”变为“无”/).waitFor()
    assert.deepEqual(await plain(phone.page), [])
    await picture('checkup-compare-zh-phone', phone.page)
    await go(`checkup/${id}/result`)
    await phone.page.getByRole('switch').click()
    await phone.page.getByText(/还不足 5 家/).waitFor()
    await phone.page.getByRole('switch').click()
    await until('ended', async () => !(await api(`/orgs/${org}/benchmark-consent`)).agreed)
    const refused = await main.context.request.get(`${node.url}/api/v1/checkups/${id}/peers`)
    assert.equal(refused.status(), 409)
  })

  step('is checked by an expert, who first declares that there is no conflict', async () => {
    const expert = await send('post', '/orgs', {
      kind: 'enterprise',
      name: { zh: '示范评测所', en: 'Example Assessors' },
      creditCode: code,
    })
    await go(`checkup/${id}/result`)
    await button('请专家核验', phone.page).click()
    await phone.page.getByLabel('核验单位的统一社会信用代码').fill(code)
    await button('发出', phone.page).click()
    await region('专家核验', phone.page).getByText('示范评测所').waitFor()
    const check = (await api(`/expert-checks?org=${org}`)).items[0]
    // Who works for the enterprise checks nothing of it, whatever else they are.
    const own = await main.context.request.post(`${node.url}/api/v1/expert-checks/${check.id}/declaration`, {
      data: { conflict: false },
    })
    assert.equal(own.status(), 403)
    const invited = await send('post', `/people?org=${expert.id}`, {
      login: 'assessor',
      name: '评测员',
      role: 'operator',
    })
    const other = await open(browser, 'zh', faults)
    const desk = other.page
    await desk.goto(new URL(invited.link, node.url).href)
    for (const label of ['新密码', '再输入一次']) await desk.getByLabel(label).fill('brass gauge seventeen')
    await button('保存并进入', desk).click()
    await desk.waitForURL(/\/o\//)
    await desk.goto(`${node.url}/o/${expert.id}/expert-checks/${check.id}`)
    await desk.getByText('先声明是否有利益冲突', { exact: false }).waitFor()
    assert.equal(await desk.locator('[data-judge]').count(), 0, 'no answers before the declaration')
    await button('声明无利益冲突，受理', desk).click()
    const one = desk.locator('[data-judge=network]')
    await one.getByRole('button', { name: /^确认/ }).click()
    await one.getByText('已确认').waitFor()
    assert.deepEqual(await plain(desk), [])
    await picture('checkup-expert-zh', desk)
    await button('完成核验', desk).click()
    await button('确定', desk.getByRole('dialog')).click()
    await desk.getByText('已完成').waitFor()
    await other.context.close()
    await go(`checkup/${id}/result`)
    await phone.page.getByText('示范评测所 核验（E2）').waitFor()
  })

  step('is called for by an officer, who sees progress and no answers', async () => {
    await page.goto(`${node.url}/o/${org}/checkup-campaigns`)
    await button('发起体检活动').first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('活动名称').fill('二〇二六年度体检')
    await dialog.getByLabel('截止日').fill('2199-12-31')
    await dialog.getByLabel('企业名单（统一社会信用代码）').fill(`示范评测所\t${code}`)
    await button('通知 1 家企业', dialog).click()
    await page.waitForURL(/checkup-campaigns\/[0-9a-f-]{36}/)
    await region('进度').getByText('未开始').or(region('企业').getByText('未开始')).first().waitFor()
    await button('提醒未提交的').click()
    await page.getByText('已提醒 1 家').waitFor()
    assert.deepEqual(await plain(page), [])
    await picture('checkup-campaign-zh', page)
  })

  step('looks as it should on a desk, in English and by night', async () => {
    const pages = {
      checkup: `/o/${org}/checkup`,
      'checkup-result': `/o/${org}/checkup/${id}/result`,
      'checkup-prescription': `/o/${org}/checkup/${id}/prescription`,
    }
    await shots(pages, state, { looks: ['zh', 'en', 'zh-dark'] })
  })
})
