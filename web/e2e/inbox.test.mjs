// Inbox and grants: a webhook of the organisation is added, tested, verified by the code that came, and told of a case that waits; a
// grant is given to another organisation, shown, and ended.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before } from 'node:test'

import { plain, until } from './browser.mjs'
import { story } from './story.mjs'

const secret = 'a secret of the test'
const bank = '9144030071526726XG'

process.env.JINGWEI_INBOX_ALLOW = '127.0.0.1'

story('inbox and grants', 'inbox', ({ step, begin, signIn, api, button, choose, region, shots, faults }) => {
  let node, page, state, org, hooks, server, url, waiting

  before(async () => {
    hooks = []
    server = createServer((req, res) => {
      let body = ''
      req.on('data', (d) => (body += d))
      req.on('end', () => {
        const [, t, v1] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(req.headers['jingwei-signature'] ?? '') ?? []
        const right = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex') === v1
        hooks.push({ right, key: req.headers['idempotency-key'], ...JSON.parse(body) })
        res.writeHead(right ? 204 : 401).end()
      })
    })
    await new Promise((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${server.address().port}/hook`
    ;({ node, page } = await begin())
    ;({ state, org } = await signIn())
  })
  after(() => server.close())

  const go = (path, of = page) => of.goto(`${node.url}/o/${org}/${path}`)
  const heading = (name, of = page) => of.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  const dialog = () => page.getByRole('dialog')
  const post = async (path, data) => {
    const answer = await page.context().request.post(`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
    return answer.status() === 204 ? undefined : answer.json()
  }

  step('stands in the bar, and is empty at first', async () => {
    await page.getByRole('link', { name: /^收件箱：/ }).click()
    await heading('收件箱')
    await page.getByText('没有待办', { exact: true }).waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('adds a webhook that is verified by the code which came through it', async () => {
    await page.getByRole('link', { name: '消息渠道设置' }).click()
    await heading('消息渠道')
    const own = region('本单位的渠道')
    await button('添加渠道', own).click()
    await choose('类型', 'Webhook')
    await dialog().getByLabel('网址').fill('https://10.0.0.1/hook')
    await dialog().getByLabel('签名密钥').fill(secret)
    await button('添加', dialog()).click()
    await dialog()
      .getByText(/指向内部网络/)
      .first()
      .waitFor()
    await dialog().getByLabel('网址').fill(url)
    await button('添加', dialog()).click()
    await own.getByText('待验证').waitFor()
    await button('发送测试', own).click()
    await dialog().getByLabel('验证码').waitFor()
    await until('the code', () => hooks.length === 1)
    assert.ok(hooks[0].right)
    await dialog().getByLabel('验证码').fill(hooks[0].code)
    await button('验证', dialog()).click()
    await own.getByText('已验证').waitFor()
    assert.doesNotMatch(await own.textContent(), /a secret|hook$/)
    assert.deepEqual(await plain(page), [])
  })

  step('tells of a case that waits, here and through the channel', async () => {
    waiting = await post('/cases', { flow: 'approval', org, content: { matter: '购置数控机床', amount: 5_000_000 } })
    await until('a to-do', async () => (await api(`/inbox?org=${org}&kind=todo&state=open`)).items.length > 0)
    await until('the webhook', () => hooks.some((h) => h.topic?.startsWith('flow.')))
    assert.ok(hooks.every((h) => h.right && h.key))
    await go('inbox')
    await page.getByRole('row').nth(1).getByRole('link').waitFor()
  })

  step('gives a grant, shows who looked, and ends it', async () => {
    await post('/orgs', { kind: 'institution', name: { zh: '示例银行', en: 'Example Bank' }, creditCode: bank })
    await go('grants')
    await heading('数据授权')
    await button('新建授权').click()
    await dialog().getByLabel('对方的统一社会信用代码').fill(bank)
    await choose('具体是', '合同')
    await dialog().getByLabel('用途说明').fill('设备贷款的授信审查')
    await dialog()
      .getByLabel('有效至（含当日）')
      .fill(new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10))
    await button('授权', dialog()).click()
    await page.getByRole('row', { name: /示例银行/ }).waitFor()
    await button('谁看过').click()
    await dialog().getByText('还没有人看过').waitFor()
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'hidden' })
  })

  step('looks well in both languages, by day and by night, on a desk and in a hand', async () => {
    const pages = { inbox: 'inbox', 'inbox-channels': 'inbox/channels', grants: 'grants' }
    await shots(Object.fromEntries(Object.entries(pages).map(([name, path]) => [name, `/o/${org}/${path}`])), state)
  })

  step('takes a to-do away with the step that ends it', async () => {
    await post(`/cases/${waiting.id}/steps`, { action: 'withdraw', basis: waiting.revision })
    const left = (await api(`/inbox?org=${org}&kind=todo&state=open`)).items
    assert.deepEqual(
      left.filter((i) => i.objectId === waiting.id),
      [],
    )
  })

  step('ends the grant', async () => {
    await button('终止').click()
    await dialog().getByLabel('原因').fill('贷款已办完')
    await button('终止', dialog()).click()
    await page.getByText('没有授权', { exact: true }).waitFor()
    assert.deepEqual(faults, [])
  })
})
