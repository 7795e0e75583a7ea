import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { findBrowser, launch, light, open, patience, plain, settled, until } from './browser.mjs'
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
 *   choose(label, option, within, search)   from a list that opens; the option by its words, or a number (-1: the last)
 *   item(name, of)         of the menu that has just been opened
 *   region(name, of), picture(name, of), pictures (their folder), faults (what went wrong in any page)
 *   shown(look, state)     a window of a look, the same each time, for who is signed in by `state`
 *   visit(page, path)      goes there as a link does: without loading the console anew
 *   shots(pages, state, {looks, ready})   a picture of each page in each look, which owes what every page owes
 */
export function story(title, name, tell) {
  describe(title, { skip: chromium ? false : 'SKIPPED: chromium is not installed' }, () => {
    const faults = []
    let node, browser, main, page
    const windows = new Map()
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
      const answer = await of.request.get(`${node.url}/api/v1${path}`, { timeout: patience })
      assert.equal(answer.status(), 200, path)
      return answer.json()
    }
    const choose = async (label, option, within = page, search = '') => {
      const list = (within.page?.() ?? within).locator('.ant-select-dropdown:visible')
      const options = list.locator('.ant-select-item-option, .ant-select-tree-title')
      const one = typeof option === 'number' ? options.nth(option) : options.filter({ hasText: option }).first()
      await until('the list before to be gone', async () => (await list.count()) === 0)
      const box = within.getByRole('combobox', { name: label, exact: true })
      await box.click()
      if (search) await box.fill(search)
      await one.waitFor()
      // A list that is still unfolding may move away under the mouse: then nothing is chosen, and it stays open.
      await until(`${option} to be chosen`, async () => {
        await one.click({ timeout: 2000 }).catch(() => {})
        return until('the list to shut', async () => (await list.count()) === 0, 2000).catch(() => false)
      })
    }
    /** item presses an item of a menu that has just been asked for; one that is still unfolding moves away, as a list does. */
    const item = async (words, of = page) => {
      const one = of.getByRole('menuitem', { name: words })
      await one.waitFor()
      await until(`${words} to be pressed`, async () => {
        await one.click({ timeout: 2000 }).catch(() => {})
        return until('the menu to shut', async () => !(await one.isVisible()), 2000).catch(() => false)
      })
    }
    const region = (words, of = page) => of.getByRole('region', { name: words, exact: true })
    const picture = async (name, of = page) => {
      await settled(of)
      await of.screenshot({ path: join(pictures, `${name}.png`) })
    }
    const shown = async (look, state) => {
      const who = JSON.stringify([look, state])
      if (!windows.has(who)) windows.set(who, (await open(browser, look, faults, state)).page)
      return windows.get(who)
    }
    // By way of a page that is no other's: its heading is gone when the next one's is there.
    const reach = async (of, path) => {
      if (!of.url().startsWith(node.url)) await of.goto(node.url + path)
      else {
        const nowhere = of.getByRole('heading', { level: 1, name: /^(没有这个页面|There is no such page)$/ })
        await of.evaluate(turn, `${/^\/o\/[^/?]+/.exec(path)?.[0] ?? ''}/nowhere`)
        await nowhere.waitFor()
        await of.evaluate(turn, path)
        await nowhere.waitFor({ state: 'detached' })
      }
      await of.getByRole('heading', { level: 1 }).first().waitFor()
    }
    const visit = async (of, path) => {
      await reach(of, path)
      await settled(of)
    }
    const shots = async (
      pages,
      state,
      { looks = ['zh', 'en', 'zh-dark', 'zh-phone'], ready = async () => {} } = {},
    ) => {
      for (const look of new Set(looks.map((l) => l.replace('-dark', '')))) {
        const of = await shown(look, state)
        for (const [name, path] of Object.entries(pages)) {
          await reach(of, path)
          for (const now of [look, `${look}-dark`].filter((l) => looks.includes(l))) {
            await light(of, now === look)
            await ready(of, name, now)
            await settled(of)
            assert.equal(await of.locator('.fault').count(), 0, `${name} ${now}: an answer was refused`)
            assert.deepEqual(await plain(of), [], `${name} ${now}`)
            await of.screenshot({ path: join(pictures, `${name}-${now}.png`) })
          }
          await light(of, true)
        }
        // A page that nobody looks at must not go on asking.
        await of.goto('about:blank')
      }
    }
    tell({ step, begin, signIn, api, button, choose, item, region, picture, pictures, shown, visit, shots, faults })
  })
}

/** turn runs in the page: it goes to an address as the buttons back and forward do. */
function turn(path) {
  window.history.pushState(null, '', path)
  window.dispatchEvent(new window.PopStateEvent('popstate', { state: null }))
  window.scrollTo(0, 0)
}
