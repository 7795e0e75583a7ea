import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { findBrowser, launch, open, until } from './browser.mjs'
import { startNode } from './node.mjs'

const out = join(import.meta.dirname, '.out')
const pictures = process.env.JINGWEI_SCREENSHOTS ?? join(import.meta.dirname, '../../docs/screenshots')
const chromium = findBrowser()
export const password = 'copper lathe seventeen'

if (!chromium && process.env.JINGWEI_TEST_STRICT) {
  throw new Error('chromium is not installed; run scripts/peers.sh as root (JINGWEI_TEST_STRICT forbids skipping)')
}

/**
 * story is a test in steps, each of which stands on the ones before it: after a failure the rest is not tried, and a
 * pictures .out/NAME-failure*.png, one of each window, tell what was seen. `tell` gets what all stories need:
 *
 *   step(name, work)       one step
 *   begin(start)           a node (the demo, or what `start` gives), a browser and a Chinese window; all end with the story
 *   signIn()               by the node's one-time link, with a password; gives the organisation
 *   api(path)              a JSON answer of the node to who is signed in
 *   button(name, within)   by its words or a pattern; also while it works or has an icon; antd sets two characters apart
 *   choose(label, option, within)   from a list that opens; the option by its words, or a number (-1: the last)
 *   region(name, of), picture(name, of), pictures (their folder), faults (what went wrong in any page)
 */
export function story(title, name, tell) {
  describe(title, { skip: chromium ? false : 'SKIPPED: chromium is not installed' }, () => {
    const faults = []
    let node, browser, main, page
    let broken = false
    const step = (what, work) =>
      it(what, async (t) => {
        if (broken) return t.skip('an earlier step failed')
        try {
          await work()
        } catch (e) {
          broken = true
          mkdirSync(out, { recursive: true })
          const windows = browser?.contexts().flatMap((c) => c.pages()) ?? []
          for (const [i, w] of windows.entries()) {
            await w.screenshot({ path: join(out, `${name}-failure${i ? `-${i}` : ''}.png`) }).catch(() => {})
          }
          throw e
        }
      })
    const begin = async (start = startNode) => {
      node = await start()
      browser = await launch(chromium)
      main = await open(browser, 'zh', faults)
      page = main.page
      return { node, browser, main, page }
    }
    before(() => mkdirSync(pictures, { recursive: true }))
    after(async () => {
      await browser?.close()
      await node?.stop()
    })
    const button = (words, within = page) =>
      within.getByRole('button', {
        name: words instanceof RegExp ? words : new RegExp(`^(\\S+ )?${words.split('').join(' ?')}$`),
      })
    const signIn = async () => {
      await page.goto(node.link)
      await page.getByLabel('新密码').fill(password)
      await page.getByLabel('再输入一次').fill(password)
      await button('保存并进入').click()
      await page.waitForURL(/\/o\//)
      await page.getByRole('heading', { level: 1, name: '总览' }).waitFor()
      // The sign-in only: the language of a further window is that of its look.
      const state = { cookies: (await main.context.storageState()).cookies, origins: [] }
      return { state, org: /\/o\/([^/?]+)/.exec(page.url())[1] }
    }
    const api = async (path, of = main.context) => {
      const answer = await of.request.get(`${node.url}/api/v1${path}`, { timeout: 60_000 })
      assert.equal(answer.status(), 200, path)
      return answer.json()
    }
    const choose = async (label, option, within = page) => {
      const list = page.locator('.ant-select-dropdown:visible')
      const options = list.locator('.ant-select-item-option, .ant-select-tree-title')
      const one = typeof option === 'number' ? options.nth(option) : options.filter({ hasText: option }).first()
      await until('the list before to be gone', async () => (await list.count()) === 0)
      await within.getByRole('combobox', { name: label, exact: true }).click()
      await one.waitFor()
      // A list that is still unfolding may move away under the mouse: then nothing is chosen, and it stays open.
      await until(`${option} to be chosen`, async () => {
        await one.click({ timeout: 2000 }).catch(() => {})
        await page.waitForTimeout(250)
        return (await list.count()) === 0
      })
    }
    const region = (words, of = page) => of.getByRole('region', { name: words, exact: true })
    const picture = (of, shown = page) => shown.screenshot({ path: join(pictures, `${of}.png`) })
    tell({ step, begin, signIn, api, button, choose, region, picture, pictures, faults })
  })
}
