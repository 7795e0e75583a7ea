// Every page of the console under axe-core: what keeps a person with a reader, a keyboard or weak eyes out is a fault,
// in both languages, by day and by night, on a desk and in a hand. A look adds what only it can break.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { before } from 'node:test'

import { light, open, plain, settled, until } from './browser.mjs'
import { story } from './story.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

story('every page', 'pages', ({ step, begin, signIn, api, shown, visit, faults }) => {
  let node, browser, main, state, org, pages

  before(async () => {
    ;({ node, browser, main } = await begin())
    ;({ state, org } = await signIn())
  })

  step('is reached by its address', async () => {
    const machine = (await api(`/plant/nodes?org=${org}&kind=machine&limit=1000`)).items[0]
    const series = (await api(`/series?org=${org}&limit=1000`)).items.filter((s) => s.machine === machine.id)
    // The demo connects while one signs in already.
    const gateway = await until('a gateway', async () => (await api(`/gateways?org=${org}`)).items[0])
    const source = await until('a source', async () => (await api(`/sources?org=${org}`)).items[0])
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
    const firm = (await post('/orgs', { kind: 'enterprise', name: { zh: '示例厂', en: 'Example Works' } })).id
    const provider = (await post('/orgs', { kind: 'enterprise', name: { zh: '示例公司', en: 'Example Company' } })).id
    const registered = { code: '914403001000000248', name: '示例公司', kind: 'software', provider }
    const admitted = await post('/registers/providers/entries', { org, content: registered })
    await post(`/register-entries/${admitted.id}/transitions`, { transition: 'admit', basis: 1, reason: '资料齐全' })
    const offered = { title: '注塑机联网网关', summary: '自动采集产量', covers: [{ kind: 'equipment-networking' }] }
    const supply = await post('/matching/supplies', { org: provider, register: 'solutions', content: offered })
    await post(`/register-entries/${supply.id}/transitions`, { transition: 'publish', basis: supply.revision })
    const wanted = { org: firm, kind: 'equipment-networking', title: '冲床联网', visibility: 'public' }
    const need = await post('/matching/needs', wanted)
    const asking = { as: firm, need: need.id, supply: supply.id, words: '想了解方案' }
    const contact = await post('/matching/contacts', asking)
    const event = await post(`/matching/events?org=${org}`, {
      title: '供需对接会',
      day: '2099-01-05',
      seats: 20,
      rounds: 3,
      tables: 5,
    })
    const filed = await post('/cases', { flow: 'approval', org, content: { matter: '购置机床', amount: 5_000_000 } })
    const draft = await post('/drafts', { org, kind: 'case', id: 'approval' })
    const inquiry = await post('/support/inquiries', { org, name: '智能车间' })
    const answered = async (copy) => {
      const { id } = await post('/checkups', { org, instrument: 'sme2024', copy })
      const { form, answers } = await api(`/checkups/${id}`)
      for (const q of form.questions.filter((f) => !answers.some((a) => a.question === f.id))) {
        const path = `/checkups/${id}/answers/${q.id}`
        await main.context.request.put(`${node.url}/api/v1${path}`, { data: { basis: 0, unknown: true } })
      }
      await post(`/checkups/${id}/submission`)
      return id
    }
    const before = await answered()
    const after = await answered(before)
    const checkup = await post('/checkups', { org, instrument: 'sme2024', copy: after })
    const two = series.slice(0, 2).map((s) => s.id)
    const here = {
      overview: '',
      machine: `/m/${machine.id}?last=5m`,
      'twin of a machine': `/m/${machine.id}/twin`,
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
      'energy, own': '/energy?view=own',
      'energy, board': '/energy?view=board',
      'main meters': '/energy/meters',
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
      targets: '/targets?on=2018-12-31&region=330000',
      'target of enterprises': '/targets/KPI-ZJ-12?on=2018-12-31',
      'target of a region': '/targets/KPI-GD16-12?on=2018-12-31',
      indicator: '/indicators/energy-utilisation-increase?period=2018&baseline=2015-12-31',
      region: '/region?on=2018-12-31&region=330000',
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
      'check-up, result': `/checkup/${after}/result`,
      'check-up, compared': `/checkup/${after}/compare`,
      'check-up campaigns': '/checkup-campaigns',
      'needs, none': '/needs',
      'contacts, none': '/needs/contacts',
      'supply and needs': '/matching',
      events: '/needs/events',
      event: `/needs/events/${event.id}`,
      case: `/cases/${filed.id}`,
      'apply for one': '/apply/approval',
      draft: `/drafts/${draft.id}`,
      'support, one': `/support/${inquiry.id}`,
      'facts of a kind': '/facts?kind=contract',
      fact: `/facts/${fact.id}`,
      plant: `/plant?node=${machine.id}`,
      inbox: '/inbox',
      'message channels': '/inbox/channels',
      grants: '/grants',
      'agreements, none': '/agreements',
      'linked nodes': '/neighbours',
      'figures, none': '/figures',
      'figures, handing in': '/figures?tab=periods',
      'figures, by hand': '/figures?tab=values',
      'figures, what is counted': '/figures?tab=settings',
      people: '/people',
      'applications to join': '/applications',
      mandates: '/mandates',
      tokens: '/people?tab=tokens',
      audit: '/audit',
      account: '/account',
      'no page': '/nowhere',
    }
    pages = Object.entries(here).map(([name, path]) => [name, `/o/${org}${path}`])
    const of = {
      needs: [firm, 'needs'],
      need: [firm, `needs/${need.id}`],
      contacts: [firm, 'needs/contacts'],
      contact: [firm, `needs/contacts/${contact.id}`],
      supply: [provider, 'supply'],
    }
    for (const [name, [whose, path]] of Object.entries(of)) pages.push([name, `/o/${whose}/${path}`])
    for (const path of ['/welcome', '/public/supply', '/public/search?q=网关', '/public/policies'])
      pages.push([path, path])
    pages.push(['sign-in', '/sign-in'], ['sign-up', '/sign-up'], ['join', '/join'])
  })

  const contrast = 'color-contrast'
  const colours = { runOnly: [contrast] }
  const allButColours = { rules: { [contrast]: { enabled: false } } }
  /** look tells what a page, as it is now, owes to those who do not see it or cannot point. */
  const look = async (page, chosen) => {
    await settled(page)
    if (!(await page.evaluate(() => Boolean(globalThis.axe)))) await page.evaluate(axe)
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
  /** faultsOf looks again where it found something: a box, say, may learn a moment later that it scrolls. */
  const faultsOf = async (page, chosen, name) => {
    let seen = await look(page, chosen)
    for (let again = 0; seen.length > 0 && again < 5; again++) {
      await page.waitForTimeout(500)
      seen = await look(page, chosen)
    }
    return seen.map((fault) => `${name}: ${fault}`)
  }

  step('has nothing that keeps somebody out, by day and by night', async () => {
    const { context, page } = await open(browser, 'zh', faults, state)
    const found = []
    for (const [name, path] of pages) {
      await page.goto(node.url + path)
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      found.push(...(await faultsOf(page, {}, name)))
      await light(page, false)
      found.push(...(await faultsOf(page, colours, `${name}, by night`)))
      await light(page, true)
    }
    await context.close()
    assert.deepEqual(found, [])
  })

  step('has nothing that keeps somebody out, in English and in a hand, gone to from within', async () => {
    const page = await shown('en-phone', state)
    const found = []
    for (const [name, path] of pages) {
      if (name === 'no page') await page.goto(node.url + path)
      else await visit(page, path)
      found.push(...(await faultsOf(page, allButColours, name)))
    }
    assert.deepEqual(found, [])
  })

  step('had no error in any page', () => {
    assert.deepEqual(faults, [])
  })
})
