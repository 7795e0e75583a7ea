// Identifiers and the nodes that resolve them, in a real browser against the real binary: one is registered by hand, found, changed, seen as it
// stood; a file is refused with its wrong row and then taken; a node below is entered, and its probe turns.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before } from 'node:test'

import { plain, until } from './browser.mjs'
import { run } from './program.mjs'
import { story } from './story.mjs'

const prefix = '88.101'
const name = `${prefix}/bearing-1`

/** freePort is a UDP port that nobody has just now. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })

/** startResolver runs a node that answers the Handle protocol at `door`. */
const startResolver = async () => {
  const data = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
  const running = []
  const stop = async () => {
    for (const end of running) await end()
    rmSync(data, { recursive: true, force: true })
  }
  try {
    const door = `127.0.0.1:${await freePort()}`
    const quiet = ['--https', '127.0.0.1:0', '--link', 'off', '--mqtt', 'off']
    const node = await run(
      running,
      ['serve', '--data', data, '--http', '127.0.0.1:0', ...quiet, '--handle-udp', door],
      { url: /^ready: (\S+) /m, link: /^sign in: (\S+)$/m },
    )
    return { ...node, door, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

story('identifiers', 'identifiers', ({ step, begin, signIn, api, button, choose, region, shots, faults }) => {
  let node, main, page, state, org

  before(async () => {
    ;({ node, main, page } = await begin(startResolver))
  })

  const dialog = () => page.getByRole('dialog').last()
  const gone = () => page.locator('.ant-modal-wrap:visible').waitFor({ state: 'hidden' })
  const ask = async (method, path, data) => {
    const answer = await main.context.request.fetch(`${node.url}/api/v1${path}`, { method, data })
    assert.ok(answer.ok(), `${path}: ${answer.status()} ${await answer.text()}`)
  }
  const upload = async (file, rows) => {
    await button('上传文件').click()
    await dialog()
      .getByLabel('文件', { exact: true })
      .setInputFiles({ name: file, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) })
    await button('开始注册', dialog()).click()
    await gone()
  }

  step('lets in, and says where a prefix comes from', async () => {
    ;({ state, org } = await signIn())
    await page.goto(`${node.url}/o/${org}/identifiers`)
    await page.getByRole('heading', { level: 1, name: '标识', exact: true }).waitFor()
    await page.getByText('还没有标识前缀').waitFor()
    assert.deepEqual(await plain(page), [])
    await ask('POST', '/prefixes', { prefix, org, state: 'homed', reason: '分配证书 0001' })
  })

  step('drafts a template and publishes it', async () => {
    await page.goto(`${node.url}/o/${org}/identifiers?part=templates`)
    await button('新建模板').click()
    await dialog().getByLabel('模板名称（中文）').fill('轴承')
    await dialog().getByLabel('模板名称（英文）').fill('Bearing')
    const item = (n) => dialog().getByRole('group', { name: `第 ${n} 项` })
    await item(1).getByLabel('名称', { exact: true }).fill('product')
    await item(1).getByLabel('显示名（中文）').fill('产品名称')
    await item(1).getByLabel('显示名（英文）').fill('Product')
    await item(1).getByLabel('必填').check()
    await button('添加属性项', dialog()).click()
    await item(2).getByLabel('名称', { exact: true }).fill('diameter')
    await item(2).getByLabel('显示名（中文）').fill('内径')
    await item(2).getByLabel('显示名（英文）').fill('Bore')
    await choose('数据类型', '数字', item(2))
    await button('保存', dialog()).click()
    await gone()
    await region('轴承 1.0.0').getByText('草稿', { exact: true }).waitFor()
    await button('发布', region('轴承 1.0.0')).click()
    await button('发布', dialog()).click()
    await region('轴承 1.0.0').getByText('已发布').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('registers one by hand', async () => {
    await page.goto(`${node.url}/o/${org}/identifiers`)
    await button('注册标识').click()
    await dialog().getByLabel('后缀').fill('bearing-1')
    await dialog().getByLabel('产品名称').fill('深沟球轴承')
    await dialog().getByLabel('内径').fill('45')
    for (const [n, type, data] of [
      [1, 'URL', 'https://firm.example/6209'],
      [2, 'NOTE', '内部备注'],
    ]) {
      await button('添加值', dialog()).click()
      const line = dialog().getByRole('group', { name: `第 ${n} 个值` })
      await line.getByLabel('类型').fill(type)
      await line.getByLabel('数据').fill(data)
      if (type === 'NOTE') await choose('可见范围', '仅管理者', line)
    }
    await button('注册标识', dialog()).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await region('标识值').getByText('深沟球轴承').waitFor()
    await region('标识值').getByText('内部备注').waitFor()
    const told = await (await main.context.request.get(`${node.url}/i/${name}`)).text()
    assert.match(told, /深沟球轴承/)
    assert.doesNotMatch(told, /内部备注/)
    assert.deepEqual(await plain(page), [])
  })

  step('changes it, and shows it as it stood', async () => {
    await button('修改').click()
    await dialog().getByLabel('产品名称').fill('圆锥滚子轴承')
    await button('删除第 2 个值', dialog()).click()
    await dialog().getByLabel('原因').fill('换了产品')
    await button('保存', dialog()).click()
    await gone()
    await region('标识值').getByText('圆锥滚子轴承').waitFor()
    assert.equal(await region('标识值').getByText('内部备注').count(), 0)
    const { items } = await api(`/identifiers/versions?identifier=${encodeURIComponent(name)}`)
    assert.deepEqual(
      items.map((x) => x.operation),
      ['remove', 'add', 'create'],
    )
    await region('历次版本').getByRole('button', { name: '查看当时' }).last().click()
    await region('标识值').getByText('深沟球轴承').waitFor()
    await region('标识值').getByText('内部备注').waitFor()
    await button('回到现在').click()
    await region('标识值').getByText('圆锥滚子轴承').waitFor()
    const proof = `${node.url}/api/v1/identifiers/proof?identifier=${encodeURIComponent(name)}`
    await until('the commit to be in the log', async () => (await main.context.request.get(proof)).ok())
    const file = page.waitForEvent('download')
    await button('下载存证证明').click()
    assert.match((await file).suggestedFilename(), /^bearing-1\.proof\.json$/)
  })

  step('names the wrong row of a file, and takes a right one', async () => {
    await page.goto(`${node.url}/o/${org}/identifiers?part=imports`)
    await upload('wrong.csv', ['suffix,产品名称,内径,1 URL', 'b-1,轴承一,10,https://firm.example/1', 'b-2,轴承二,粗,'])
    const rows = region('批量注册').getByRole('row')
    await rows.filter({ hasText: '有错误，未注册' }).waitFor()
    await button('查看错误').click()
    await dialog().getByRole('cell', { name: '不是数字' }).waitFor()
    await dialog()
      .getByRole('row', { name: /^3 .*粗/ })
      .waitFor()
    assert.deepEqual(await plain(page), [])
    await button('关闭', dialog().locator('.ant-modal-footer')).click()
    await gone()
    const good = Array.from(
      { length: 60 },
      (_, i) => `b-${i + 1},轴承 ${i + 1} 号,${i + 1},https://firm.example/${i + 1}`,
    )
    await upload('right.csv', ['suffix,产品名称,内径,1 URL', ...good])
    await rows.filter({ hasText: '已完成' }).waitFor()
  })

  step('finds them by words, beginning and attribute, page by page', async () => {
    await page.goto(`${node.url}/o/${org}/identifiers`)
    const list = region('标识')
    await list.getByText('共 61 个').waitFor()
    await button('较早', list).click()
    await button('较新', list).click()
    await list.getByLabel('名称或全文').fill('滚子')
    await list.getByText('共 1 个').waitFor()
    await list.getByRole('link', { name }).waitFor()
    await list.getByLabel('名称或全文').fill('')
    await list.getByLabel('后缀开头').fill('b-')
    await list.getByText('共 60 个').waitFor()
    await choose('属性', '内径', list)
    await choose('比较', '>=', list)
    await list.getByLabel('值', { exact: true }).fill('59')
    await button('添加条件', list).click()
    await list.getByText('共 2 个').waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('enters a node below, and its probe turns', async () => {
    const { keys } = await api(`/docking/above?org=${org}`)
    await page.goto(`${node.url}/o/${org}/docking`)
    await button('登记节点').click()
    for (const [label, words] of [
      ['标识前缀', prefix],
      ['节点名称（中文）', '轴承厂企业节点'],
      ['节点名称（英文）', 'Bearing works'],
      ['运营单位（中文）', '轴承厂'],
      ['运营单位（英文）', 'Bearing works Ltd'],
      ['节点公钥', keys.join('\n')],
      ['探测标识', name],
      ['解析地址', `udp ${node.door}`],
      ['原因', '申请对接'],
    ])
      await dialog().getByLabel(label).fill(words)
    await choose('类型', '企业节点', dialog())
    await button('保存', dialog()).click()
    await gone()
    await region('下级节点').getByRole('link', { name: '轴承厂企业节点' }).click()
    await region('探测').getByText('尚未探测').waitFor()
    await button('变更状态').click()
    await dialog().getByLabel('原因').fill('开始对接测试')
    await button('保存', dialog()).click()
    await gone()
    await region('探测')
      .getByRole('row', { name: /应答正常/ })
      .waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('tells its keys for the register of the node above', async () => {
    await page.goto(`${node.url}/o/${org}/docking?part=above`)
    await region('向上级报送').getByLabel('本节点公钥').first().waitFor()
    assert.deepEqual(await plain(page), [])
  })

  step('is the same in every look', async () => {
    const { items } = await api(`/docking/nodes?org=${org}`)
    const at = (path) => `/o/${org}/${path}`
    await shots(
      {
        identifiers: at('identifiers'),
        'identifiers-record': at(`identifiers/record?identifier=${encodeURIComponent(name)}`),
        'identifiers-templates': at('identifiers?part=templates'),
        'identifiers-imports': at('identifiers?part=imports'),
        docking: at('docking'),
        'docking-node': at(`docking/${items[0].id}`),
        'docking-volumes': at('docking?part=volumes'),
        'docking-above': at('docking?part=above'),
      },
      state,
    )
  })

  step('deletes it with a reason; its versions stay', async () => {
    await page.goto(`${node.url}/o/${org}/identifiers/record?identifier=${encodeURIComponent(name)}`)
    await button('删除').click()
    await dialog().getByLabel('原因').fill('产品停产')
    await button('删除', dialog().locator('.ant-modal-footer')).click()
    await gone()
    await region('历次版本').getByRole('row', { name: /删除/ }).waitFor()
    assert.equal((await main.context.request.get(`${node.url}/i/${name}`)).status(), 404)
  })

  step('has made no fault on the way', () => assert.deepEqual(faults, []))
})
