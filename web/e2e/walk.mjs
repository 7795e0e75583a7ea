import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { settled } from './browser.mjs'

/**
 * newWalk counts what a person does in a window, and keeps a picture of each screen with its words in both languages.
 * Nothing else of a test touches the window, so that the count is the person's.
 */
export function newWalk(page, name, folder) {
  const begun = Date.now()
  const screens = []
  let taps = 0
  let waited = 0
  return {
    page,
    /** did counts what is done with the help of another. */
    did: (more) => {
      taps += more
    },
    tap: async (what) => {
      taps++
      await what.click()
    },
    fill: async (what, words) => {
      taps++
      await what.fill(words)
    },
    choose: async (what, file) => {
      taps++
      const chooser = page.waitForEvent('filechooser')
      await what.click()
      await (await chooser).setFiles(file)
    },
    /** screen keeps the next picture: NAME-NN-as.png. */
    screen: async (as, zh, en) => {
      const file = `${name}-${String(screens.length + 1).padStart(2, '0')}-${as}.png`
      await settled(page)
      await page.screenshot({ path: join(folder, file) })
      screens.push({ file, zh, en, taps, seconds: Math.round((Date.now() - begun) / 1000) })
    },
    /** wait is for what nobody can hasten: the clock. */
    wait: async (ms) => {
      waited += Math.max(0, ms)
      await page.waitForTimeout(Math.max(0, ms))
    },
    /** finish writes NAME.json beside the pictures, and gives the sums. */
    finish: () => {
      const sums = {
        screens: screens.length,
        taps,
        seconds: Math.round((Date.now() - begun) / 1000),
        waited: Math.round(waited / 1000),
      }
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...sums, steps: screens }, null, 2) + '\n')
      return { ...sums, steps: screens }
    },
  }
}
