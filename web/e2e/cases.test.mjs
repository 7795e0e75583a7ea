// The officer's desk and a firm's side: an application filled in on a phone, kept, refused what is no picture, taken up again
// after the node was killed, handed in once, returned, completed, and decided by one of two officers who decide at once.
import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { password, story } from './story.mjs'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** startServer is a node without machines that can be killed, and started again on what it kept. */
async function startServer() {
  const data = mkdtempSync(join(tmpdir(), 'jingwei-cases-'))
  const port = await freePort()
  const node = { url: `http://127.0.0.1:${port}` }
  let child
  node.start = () =>
    new Promise((resolve, reject) => {
      let said = ''
      child = spawn(
        process.env.JINGWEI_BIN,
        [
          'serve',
          '--data',
          data,
          '--http',
          `127.0.0.1:${port}`,
          '--https',
          '127.0.0.1:0',
          '--link',
          '127.0.0.1:0',
          '--mqtt',
          'off',
          '--mqtt-plain',
          '127.0.0.1:0',
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      )
      const look = (chunk) => {
        said += chunk
        node.link ??= /^sign in: (\S+)$/m.exec(said)?.[1]
        if (/^ready: /m.test(said) && node.link) resolve(node)
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.on('exit', (code) => reject(new Error(`the node ended with ${code}:\n${said}`)))
    })
  node.kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  node.stop = async () => {
    await node.kill()
    rmSync(data, { recursive: true, force: true })
  }
  return node.start()
}

story('cases', 'cases', ({ step, begin, signIn, api, button, item, region, picture, shots, faults }) => {
  let node, browser, main, page, state, office, firm, phone, officer, draft, filed

  const post = async (path, data, of = main.context) => {
    const answer = await of.request.post(`${node.url}/api/v1${path}`, { data })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
    const text = await answer.text()
    return text ? JSON.parse(text) : undefined
  }
  /** invite makes a person and gives a window in which that person is signed in. */
  const invite = async (login, org, role, look) => {
    const made = await post('/people', { org, login, name: login, role })
    const window = await open(browser, look, faults)
    await window.page.goto(made.link.startsWith('http') ? made.link : node.url + made.link)
    await window.page.getByLabel('新密码').fill(password)
    await window.page.getByLabel('再输入一次').fill(password)
    await button('保存并进入', window.page).click()
    await window.page.waitForURL(/\/o\//)
    return window
  }
  const dialog = (of) => of.getByRole('dialog')
  const heading = (name, of) => of.getByRole('heading', { level: 1, name }).waitFor()
  const saved = (of) => of.locator('[data-save=saved]').waitFor()
  const radio = (group, name, of) =>
    of.getByRole('radiogroup', { name: group }).getByText(name, { exact: true }).click()
  const attach = async (of, kind, name, buffer) => {
    const chooser = of.waitForEvent('filechooser')
    await of
      .getByRole('group', { name: kind })
      .getByRole('button', { name: /^选择文件/ })
      .click()
    await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer })
  }

  before(async () => {
    ;({ node, browser, main, page } = await begin(startServer))
    ;({ state, org: office } = await signIn())
    firm = (
      await post('/orgs', {
        kind: 'enterprise',
        name: { zh: '广州示例注塑有限公司', en: 'Example Moulding' },
        creditCode: '91440101MA0TEXT12H',
      })
    ).id
    phone = await invite('chen', firm, 'operator', 'zh-phone')
    officer = await invite('wang', office, 'operator', 'zh')
    await main.context.request.delete(`${node.url}/api/v1/nothing`)
  })

  step('an office says which cases it takes', async () => {
    await page.goto(`${node.url}/o/${office}/offers`)
    await heading('受理事项', page)
    await page.getByRole('switch', { name: '受理数字化改造项目备案' }).click()
    await page.getByText('已开通').waitFor()
    assert.deepEqual((await api('/flows/digital-upgrade/offers')).orgs, [office])
    assert.deepEqual(await plain(page), [])
    await picture('cases-offers-zh')
  })

  step('a firm finds it on the phone and begins; what is typed is kept by itself', async () => {
    const p = phone.page
    await p.goto(`${node.url}/o/${firm}/apply`)
    await heading('申请办理', p)
    await p
      .getByRole('listitem')
      .filter({ hasText: '数字化改造项目备案' })
      .getByRole('link', { name: '开始填写' })
      .click()
    await heading('数字化改造项目备案', p)
    await p.getByLabel('企业名称').fill('广州示例注塑有限公司')
    await p.getByLabel('统一社会信用代码').fill('91440101MA0TEXT120')
    await p.getByLabel('联系人').fill('陈小姐')
    // A false code is told at its field, and refuses no saving.
    await p.getByText('校验码（第 18 位）不符').waitFor()
    await p.getByLabel('统一社会信用代码').fill('91440101MA0TEXT12H')
    await p.getByLabel('联系电话').fill('13800138000')
    await p.getByLabel('项目名称').fill('注塑车间 20 台注塑机联网')
    assert.equal(await p.getByLabel('联网设备数').count(), 0)
    await radio('改造类型', '设备联网', p)
    await p.getByLabel(/^联网设备数/).fill('20')
    await button('添加预算明细', p).click()
    await p.getByRole('group', { name: '预算明细 1' }).getByLabel(/内容/).fill('数据采集网关')
    await p.getByRole('group', { name: '预算明细 1' }).getByLabel(/金额/).fill('120000.50')
    await button('添加预算明细', p).click()
    await p.getByRole('group', { name: '预算明细 2' }).getByLabel(/内容/).fill('软件')
    await p.getByRole('group', { name: '预算明细 2' }).getByLabel(/金额/).fill('79999.50')
    assert.equal(await p.locator('[data-sum=investment]').textContent(), '200,000 元')
    await saved(p)
    assert.deepEqual(await plain(p), [])
    draft = (await api(`/drafts?org=${firm}`, phone.context)).items[0]
    assert.equal(draft.content.project, '注塑车间 20 台注塑机联网')
    await picture('cases-form-zh-phone', p)
  })

  step('an attachment that is not what it says is refused; a picture is taken', async () => {
    const p = phone.page
    await attach(p, '营业执照', '执照.png', Buffer.from('MZ\x90\x00 a program'))
    await p.getByText('请上传原始文件').waitFor()
    await p.getByRole('button', { name: '删去 执照.png' }).click()
    await attach(p, '营业执照', '执照.exe', Buffer.from('MZ'))
    await p.getByText('不在可收的类型之中').waitFor()
    await attach(p, '营业执照', '执照.png', png)
    await p.getByRole('button', { name: '执照.png', exact: true }).waitFor()
    const kept = await api(`/drafts/${draft.id}`, phone.context)
    assert.deepEqual(
      kept.attachments.map((a) => [a.kind, a.name, a.media]),
      [['licence', '执照.png', 'image/png']],
    )
  })

  step('handing in tells all that is missing, at its field', async () => {
    const p = phone.page
    await button('提交', p).click()
    await p.locator('[data-field=begins] .fieldfault').waitFor()
    assert.equal(await p.locator('.fieldfault[role=alert]').textContent(), '有 3 处需要修改，见上面的标注')
    await picture('cases-faults-zh-phone', p)
  })

  step('the node is killed; the draft is there on another device, and two devices are told of each other', async () => {
    await node.kill()
    await node.start()
    const desk = await open(browser, 'zh', faults, {
      cookies: (await phone.context.storageState()).cookies,
      origins: [],
    })
    const [p, d] = [phone.page, desk.page]
    await p.reload()
    await heading('数字化改造项目备案', p)
    await d.goto(`${node.url}/o/${firm}/drafts/${draft.id}`)
    assert.equal(await d.getByLabel('联系人').inputValue(), '陈小姐')
    await d.getByRole('button', { name: '执照.png', exact: true }).waitFor()
    await d.getByLabel('联系人').fill('陈经理（电脑）')
    await saved(d)
    await until(
      'saved by the computer',
      async () => (await api(`/drafts/${draft.id}`, phone.context)).content.contact === '陈经理（电脑）',
    )
    await p.getByLabel('联系人').fill('陈小姐（手机）')
    await dialog(p).getByText('在“电脑”保存了不同的内容').waitFor()
    await picture('cases-two-zh-phone', p)
    await dialog(p).getByText('另一设备：陈经理（电脑）').click()
    await button('按选择保存', dialog(p)).click()
    await dialog(p).waitFor({ state: 'hidden' })
    assert.equal(await p.getByLabel('联系人').inputValue(), '陈经理（电脑）')
    await desk.context.close()
  })

  step('it is handed in once, and says what comes next', async () => {
    const p = phone.page
    await p.getByLabel('开始日期').fill('2026-12-01')
    await p.getByLabel('完成日期').fill('2027-06-30')
    await radio('以上内容真实', '是', p)
    await saved(p)
    await p.getByText('已填完，可以提交').waitFor()
    await button('提交', p).click()
    await p.waitForURL(/\/cases\//).catch(async (e) => {
      throw new Error(`not handed in: ${await p.locator('main').innerText()}`, { cause: e })
    })
    await heading('注塑车间 20 台注塑机联网', p)
    await region('下一步', p).getByText('正等待经办人员办理').waitFor()
    await region('下一步', p).getByText('须在').first().waitFor()
    const cases = (await api(`/cases?subject=${firm}`, phone.context)).items
    assert.equal(cases.length, 1)
    ;[filed] = cases
    assert.equal(filed.content.investment, 20_000_000)
    assert.equal(filed.documents[0].name, '执照.png')
    assert.deepEqual((await api(`/drafts?org=${firm}`, phone.context)).items, [])
    assert.deepEqual(await plain(p), [])
    await picture('cases-case-zh-phone', p)
  })

  step('it waits on the desk, the most pressing first, with its deadline in words', async () => {
    const p = officer.page
    await p.goto(`${node.url}/o/${office}/desk`)
    await heading('办件桌面', p)
    const row = p.getByRole('row', { name: /注塑车间/ })
    await row.getByText(/还有 \d+ 个工作日/).waitFor()
    await row.getByText('广州示例注塑有限公司').waitFor()
    await p.keyboard.press('j')
    await p.keyboard.press('Enter')
    await heading('注塑车间 20 台注塑机联网', p)
    await region('内容', p).getByText('200,000 元').waitFor()
    const [file] = await Promise.all([p.waitForEvent('download'), p.getByRole('button', { name: '执照.png' }).click()])
    assert.equal(file.suggestedFilename(), '执照.png')
    assert.deepEqual(await plain(p), [])
  })

  step('returned for completion; the firm completes it on the phone', async () => {
    const p = officer.page
    await button('退回补正', p).click()
    await dialog(p)
      .getByLabel(/需补正内容/)
      .fill('请补充现场照片')
    await picture('cases-action-zh', p)
    await button('退回补正', dialog(p)).click()
    await p.locator('.pagehead').getByText('待补正').waitFor()
    const f = phone.page
    await f.goto(`${node.url}/o/${firm}/cases/${filed.id}`)
    await f.getByText('请补充现场照片').first().waitFor()
    await button('补正提交', f).click()
    await heading('补正提交：注塑车间 20 台注塑机联网', f)
    assert.equal(await f.getByLabel('联系人').inputValue(), '陈经理（电脑）')
    await attach(f, '现场照片', '车间.png', png)
    await f.getByRole('button', { name: '车间.png', exact: true }).waitFor()
    await button('提交', f).click()
    await f.locator('.pagehead').getByText('待核对').waitFor()
  })

  step('two officers decide at once: the second is told who has done what', async () => {
    const [a, b] = [page, officer.page]
    for (const p of [a, b]) {
      await p.goto(`${node.url}/o/${office}/cases/${filed.id}`)
      await button('予以备案', p).click()
      await dialog(p)
        .getByLabel(/备案号/)
        .fill('穗备 2026-17')
      await saved(dialog(p))
    }
    await button('予以备案', dialog(b)).click()
    await b.locator('.pagehead').getByText('已备案').waitFor()
    await button('予以备案', dialog(a)).click()
    await dialog(a).getByRole('alert').first().waitFor()
    assert.match(await dialog(a).getByRole('alert').first().textContent(), /已备案|wang/)
    await picture('cases-second-zh', a)
    assert.equal((await api(`/cases/${filed.id}/steps`)).items.filter((s) => s.transition === 'file').length, 1)
  })

  step('the list has counts, filters and a file', async () => {
    await page.goto(`${node.url}/o/${office}/cases`)
    await heading('办理件', page)
    await page.getByRole('link', { name: '注塑车间 20 台注塑机联网' }).waitFor()
    await page.getByText('全部状态 1', { exact: true }).waitFor()
    await button('导出', page).click()
    const [file] = await Promise.all([page.waitForEvent('download'), item('导出 CSV')])
    assert.match(file.suggestedFilename(), /^cases.*\.csv$/)
    await page.getByLabel('只看未办结').click()
    await page.getByText('没有符合条件的件').waitFor()
  })

  step('says what is there in both languages, by day and by night, on a desk and in a hand', async () => {
    await shots(
      {
        'cases-desk': `/o/${office}/desk`,
        'cases-list': `/o/${office}/cases`,
        'cases-case': `/o/${office}/cases/${filed.id}`,
        'cases-apply': `/o/${office}/apply`,
        'cases-public': '/public/cases/project-application',
      },
      state,
    )
  })

  step('made no fault in any browser', () => assert.deepEqual(faults, []))
})
