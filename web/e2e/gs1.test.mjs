// Products with GS1 identifiers in a real browser against the real binary: a code is read, links are declared, a scan leads there, labels
// are printed.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before } from 'node:test'

import { plain } from './browser.mjs'
import { startServe } from './node.mjs'
import { story } from './story.mjs'

const anchor = '/01/09506000134352'

story('products with GS1 identifiers', 'gs1', ({ step, begin, signIn, api, button, region, shots, faults }) => {
  let node, main, page, state, org

  before(async () => {
    ;({ node, main, page } = await begin(startServe))
  })

  const dialog = () => page.getByRole('dialog').last()
  const gone = () => page.locator('.ant-modal-wrap:visible').waitFor({ state: 'hidden' })
  const read = async (text) => {
    await page.getByLabel('条码内容、网址或追溯码').fill(text)
    await region('识读').getByRole('button').last().click()
  }

  step('lets in, and says by whom a company prefix comes', async () => {
    ;({ state, org } = await signIn())
    await page.goto(`${node.url}/o/${org}/gs1`)
    await page.getByRole('heading', { level: 1, name: '产品标识（GS1）' }).waitFor()
    await region('厂商识别代码').getByText('还没有登记厂商识别代码').waitFor()
    assert.deepEqual(await plain(page), [])
    const answer = await main.context.request.post(`${node.url}/api/v1/gs1/prefixes`, {
      data: { prefix: '950600', org, ground: '系统成员证书 0001' },
    })
    assert.equal(answer.status(), 201, await answer.text())
    await page.reload()
    await region('厂商识别代码').getByText('系统成员证书 0001').waitFor()
  })

  step('reads a code, and says exactly what is wrong with another', async () => {
    await read('(01)09506000134352(17)271231(10)L7(21)A7')
    await region('识读').getByText('BATCH/LOT').waitFor()
    await region('识读').getByText(`/id${anchor}/10/L7/21/A7?17=271231`).waitFor()
    assert.deepEqual(await plain(page), [])
    await read('(01)09506000134353')
    await region('识读')
      .getByText(/校验位不正确/)
      .first()
      .waitFor()
    // The browser notes the refusal, which was asked for.
    faults.splice(0, faults.length, ...faults.filter((f) => !/400/.test(String(f))))
  })

  step('declares links, and a scan leads there', async () => {
    await button('登记链接').click()
    await dialog().getByLabel('标识').fill(anchor)
    await dialog().getByLabel('产品名称（中文）').fill('蘑菇烩饭')
    await dialog().getByLabel('网址').fill('https://firm.example/risotto')
    await dialog().getByLabel('标题（中文）').fill('产品信息')
    assert.deepEqual(await plain(page), [])
    await button('登记', dialog()).click()
    await page.getByRole('heading', { level: 1, name: '蘑菇烩饭' }).waitFor()
    await region('链接').getByText('https://firm.example/risotto').waitFor()
    const scan = await main.context.request.get(`${node.url}/id${anchor}/21/S1?x=1`, { maxRedirects: 0 })
    assert.equal(scan.status(), 307)
    assert.equal(scan.headers().location, 'https://firm.example/risotto?x=1')
    assert.deepEqual(await plain(page), [])
  })

  step('changes them: a further version', async () => {
    await button('修改链接').click()
    await dialog().getByLabel('标题（中文）').fill('新的产品信息')
    await button('登记', dialog()).click()
    await gone()
    await region('历次版本').getByText('新的产品信息').waitFor()
    const { items } = await api(`/gs1/link-versions?anchor=${encodeURIComponent(anchor)}`)
    assert.deepEqual(
      items.map((x) => x.version),
      [2, 1],
    )
  })

  step('prints labels', async () => {
    await button('打印标签').click()
    const file = page.waitForEvent('download')
    await button('生成 PDF', dialog()).click()
    const pdf = await readFile(await (await file).path())
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
    await gone()
  })

  step('is the same in every look', () =>
    shots({ gs1: `/o/${org}/gs1`, 'gs1-thing': `/o/${org}/gs1/thing?anchor=${encodeURIComponent(anchor)}` }, state),
  )

  step('has made no fault on the way', () => assert.deepEqual(faults, []))
})
