// A firm joins on a phone: somebody signs up, fills three short steps in, is returned by an officer, mends it, is let in, and sees the
// enterprise; a second person asks to act for it, and the owner lets them in until a day, and revokes it.
import { Buffer } from 'node:buffer'
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { password, story } from './story.mjs'

// GB 32100-2015: the last character checks the seventeen before it.
const right = '91440101MA0TEXT12H'
const wrong = '91440101MA0TEXT120'
const pdf = Buffer.from('%PDF-1.7\n1 0 obj\n')

story('joining', 'join', ({ step, begin, signIn, api, button, choose, region, picture, shots, faults }) => {
  let node, browser, page, state, org, phone, firm

  before(async () => {
    ;({ node, browser, page } = await begin())
    ;({ state, org } = await signIn())
  })

  const heading = (name, of) => of.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  const signUp = async (of, name, login) => {
    await of.goto(`${node.url}/sign-in`)
    await of.getByRole('link', { name: '首次使用？注册并申请企业入驻' }).click()
    await heading('注册', of)
    await of.getByLabel('您的姓名').fill(name)
    await of.getByLabel('登录名').fill(login)
    await of.getByLabel('密码', { exact: true }).fill(password)
    await button('注册', of).click()
    await heading('企业入驻', of)
  }
  const letter = async (of, name, buffer) => {
    const chooser = of.waitForEvent('filechooser')
    await of.getByRole('button', { name: /(选择|更换)文件/ }).click()
    await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer })
  }
  const kept = (of) => of.getByText('已保存').waitFor()

  step('lets somebody sign up, who then sees nothing of anybody', async () => {
    phone = (await open(browser, 'zh-phone', faults)).page
    await signUp(phone, '李娜', 'lina')
    await phone.getByText('还没有申请').waitFor()
    assert.deepEqual(await plain(phone), [])
    await picture('join-start-zh-phone', phone)
    const answer = await phone.context().request.get(`${node.url}/api/v1/orgs`)
    assert.deepEqual((await answer.json()).items, [])
  })

  step('tells the digit that a false credit code should have', async () => {
    await button('开始新的申请', phone).click()
    await phone.getByLabel('统一社会信用代码').fill(wrong)
    await phone.getByLabel('企业名称').fill('广州示例机床有限公司')
    await phone.getByText('校验码（第 18 位）不符').waitFor()
    assert.match(await phone.locator('.ant-form-item-explain-error').textContent(), /应为 H/)
    await picture('join-fault-zh-phone', phone)
    await phone.getByLabel('统一社会信用代码').fill(right)
    await button('下一步', phone).click()
    await phone.getByLabel('从业人员（人）').waitFor()
  })

  step('shows the size class at once', async () => {
    assert.equal(await phone.getByLabel('行政区划代码').inputValue(), '440101')
    await choose('行业', 'C34', phone, 'C34')
    await phone.getByLabel('从业人员（人）').fill('120')
    await phone.getByLabel('上年营业收入').fill('8600')
    await phone.getByLabel('资产总额').fill('5000')
    await phone.getByText('按国家标准为：小型').waitFor()
    await kept(phone)
    assert.deepEqual(await plain(phone), [])
    await picture('join-size-zh-phone', phone)
  })

  step('keeps what was filled in, also when the page is left', async () => {
    await button('下一步', phone).click()
    await phone.getByLabel('联系电话').waitFor()
    await phone.reload()
    await button('继续填写', phone).click()
    assert.equal(await phone.getByLabel('统一社会信用代码').inputValue(), right)
    await button('下一步', phone).click()
    assert.equal(await phone.getByLabel('上年营业收入').inputValue(), '8600')
    await button('下一步', phone).click()
  })

  step('takes no letter that is not what its name says', async () => {
    await phone.getByLabel('联系电话').fill('13800138000')
    const year = new Date().getFullYear() + 1
    await phone.getByLabel('授权至').fill(`${year}-05-31`)
    await letter(phone, '授权书.pdf', Buffer.from('no PDF at all\n'))
    await phone.getByText('不是其名称所示的可用文件').first().waitFor()
    await letter(phone, '授权书.pdf', pdf)
    await phone.getByText('授权书.pdf').waitFor()
    await until('the fault gone', async () => (await phone.getByText('不是其名称所示').count()) === 0)
    await picture('join-letter-zh-phone', phone)
    await button('提交审核', phone).click()
    await phone.getByText('正在审核').waitFor()
    assert.deepEqual(await plain(phone), [])
    await picture('join-waiting-zh-phone', phone)
  })

  const officer = async (decision, reason) => {
    await page.goto(`${node.url}/o/${org}/applications`)
    await heading('入驻审核', page)
    await button('广州示例机床有限公司').first().click()
    await page.getByRole('dialog').getByText('审核意见').first().waitFor()
    await page.getByRole('dialog').locator('.ant-radio-button-wrapper', { hasText: decision }).first().click()
    await page.getByLabel('理由').fill(reason)
  }

  step('is returned with a reason, which the applicant reads and mends', async () => {
    await officer('退回补正', '营业收入与年报不符')
    assert.deepEqual(await plain(page), [])
    await picture('join-review-zh')
    await button('确认').click()
    await page.getByText('已办理').waitFor()
    await phone.reload()
    await phone.getByText('营业收入与年报不符').waitFor()
    await picture('join-returned-zh-phone', phone)
    await button('补正', phone).click()
    await button('下一步', phone).click()
    await phone.getByLabel('上年营业收入').fill('9600')
    await button('下一步', phone).click()
    await button('提交审核', phone).click()
    await phone.getByText('正在审核').waitFor()
  })

  step('is let in: the enterprise is there, in the register, and the applicant owns it', async () => {
    await officer('通过', '材料齐全')
    await button('确认').click()
    await page.getByText('已办理').waitFor()
    const [entry] = (await api(`/registers/enterprises/entries?org=${org}`)).items
    assert.equal(entry.key, right)
    assert.equal(entry.state, 'active')
    assert.equal(entry.content.revenue, 9_600_000_000)
    firm = entry.content.org
    await phone.reload()
    await region('我可代表的企业', phone).getByRole('link', { name: '进入' }).waitFor()
    await picture('join-approved-zh-phone', phone)
    await phone.getByRole('link', { name: '进入' }).click()
    await phone.waitForURL(`**/o/${firm}`)
    await heading('总览', phone)
  })

  step('somebody else asks to act for it, and its owner decides', async () => {
    const { page: other } = await open(browser, 'zh-phone', faults)
    await signUp(other, '王强', 'wangqiang')
    await button('开始新的申请', other).click()
    await other.getByLabel('统一社会信用代码').fill(right)
    await other.getByLabel('企业名称').fill('广州示例机床有限公司')
    await other.getByText('该企业已在平台上').waitFor()
    await picture('join-here-zh-phone', other)
    await button('申请代办授权', other).click()
    await other.getByRole('radio', { name: /操作员/ }).click()
    await other.getByLabel('联系电话').fill('13900139000')
    await other.getByLabel('授权至').fill(`${new Date().getFullYear() + 1}-03-31`)
    await letter(other, '授权书.pdf', pdf)
    await other.getByText('授权书.pdf').waitFor()
    await button('提交审核', other).click()
    await other.getByText('正在审核').waitFor()
    await phone.goto(`${node.url}/o/${firm}/applications`)
    await button('广州示例机床有限公司', phone).first().click()
    await phone.getByRole('dialog').locator('.ant-radio-button-wrapper', { hasText: '通过' }).first().click()
    await phone.getByLabel('理由').fill('本公司员工')
    await button('确认', phone).click()
    await phone.getByText('已办理').waitFor()
    await other.reload()
    await region('我可代表的企业', other).getByRole('link', { name: '进入' }).waitFor()
    const seen = async () => (await other.context().request.get(`${node.url}/api/v1/plant/nodes?org=${firm}`)).status()
    assert.equal(await seen(), 200)

    await phone.goto(`${node.url}/o/${firm}/mandates`)
    await heading('授权', phone)
    await phone
      .getByRole('row', { name: /王强/ })
      .getByRole('button', { name: /撤\s?销/ })
      .click()
    await phone.getByRole('dialog').getByLabel('理由').fill('已离职')
    await button('撤销', phone.getByRole('dialog')).click()
    await phone.getByRole('dialog').waitFor({ state: 'hidden' })
    assert.equal(await seen(), 404)
    assert.deepEqual(await plain(phone), [])
  })

  step('looks well in every look', async () => {
    await shots({ 'join-applications': `/o/${org}/applications`, 'join-mandates': `/o/${org}/mandates` }, state)
  })

  step('made no fault in any browser', () => assert.deepEqual(faults, []))
})
