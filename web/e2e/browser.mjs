import { existsSync } from 'node:fs'

import { chromium } from 'playwright-core'

// The shell is the same engine without the windows, menus and pages of a browser, which nobody sees here and which need a
// third of the processor.
const places = [
  process.env.CHROMIUM,
  '/usr/lib/chromium/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** findBrowser is the path of Debian's Chromium, or undefined. */
export const findBrowser = () => places.find((p) => p && existsSync(p))

export function launch(executablePath) {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** looks are the ways in which a page is shown. */
export const looks = {
  zh: { lang: 'zh' },
  en: { lang: 'en' },
  'zh-dark': { lang: 'zh', dark: true },
  'en-dark': { lang: 'en', dark: true },
  'zh-phone': { lang: 'zh', phone: true },
  'en-phone': { lang: 'en', phone: true },
}

/** patience is how long, in ms, something may take on a slow machine that does much else. Only what fails waits for so long. */
export const patience = 60_000

/** What each page has asked the node for and was not answered yet, by page. */
const asked = new WeakMap()

const isQuestion = (request) =>
  (request.resourceType() === 'fetch' || request.resourceType() === 'xhr') && request.url().includes('/api/')

/** listen keeps `asked` of a page. A stream has no end: its first byte is its answer. */
function listen(page) {
  const open = new Set()
  asked.set(page, open)
  const answered = (request) => open.delete(request)
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) open.clear()
    if (isQuestion(request)) open.add(request)
  })
  page.on('response', (answer) => {
    if (answer.headers()['content-type']?.startsWith('text/event-stream')) answered(answer.request())
  })
  page.on('requestfinished', answered)
  page.on('requestfailed', answered)
}

/**
 * settled waits until a page shows all that it will: nothing is being loaded, no question is open, what moves into its
 * place has come there. A page that asks or moves without end has five seconds, and need only have been loaded then.
 */
export async function settled(page) {
  const end = Date.now() + 5_000
  await until('the page to be loaded', async () => {
    const still = await page.evaluate(async () => {
      const moves = () =>
        document
          .getAnimations()
          .some((a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Infinity)
      // What an answer leads to is asked for in the frames after it.
      for (let i = 0; i < 2; i++) await new Promise((resolve) => window.requestAnimationFrame(resolve))
      return document.querySelector('.bones') ? 'loading' : moves() ? 'moves' : ''
    })
    const quiet = still === '' && !asked.get(page)?.size
    return quiet || (still !== 'loading' && Date.now() > end)
  })
}

/** light lets it be day or night while a page is open, as where the system changes its colours in the evening. */
export async function light(page, day) {
  await page.emulateMedia({ colorScheme: day ? 'light' : 'dark' })
  await page.locator(`html[data-theme=${day ? 'light' : 'dark'}]`).waitFor({ state: 'attached' })
}

/** open makes a browser window of a look. What goes wrong in its pages is gathered in `faults`. */
export async function open(browser, look, faults, state) {
  const { lang, dark, phone } = looks[look]
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width: 1366, height: 768 },
    hasTouch: phone ?? false,
    colorScheme: dark ? 'dark' : 'light',
    // What unfolds or slides may move away under a pointer: a person aims again.
    reducedMotion: 'reduce',
    timezoneId: 'Asia/Shanghai',
    locale: lang === 'en' ? 'en-GB' : 'zh-CN',
    storageState: state,
    acceptDownloads: true,
  })
  await context.addInitScript((l) => {
    if (window.location.protocol === 'about:') return // it keeps nothing
    if (!localStorage.getItem('jingwei.lang')) localStorage.setItem('jingwei.lang', l)
  }, lang)
  context.setDefaultTimeout(patience)
  context.on('page', listen)
  const page = await context.newPage()
  page.on('pageerror', (e) => faults.push(`${look} ${page.url()}: ${e.message}`))
  page.on('console', (m) => {
    // A refusal that a page asked for and shows is logged by the browser all the same.
    if (m.type() === 'error' && !/Failed to load resource/.test(m.text()))
      faults.push(`${look} ${page.url()}: ${m.text()}`)
  })
  return { context, page }
}

/** until waits for what a function finds, and says what it waited for when it does not come. */
export async function until(what, find, within = patience) {
  const end = Date.now() + within
  for (let pause = 20; ; pause = Math.min(200, 2 * pause)) {
    const found = await find()
    if (found) return found
    if (Date.now() > end) throw new Error(`waited ${within / 1000} s for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/**
 * plain checks what every page owes to those who do not see it: one main heading, a main landmark, names for buttons,
 * links and fields, captions for tables; and that nothing lies beyond the right edge.
 */
export function plain(page) {
  return page.evaluate(() => {
    const faults = []
    const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden'
    const name = (e) =>
      (e.getAttribute('aria-label') ?? '') +
      (e.getAttribute('title') ?? '') +
      (e.getAttribute('placeholder') ?? '') +
      e.textContent +
      [...(e.labels ?? [])].map((l) => l.textContent).join('') +
      (e.getAttribute('aria-labelledby') ?? '')
    if (document.querySelectorAll('h1').length !== 1)
      faults.push(`${document.querySelectorAll('h1').length} main headings`)
    if (document.querySelectorAll('main').length !== 1) faults.push('no main landmark')
    for (const e of document.querySelectorAll('button, a[href], input:not([type=hidden]), textarea')) {
      if (shown(e) && name(e).trim() === '') faults.push(`no name: ${e.outerHTML.slice(0, 120)}`)
    }
    for (const e of document.querySelectorAll('table')) {
      if (shown(e) && !e.caption && !e.getAttribute('aria-label') && !e.closest('.tip'))
        faults.push('a table without caption')
    }
    const ids = [...document.querySelectorAll('[id]')].map((e) => e.id)
    for (const id of new Set(ids.filter((x, i) => ids.indexOf(x) !== i))) faults.push(`two elements have the id ${id}`)
    const over = document.documentElement.scrollWidth - window.innerWidth
    if (over > 0) faults.push(`${over} px beyond the right edge`)
    return faults
  })
}
