// Every page of the console under axe-core: what keeps a person with a reader, a keyboard or weak eyes out is a fault,
// in both languages, by day and by night, on a desk and in a hand. A look adds what only it can break.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { before } from 'node:test'

import { open, plain, until } from './browser.mjs'
import { story } from './story.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

story('every page', 'pages', ({ step, begin, signIn, api, faults }) => {
  let node, browser, main, state, org, pages

  before(async () => {
    ;({ node, browser, main } = await begin())
    ;({ state, org } = await signIn())
  })

  step('is reached by its address', async () => {
    const machine = (await api(`/plant/nodes?org=${org}&kind=machine&limit=1000`)).items[0]
    const series = (await api(`/series?org=${org}&limit=1000`)).items.filter((s) => s.machine === machine.id)
    const [gateway] = (await api(`/gateways?org=${org}`)).items
    const [source] = (await api(`/sources?org=${org}`)).items
    await until('samples', async () => (await api(`/series/${series[0].id}/samples?limit=10`)).items.length > 5)
    const post = async (path, data) => {
      const answer = await main.context.request.post(`${node.url}/api/v1${path}`, { data })
      assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
      return answer.json()
    }
    await post(`/registers/departments/adopt?org=${org}`)
    const [entry] = (await api(`/registers/departments/entries?org=${org}&limit=1`)).items
    const order = { number: 'HT-1', signed: '2026-03-02', partyName: '示例', subject: 'software', amount: 100 }
    const fact = await post('/facts', { org, kind: 'contract', source: 'erp', externalId: 'HT-1', content: order })
    const checkup = await post('/checkups', { org, instrument: 'sme2024' })
    const two = series.slice(0, 2).map((s) => s.id)
    const here = {
      overview: '',
      machine: `/m/${machine.id}?last=5m`,
      gateways: '/gateways',
      gateway: `/gateways/${gateway.id}`,
      wizard: '/connect',
      sources: '/sources',
      source: `/sources/${source.id}`,
      files: '/files',
      'trend, empty': '/trend',
      trend: `/trend?s=${two.join(',')}&last=5m`,
      corrections: '/corrections',
      health: `/health?node=${machine.id}&series=${two[0]}`,
      points: '/points',
      scale: '/scale',
      storage: '/storage',
      backups: '/backups',
      calendars: '/calendars',
      registers: '/registers',
      programmes: '/programmes',
      rounds: '/rounds',
      reviews: '/reviews',
      'register, empty': '/registers/enterprises',
      register: '/registers/departments',
      'register entry': `/registers/departments/${entry.id}`,
      desk: '/desk',
      cases: '/cases',
      offers: '/offers',
      apply: '/apply',
      search: '/search?q=科技',
      tasks: '/tasks',
      support: '/support',
      policies: '/policies',
      vouchers: '/vouchers',
      ledger: '/ledger',
      'policy lab': '/policy-lab',
      facts: '/facts',
      checkup: '/checkup',
      'check-up, a question': `/checkup/${checkup.id}`,
      'check-up, look over': `/checkup/${checkup.id}?q=end`,
      'check-up, prescription': `/checkup/${checkup.id}/prescription`,
      'check-up campaigns': '/checkup-campaigns',
      'facts of a kind': '/facts?kind=contract',
      fact: `/facts/${fact.id}`,
      plant: `/plant?node=${machine.id}`,
      inbox: '/inbox',
      'message channels': '/inbox/channels',
      grants: '/grants',
      people: '/people',
      'applications to join': '/applications',
      mandates: '/mandates',
      tokens: '/people?tab=tokens',
      audit: '/audit',
      account: '/account',
      'no page': '/nowhere',
    }
    pages = Object.entries(here).map(([name, path]) => [name, `/o/${org}${path}`])
    pages.push(['sign-in', '/sign-in'], ['sign-up', '/sign-up'], ['join', '/join'])
  })

  const contrast = 'color-contrast'
  const rules = {
    zh: {},
    'zh-dark': { runOnly: [contrast] },
    'en-phone': { rules: { [contrast]: { enabled: false } } },
  }
  /** look tells what a page, as it is now, owes to those who do not see it or cannot point. */
  const look = async (page, chosen) => {
    const found = await plain(page)
    const { violations } = await page.evaluate(
      (options) => globalThis.axe.run({ resultTypes: ['violations'], preload: false, ...options }),
      chosen,
    )
    for (const v of violations) {
      for (const n of v.nodes) found.push(`${v.id}: ${n.target.join(' ')}: ${n.any[0]?.message ?? v.help}`)
    }
    return found
  }
  for (const [of, chosen] of Object.entries(rules)) {
    step(`has nothing that keeps somebody out: ${of}`, async () => {
      const { context, page } = await open(browser, of, faults, state)
      const found = []
      for (const [name, path] of pages) {
        await page.goto(node.url + path)
        await page.getByRole('heading', { level: 1 }).first().waitFor()
        await until('loaded', async () => (await page.locator('.bones').count()) === 0)
        await page.evaluate(axe)
        // A page that has just come may still be settling: a box, say, that learns a moment later that it scrolls.
        let seen = await look(page, chosen)
        for (let again = 0; seen.length > 0 && again < 5; again++) {
          await page.waitForTimeout(500)
          seen = await look(page, chosen)
        }
        for (const fault of seen) found.push(`${name}: ${fault}`)
      }
      await context.close()
      assert.deepEqual(found, [])
    })
  }

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})
