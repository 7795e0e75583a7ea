// The loop of a small firm on its phone, in Chinese: it joins, is checked up, files what it lacks, finds a provider and contracts with
// it, asks what support there is, applies, is judged, made public, awarded and paid, proves the effect by what its machine measures,
// and is checked up again. The paper begins 30 days ago, on a node that rehearses; from the award on it is true time, and the machine
// is a simulator behind a gateway, processes of their own. The firm does everything on its pages; officers, experts and the provider,
// whose pages have stories of their own, act over the API.
import { Buffer } from 'node:buffer'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before } from 'node:test'

import { open, plain, settled, until } from './browser.mjs'
import { run } from './program.mjs'
import { password, story } from './story.mjs'
import { newWalk } from './walk.mjs'

const root = join(import.meta.dirname, '../..')
const back = 30 // days: five working days of publicity end within them, whatever holidays there are
const code = '91440101MA0TEXT12H'
const firmName = '示例模具有限公司'
const providerName = '示例网关公司'
const project = '模具车间数控联网改造'
const call = '企业级工业互联网平台示范项目'
const template = '三轴数控铣床（SMART 试验台）'
const pdf = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

/** The shipped call, with an indicator that is measured over a minute where the shipped one takes a week. */
function ownCall() {
  const shipped = readFileSync(join(root, 'packs/calls/hn-demonstration.yaml'), 'utf8')
  const own = shipped.replace(
    /^indicators:\n(?: .*\n)+/m,
    `indicators:
  - key: feed
    name: {zh: 平均进给速度, en: Mean feed rate}
    unit: mm/s
    direction: higher
    change: "50"
    method: mean
    series:
      - {role: value, name: {zh: 进给速度, en: Feed rate}}
    minutes: 1
    coverage: 25
    grade: E3
    clause: own
`,
  )
  assert.notEqual(own, shipped)
  return own
}

story('the loop', 'loop', ({ step, begin, signIn, api, button, choose, item, region, pictures, faults }) => {
  const running = []
  const experts = []
  const start = Date.now()
  let folder, node, browser, main, home, wang, wu, provider, firm
  let w, phone // the firm's walk and its window
  let checkup, contact, round, file, mill

  /** serve starts the node, set back by some days or not, and ends the one before. */
  let serving
  const serve = async (days) => {
    await serving?.end()
    serving = await run(
      running,
      [
        'serve',
        ...['--data', join(folder, 'node'), '--name', '示例省工业和信息化厅', '--packs', join(folder, 'packs')],
        ...[
          '--http',
          '127.0.0.1:0',
          '--https',
          '127.0.0.1:0',
          '--link',
          '127.0.0.1:0',
          '--mqtt',
          'off',
          '--sign-up=true',
        ],
        ...(days ? ['--rehearse', `-${days * 24}h`] : []),
      ],
      { url: /^ready: (\S+)/m, ...(days ? { link: /^sign in: (\S+)$/m } : {}) },
    )
    return serving
  }
  const startAll = async () => {
    folder = mkdtempSync(join(tmpdir(), 'jingwei-loop-'))
    mkdirSync(join(folder, 'packs/calls'), { recursive: true })
    writeFileSync(join(folder, 'packs/calls/hn-demonstration.yaml'), ownCall())
    const stop = async () => {
      for (const end of running.reverse()) await end()
      rmSync(folder, { recursive: true, force: true })
    }
    try {
      return { ...(await serve(back)), stop }
    } catch (e) {
      await stop()
      throw e
    }
  }

  /** day is a date so many days after the node's own, which is `off` days back. */
  const day = (after, off = back) => {
    const at = new Date(start + (after - off) * 86_400_000 + 8 * 3_600_000)
    return at.toISOString().slice(0, 10)
  }
  const send = async (method, path, data, of = main.context) => {
    const answer = await of.request.fetch(`${node.url}/api/v1${path}`, { method, data, timeout: 60_000 })
    const text = await answer.text()
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  const post = (path, data, of) => send('POST', path, data, of)
  const invite = async (login, name, org, role) => {
    const made = await post('/people', { org, login, name, role })
    const context = await browser.newContext()
    const token = /token=(.+)$/.exec(made.link)[1]
    await post('/session/link', { token }, context)
    await send('PUT', '/me/password', { new: password }, context)
    return context
  }
  const take = async (action, content, of = main.context) => {
    const { revision } = await api(`/cases/${file}`, of)
    return post(`/cases/${file}/steps`, { action, basis: revision, content }, of)
  }
  const onRound = async (act, body) =>
    post(`/programme-rounds/${round}/${act}`, { basis: (await api(`/programme-rounds/${round}`)).revision, ...body })
  const contactStep = async (body) => {
    const { revision } = await api(`/matching/contacts/${contact}`, wu)
    await post(`/matching/contacts/${contact}/steps`, { as: provider, basis: revision, ...body }, wu)
  }
  /** pay settles what is released, as the treasury tells it. */
  const pay = async (document) => {
    const { payments } = await api(`/programme-applications/${file}`)
    for (const x of payments.filter((p) => p.state === 'released'))
      await post(`/programme-payments/${x.id}/settlement`, { basis: x.revision, on: day(0, 0), document })
  }

  const heading = (name) => phone.getByRole('heading', { level: 1, name, exact: true }).waitFor()
  const loaded = () => until('loaded', async () => (await phone.locator('.bones').count()) === 0)
  /** screen checks what every page owes, and keeps the picture. */
  const screen = async (as, zh, en) => {
    await loaded()
    assert.deepEqual(await plain(phone), [], as)
    await w.screen(as, zh, en)
  }
  /** show scrolls until something stands under the bar. */
  const show = (what) => what.evaluate((e) => window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - 80))
  /** goTo opens a page by "More". */
  const goTo = async (name) => {
    await w.tap(phone.locator('.tabs-bottom .more'))
    w.did(1)
    await item(new RegExp(`^\\S* ?${name}$`), phone)
  }
  const pick = async (label, words, within = phone) => {
    w.did(3) // the box, the word, the option
    await choose(label, words, within, words)
  }
  const dialog = () => phone.getByRole('dialog')

  before(async () => {
    ;({ node, browser, main } = await begin(startAll))
    ;({ org: home } = await signIn())
    wang = await invite('wang', '王科长', home, 'engineer')
    provider = (
      await post('/orgs', {
        kind: 'enterprise',
        name: { zh: providerName, en: 'Example Gateways' },
        creditCode: '914403001000000248',
      })
    ).id
    wu = await invite('wu', '吴经理', provider, 'operator')
    const pool = await post('/registers/providers/entries', {
      org: home,
      content: { code: '914403001000000248', name: providerName, kind: 'software', provider },
    })
    await post(`/register-entries/${pool.id}/transitions`, { transition: 'admit', basis: 1, reason: '资料齐全' })
    const supply = await post(
      '/matching/supplies',
      {
        org: provider,
        register: 'solutions',
        content: {
          code: 'S1',
          title: '数控机床设备联网网关',
          summary: '给老旧数控机床加装网关，自动采集进给、功率与停机，Modbus 与 OPC UA 都支持。',
          covers: [{ kind: 'equipment-networking' }],
        },
      },
      wu,
    )
    await post(`/register-entries/${supply.id}/transitions`, { transition: 'publish', basis: supply.revision })
    const institute = (await post('/orgs', { kind: 'enterprise', name: { zh: '示例研究院', en: 'Example Institute' } }))
      .id
    for (const [i, field] of ['工业互联网', '节能', '财务'].entries()) {
      const login = `expert${i}`
      await post('/registers/experts/entries', {
        org: home,
        state: 'active',
        content: { code: `E${i}`, name: login, employer: `单位${i}`, account: login, fieldsOfWork: [{ field }] },
      })
      experts.push(await invite(login, login, institute, 'viewer'))
    }
    await post('/ledger/funds', {
      org: home,
      id: 'demo',
      name: { zh: '示范专项', en: 'Demonstration fund' },
      line: 'hn2018',
    })
    await send('PUT', '/support/documents/001_a73fb7626b88447e.txt/publication', {
      day: '2018-12-31',
      source: '省政府公报',
    })
    const year = Number(day(0).slice(0, 4))
    await post('/ledger/budget', { org: home, fund: 'demo', year, amount: 500_000_000, why: '年度预算' })
    round = (
      await post('/programme-rounds', {
        org: home,
        call: 'hn-demonstration',
        name: { zh: '第一批', en: 'First round' },
        closes: day(20),
        budget: 500_000_000,
        fund: 'demo',
        year,
      })
    ).id
    phone = (await open(browser, 'zh-phone', faults)).page
    await phone.goto(`${node.url}/sign-in`)
    w = newWalk(phone, 'loop', pictures)
  })

  step('somebody signs up', async () => {
    await phone.getByLabel('演练数据').waitFor()
    await screen('sign-in', '登录页：首次使用先注册', 'Sign in; who is new signs up first')
    await w.tap(phone.getByRole('link', { name: '首次使用？注册并申请企业入驻' }))
    await heading('注册')
    await w.fill(phone.getByLabel('您的姓名'), '李娜')
    await w.fill(phone.getByLabel('登录名'), 'li.na')
    await w.fill(phone.getByLabel('密码', { exact: true }), password)
    await screen('sign-up', '注册', 'Signing up')
    await w.tap(button('注册', phone))
    await heading('企业入驻')
    await screen('join', '企业入驻：还没有申请', 'Joining: no application yet')
  })

  step('the firm applies to join by its credit code', async () => {
    await w.tap(button('开始新的申请', phone))
    await w.fill(phone.getByLabel('统一社会信用代码'), code)
    await w.fill(phone.getByLabel('企业名称'), firmName)
    await screen(
      'join-code',
      '信用代码与名称，校验码当场核对',
      'Credit code and name; the check digit is checked at once',
    )
    await w.tap(button('下一步', phone))
    await pick('行业', 'C35')
    await w.fill(phone.getByLabel('行政区划代码'), '430100')
    await w.fill(phone.getByLabel('从业人员（人）'), '80')
    await w.fill(phone.getByLabel('上年营业收入'), '5000')
    await w.fill(phone.getByLabel('资产总额'), '3000')
    await phone.getByText('按国家标准为：小型').waitFor()
    await phone.getByText('已保存').waitFor()
    await screen('join-size', '行业与规模，当场按国家标准划型', 'Industry and size class by the national rule')
    await w.tap(button('下一步', phone))
    await w.fill(phone.getByLabel('联系电话'), '13800138000')
    await w.fill(phone.getByLabel('授权至'), day(400))
    await w.choose(phone.getByRole('button', { name: /选择文件/ }), {
      name: '授权书.pdf',
      mimeType: 'application/pdf',
      buffer: pdf,
    })
    await phone.getByText('授权书.pdf').waitFor()
    await screen('join-letter', '联系人与授权书', 'Contact and letter of authorisation')
    await w.tap(button('提交审核', phone))
    await phone.getByText('正在审核').waitFor()
    await screen('join-waits', '等待平台审核', 'The platform decides')
  })

  step('the platform lets it in under a mandate', async () => {
    const application = (await api(`/join/reviews?org=${home}`)).items[0]
    const { org } = await post(`/join/applications/${application.id}/decisions`, {
      basis: application.revision,
      decision: 'approve',
      reason: '材料齐全',
    })
    firm = org
    await phone.reload()
    await region('我可代表的企业', phone).getByRole('link', { name: '进入' }).waitFor()
    await screen('joined', '审核通过，授权生效', 'Approved: the mandate holds')
    await w.tap(phone.getByRole('link', { name: '进入' }))
    await heading('总览')
    await screen('overview', '企业首页', 'The firm’s first page')
  })

  step('it is checked up, question by question', async () => {
    await goTo('企业体检')
    const card = phone.locator('[data-instrument=sme2024]')
    await card.getByText(/31 道题/).waitFor()
    await screen('checkup', '体检：选择量表', 'Check-up: choosing the instrument')
    await w.tap(button('开始', card))
    await phone.waitForURL(/\/checkup\/[0-9a-f-]{36}/)
    checkup = /\/checkup\/([0-9a-f-]{36})/.exec(phone.url())[1]
    const { form } = await api(`/checkups/${checkup}`, phone.context())
    const asked = () => new URL(phone.url()).searchParams.get('q')
    await until('the first question', asked)
    for (let i = 0, at = asked(); at !== 'end'; i++, at = asked()) {
      const { kind } = form.questions.find((q) => q.id === at)
      if (kind === 'percentage') await w.fill(phone.getByLabel('或直接填百分比'), '15')
      else if (kind === 'number') await w.fill(phone.locator('.choices input').first(), '15')
      else await w.tap(phone.locator('.choices input[type=radio], .choices input[type=checkbox]').nth(1))
      if (i === 2) await screen('checkup-question', '一屏一题，自动保存', 'One question to a screen, saved by itself')
      await w.tap(button('下一题', phone))
      await phone.waitForURL((u) => u.searchParams.get('q') !== at)
    }
    await phone.getByText('都答完了，可以提交').waitFor()
    await phone.locator('[data-save=saved]').waitFor()
    await screen('checkup-end', '答完，提交', 'All is answered')
    await w.tap(button('提交', phone))
    await phone.waitForURL(/\/result$/)
    await region('等级', phone).locator('[data-standing=declared]').waitFor()
    await screen('result', '体检结果：自报等级与有证据的等级', 'Result: declared level beside evidenced level')
  })

  step('the prescription becomes needs', async () => {
    await w.tap(button('处方', phone))
    await heading('处方')
    await region('差距', phone).getByRole('link', { name: '找帮助' }).first().waitFor()
    await screen('prescription', '处方：差距与最省的路径', 'Prescription: gaps and the cheapest path')
    await w.tap(button('全部登记为需求', phone))
    await phone.getByText(/新登记 \d+ 项需求/).waitFor()
    await screen('filed', '差距一键登记为需求', 'All gaps are filed as needs')
    await goTo('供需对接')
    await heading('我的需求')
    await screen('needs', '我的需求', 'Our needs')
    const need = (await api(`/matching/needs?org=${firm}`, phone.context())).items.find(
      (n) => n.kind === 'equipment-networking',
    )
    await w.tap(phone.getByRole('link', { name: need.title }).first())
    await phone.getByText('覆盖需求“设备联网”').first().waitFor()
    await screen('matches', '合适的服务商，说明理由', 'Providers that fit, with reasons')
  })

  step('it contacts a provider and contracts with it', async () => {
    await w.tap(button('联系', phone))
    await w.fill(dialog().getByLabel('想说的话'), '想了解方案，方便来厂里看看吗')
    await screen('ask', '联系服务商', 'Writing to a provider')
    await w.tap(button('发送', dialog()))
    await heading(`与 ${providerName} 的联系`)
    contact = /contacts\/([^/?]+)/.exec(phone.url())[1]
    await contactStep({ step: 'accept' })
    await contactStep({ step: 'quote', amount: 3_800_000 })
    await phone.reload()
    const next = phone.getByRole('region', { name: '下一步' })
    await w.tap(next.getByRole('group').getByRole('button', { name: '登记合同' }))
    await w.fill(next.getByLabel('合同编号'), 'HT-1')
    await w.fill(next.getByLabel('签订日期'), day(0))
    await w.fill(next.getByLabel('约定交付日期'), day(25))
    await w.fill(next.getByLabel('金额（元）'), '38000')
    await screen('contract', '对方报价后登记合同', 'The contract, after their quotation')
    await w.tap(next.locator('button[type=submit]'))
    await phone.locator('.pagehead').getByText('合同待确认').waitFor()
    await contactStep({ step: 'confirm' })
    await phone.reload()
    await phone.locator('.pagehead').getByText('已签约').waitFor()
    await screen('contracted', '双方确认，已签约', 'Both have confirmed')
  })

  step('it asks what support there is, and why', async () => {
    await goTo('能拿到什么支持')
    await w.fill(phone.getByLabel('项目名称'), project)
    await w.tap(button('开始查询', phone))
    await heading(project)
    const question = region('下一个问题', phone)
    const asked = () => question.getByRole('heading', { level: 2 }).textContent()
    await question.getByRole('heading', { level: 2 }).waitFor()
    await screen('support', '能拿到什么支持：一题一题问', 'What support there is, question by question')
    const answers = {
      '您的项目属于哪一类？': () => w.tap(question.getByRole('radio', { name: '企业级工业互联网平台' })),
      '项目已被主管部门认定为示范项目了吗？': () => w.tap(button('是', question)),
      '项目一共投入多少钱？': async () => {
        await w.fill(question.getByRole('textbox'), '10000000')
        await w.tap(button('确定', question))
      },
    }
    for (let left = 3, i = 0; left > 0 && i < 16; i++) {
      await settled(phone) // each answer may bring another question before the one that was next
      const now = await asked()
      if (answers[now]) left--
      await (answers[now] ?? (() => w.tap(button('先跳过', question))))()
      await until('another question', async () => (await asked()) !== now)
    }
    await region('合计', phone).getByText('2,000,000 元').first().waitFor()
    await screen('support-sum', '能拿多少，还差什么', 'How much, and what is missing')
    await w.tap(phone.locator('summary').filter({ hasText: '企业级工业互联网平台' }).first())
    await phone.locator('details[open] blockquote').first().waitFor()
    await show(phone.locator('details[open]').first())
    await screen('support-why', '为什么：逐条依据条款原文', 'Why: clause by clause')
  })

  step('it applies to a call', async () => {
    await goTo('项目申报')
    const calls = region('可以申报的通知', phone)
    await calls.getByText('可以申报', { exact: true }).waitFor()
    await screen('calls', '可以申报的通知：逐条说明是否符合', 'Calls that are open, condition by condition')
    await w.tap(calls.getByRole('link', { name: '开始申报' }))
    await heading(call)
    await w.fill(phone.getByLabel('项目名称'), project)
    await w.fill(phone.getByLabel('项目简介'), '数控机床联网，优化进给，建设企业级平台')
    await w.fill(phone.getByLabel(/^项目总投资/), '10000000')
    await w.fill(phone.getByLabel('建设开始'), day(0))
    await w.fill(phone.getByLabel('建设完成'), day(200))
    await phone.locator('[data-save=saved]').waitFor()
    await screen('application', '填写申报表，自动保存', 'The application, kept by itself')
    await w.tap(button('提交', phone))
    await phone.waitForURL(/\/cases\//)
    await heading(project)
    file = /cases\/([^/?]+)/.exec(phone.url())[1]
    await w.tap(button('提交申报', phone))
    await w.choose(phone.getByRole('group', { name: /建设方案/ }).getByRole('button', { name: /^选择文件/ }), {
      name: '建设方案.pdf',
      mimeType: 'application/pdf',
      buffer: pdf,
    })
    await phone.getByRole('button', { name: '建设方案.pdf', exact: true }).waitFor()
    await w.tap(phone.getByRole('radiogroup', { name: '真实性承诺' }).getByText('是', { exact: true }))
    await phone.locator('[data-save=saved]').waitFor()
    await screen('papers', '上传材料，承诺真实', 'Papers, and the promise that they are true')
    await w.tap(button('提交', phone))
    await phone.locator('.pagehead').getByText('形式审查').waitFor()
    await screen('handed-in', '已提交，等待形式审查', 'Handed in')
  })

  step('it is checked, judged by experts without a tie to it, ranked and made public', async () => {
    await take('check', { checkSubject: true, checkPapers: true, checkCredit: true, checkOnce: true }, wang)
    await onRound('closing', { reason: '申报已全部收齐' })
    await onRound('draw', {})
    for (const e of experts)
      for (const r of (await api('/programme-reviews', e)).items)
        await post(
          `/programme-reviews/${r.id}/scores`,
          {
            basis: r.revision,
            points: Object.fromEntries(r.criteria.map((c) => [c.id, 8])),
            opinion: '方案可行',
            submit: true,
          },
          e,
        )
    await onRound('ranking', {})
    await onRound('publicity', {})
    const early = await main.context.request.post(`${node.url}/api/v1/cases/${file}/steps`, {
      data: { action: 'award', basis: (await api(`/cases/${file}`)).revision },
    })
    assert.equal((await early.json()).code, 'flow-deadline-runs')
    await goTo('项目申报')
    await w.tap(region('我们的申报', phone).getByRole('link', { name: '查看进度' }))
    await heading(project)
    await phone.locator('.pagehead').getByText('公示').waitFor()
    await screen('publicity', '评审通过，公示中', 'Chosen: the publicity period runs')
    await w.tap(phone.getByRole('link', { name: '打开公示页面' }))
    await phone
      .getByText(/异议截止/)
      .first()
      .waitFor()
    await screen('public', '公示页面，人人可看', 'What everybody sees')
  })

  step('thirty days later the firm signs in again', async () => {
    // Between the two starts the page has no node to talk to, which is no fault of it.
    await phone.goto('about:blank')
    await main.page.goto('about:blank')
    node.url = (await serve()).url
    for (const [login, of] of [
      ['admin', main.context],
      ['wang', wang],
      ['wu', wu],
    ])
      await post('/session', { login, password }, of)
    await phone.goto(`${node.url}/sign-in`)
    await w.fill(phone.getByLabel('登录名'), 'li.na')
    await w.fill(phone.getByLabel('密码', { exact: true }), password)
    await w.tap(button('登录', phone))
    await phone.waitForURL(/\/o\//)
    await heading('总览')
  })

  let connected
  step('its machine is connected by the wizard and reports', async () => {
    mill = await runMill('127.0.0.1:0', '740*0.1')
    await w.tap(phone.getByRole('link', { name: '接入设备' }).first())
    await heading('接入向导')
    await w.fill(phone.getByRole('searchbox', { name: /按名称、厂商/ }), '数控铣床')
    await phone.getByRole('button', { name: `选择${template}` }).waitFor()
    await screen('template', '接入向导：选设备模板', 'The wizard: the machine’s template')
    await w.tap(phone.getByRole('button', { name: `选择${template}` }))
    await w.tap(button('新建并生成注册码', phone))
    const command = await phone.getByLabel('注册命令').textContent()
    const [, enrol] = /--code (jwe1_\S+)$/.exec(command)
    await screen('gateway', '新装网关的注册命令', 'The command that enrols the new gateway')
    await run(running, ['edge', '--data', join(folder, 'edge'), '--code', enrol], { any: /(\S)/ })
    await phone.getByRole('region', { name: '网关与地址' }).getByText('在线', { exact: true }).waitFor()
    await w.fill(phone.getByLabel('地址', { exact: true }), mill.address)
    await w.tap(button('下一步：试读', phone))
    await until(
      'values',
      async () => (await phone.getByRole('table', { name: '试读结果' }).locator('.value').count()) > 5,
    )
    await screen('try', '试读：保存之前先看读数', 'Readings before anything is saved')
    await w.tap(button('下一步：名称与位置', phone))
    await w.fill(phone.getByLabel('中文名称'), '数控铣床 1 号')
    await w.tap(button('保存并开始采集', phone))
    await heading('数控铣床 1 号')
    await until('live values', async () => (await phone.locator('.points .is-good').count()) > 5)
    connected = Date.now()
    await screen('machine', '设备实时数据', 'The machine, live')
  })

  const runMill = (listen, rows) =>
    run(
      running,
      [
        'sim',
        'modbus',
        '--listen',
        listen,
        '--control',
        '127.0.0.1:0',
        '--epoch',
        new Date().toISOString(),
        '--device',
        `1=cnc-mill-smart-testbed@${rows}`,
      ],
      { address: /^ready: (\S+)/m },
    )
  /** aMinute waits for the end of a minute that has the machine's values of its last `ms` and more. */
  const aMinute = async (since, ms) => {
    const ends = Math.ceil((since + ms) / 60_000) * 60_000
    await w.wait(ends + 3000 - Date.now())
  }
  const indicator = async () => (await api(`/programme-applications/${file}`)).indicators[0]

  step('what it measures is the baseline, frozen with the award', async () => {
    await goTo('项目申报')
    await w.tap(region('我们的申报', phone).getByRole('link', { name: '查看进度' }))
    await heading(project)
    const feed = region('验收指标', phone)
    await pick('进给速度', '进给', feed)
    await w.tap(button('选择测点', feed))
    await button('测量基线', feed).waitFor()
    await show(feed)
    await screen('bind', '选定验收指标的测点', 'The point by which acceptance will be measured')
    await aMinute(connected, 18_000)
    await w.tap(button('测量基线', feed))
    await feed.getByText('6 mm/s').first().waitFor()
    await show(feed)
    await screen('baseline', '实测基线', 'The baseline, as measured')
    assert.equal((await indicator()).baseline.value, '6')
    await take('award')
    await pay('国库 1')
    await phone.reload()
    await phone.getByText('¥ 2,000,000').first().waitFor()
    await feed.getByText('已冻结').waitFor()
    await screen(
      'award',
      '公示期满，立项：金额与依据，基线冻结',
      'Awarded after the period: amount and why, baseline frozen',
    )
    await show(region('拨付', phone))
    await region('拨付', phone).getByText('国库 1').waitFor()
    await screen('first-payment', '首期资金已拨付', 'The first part is paid')
  })

  step('its machine works faster now: the firm asks for acceptance', async () => {
    await mill.end()
    mill = await runMill(mill.address, '2212*0.05')
    const since = Date.now()
    await w.tap(phone.getByRole('link', { name: '申报材料与办理' }))
    await w.tap(button('申请验收', phone))
    await w.fill(phone.getByLabel(/报告|总结/).first(), '设备已联网，进给优化完成')
    await phone.locator('[data-save=saved]').waitFor()
    await screen('present', '申请验收', 'Asking for acceptance')
    await w.tap(button('提交', phone))
    await phone.locator('.pagehead').getByText('验收').waitFor()
    await goTo('供需对接')
    await w.tap(phone.getByRole('link', { name: '联系' }).first())
    await w.tap(phone.getByRole('link', { name: new RegExp(providerName) }).first())
    const next = phone.getByRole('region', { name: '下一步' })
    await w.tap(next.getByRole('group').getByRole('button', { name: '确认成效' }))
    await w.fill(next.getByLabel('实际交付日期'), day(0, 0))
    await w.fill(next.getByLabel('每年节省（元）'), '12万')
    await w.fill(next.getByLabel('取得的成效'), '设备自动采集，进给提高，少抄表 2 人')
    await screen('outcome', '确认服务商的交付与成效', 'What the provider has brought')
    await w.tap(next.locator('button[type=submit]'))
    await phone.locator('.pagehead').getByText('已见效').waitFor()
    await w.tap(button('评价服务商', phone))
    await phone.getByText('已评价').waitFor()
    await screen('rated', '评价服务商', 'The provider is rated')
    assert.equal((await api(`/matching/providers/${provider}/rating`)).known, true)
    await goTo('项目申报')
    await w.tap(region('我们的申报', phone).getByRole('link', { name: '查看进度' }))
    await heading(project)
    const early = await main.context.request.post(`${node.url}/api/v1/cases/${file}/steps`, {
      data: { action: 'accept', basis: (await api(`/cases/${file}`)).revision, content: { opinion: '通过' } },
    })
    assert.equal((await early.json()).code, 'programme-indicator-not-reached')
    await aMinute(since, 22_000)
    const feed = region('验收指标', phone)
    await w.tap(button('测量验收值', feed))
    await feed.getByText('达到', { exact: true }).waitFor()
    await show(feed)
    await screen('effect', '验收值来自设备实测，达到指标', 'Measured again: the aim is reached')
    const { baseline, now, grade } = await indicator()
    assert.deepEqual([baseline.value, grade ?? now.grade], ['6', 'E3'])
    assert.ok(Number(now.value) >= 9, now.value)
  })

  step('it is accepted and paid', async () => {
    await take('accept', { opinion: '指标达到' })
    await pay('国库 2')
    await phone.reload()
    await phone.locator('.pagehead').getByText('已通过验收').waitFor()
    await screen('accepted', '通过验收', 'Accepted')
    await show(region('拨付', phone))
    await region('拨付', phone).getByText('国库 2').waitFor()
    await screen('last-payment', '尾款已拨付', 'The last part is paid')
    const mine = (await api(`/ledger/commitments?org=${home}`)).items.find((c) => c.paid > 0)
    assert.deepEqual([mine.committed, mine.paid], [0, 200_000_000])
  })

  step('it is checked up again, and the plant answers', async () => {
    await goTo('企业体检')
    await w.tap(phone.locator('[data-instrument=sme2024]').getByRole('button', { name: /^沿用/ }))
    await phone.waitForURL(/\/checkup\/[0-9a-f-]{36}/)
    const again = /\/checkup\/([0-9a-f-]{36})/.exec(phone.url())[1]
    assert.notEqual(again, checkup)
    await w.tap(phone.getByRole('navigation', { name: '分部分' }).getByRole('button').first())
    while (!(await phone.getByText(/平台实测 1 \/ 1 = 100 %/).count())) await w.tap(button('下一题', phone))
    await screen('measured', '复检：平台实测代答', 'Re-check: the plant answers')
    await phone.goto(`${node.url}/o/${firm}/checkup/${again}?q=end`)
    await w.tap(button('提交', phone))
    await phone.waitForURL(/\/result$/)
    await region('等级', phone).locator('[data-standing=declared]').waitFor()
    await screen('result-again', '复检结果：证据等级提高', 'The result: more of it is proven')
    const proven = async (id) => (await api(`/checkups/${id}/result`, phone.context())).checkup.standing.provenPoints
    const [was, is] = [await proven(checkup), await proven(again)]
    assert.ok(is > was, `${was} points were proven, ${is} are`)
    await w.tap(button('与上次比较', phone))
    await heading('与上次比较')
    await w.tap(phone.locator('.ant-segmented-item', { hasText: '有证据' }))
    await phone.getByText('没有变化').waitFor({ state: 'detached' })
    await screen('compared', '与上次相比', 'Compared with the time before')
  })

  step('every screen is told in docs/loop.md', () => {
    const { screens, taps, seconds, waited, steps } = w.finish()
    console.log(
      `loop: ${screens} screens, ${taps} taps and fields, ${seconds} s (${waited} s of them waiting for whole minutes)`,
    )
    const told = readFileSync(join(root, 'docs/loop.md'), 'utf8')
    for (const s of steps)
      assert.ok(told.includes(`screenshots/${s.file}`) && told.includes(s.zh) && told.includes(s.en), s.file)
    assert.deepEqual(faults, [])
  })
})
