// The demo's province: once it is whole, the rooms of the loop have something to show, and every page says that it is demonstration data.
import assert from 'node:assert/strict'
import { before } from 'node:test'

import { open, until } from './browser.mjs'
import { startNode } from './node.mjs'
import { story } from './story.mjs'

story('the demo’s province', 'province', ({ step, begin, signIn, api, shots, faults }) => {
  let node, browser, main, state, home, firm, provider

  before(async () => {
    ;({ node, browser, main } = await begin(() => startNode({ province: true })))
    ;({ state, org: home } = await signIn())
  })

  const send = async (method, path, data) => {
    const answer = await main.context.request.fetch(`${node.url}/api/v1${path}`, { method, data })
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`)
    return answer.json()
  }

  step('is whole within a minute of the first start', async () => {
    assert.ok(await node.told(/^province: whole \(\d+ ms\)$/m))
    const orgs = (await api('/orgs')).items
    const called = (zh) => orgs.find((o) => o.name.zh === zh)?.id
    firm = called('榆浦澜塑电器有限公司（演示）')
    provider = called('榆浦联砚物联有限公司（演示）')
    assert.ok(firm && provider)
  })

  step('gives its people links and no passwords', async () => {
    const people = (await api(`/people?org=${home}`)).items
    const lin = people.find((p) => p.login === 'platform.lin')
    assert.ok(lin, 'an officer of the platform')
    assert.ok(!lin.passwordSet, 'nobody has a password yet')
    const { link } = await send('POST', `/people/${lin.id}/link`)
    const other = await open(browser, 'zh', faults)
    await other.page.goto(new URL(link, node.url).href)
    await other.page.getByLabel('新密码').waitFor()
    await other.context.close()
  })

  step('shows in every room, marked, on a desk and on a phone, in both languages', async () => {
    const round = (await api(`/public/programme-rounds?org=${home}`)).items.find((r) => r.state === 'published')
    const checkup = (await api(`/checkups?org=${firm}`)).items[0]
    const need = (await api(`/matching/needs?org=${firm}`)).items.find((n) => n.title.startsWith('二十台'))
    const campaign = (await api(`/checkup-campaigns?org=${home}`)).items[0]
    const pages = {
      overview: `/o/${home}`,
      registers: `/o/${home}/registers`,
      enterprises: `/o/${home}/registers/enterprises`,
      pool: `/o/${home}/registers/providers`,
      matching: `/o/${home}/matching`,
      'firm-needs': `/o/${firm}/needs`,
      'firm-need': `/o/${firm}/needs/${need.id}`,
      checkup: `/o/${firm}/checkup/${checkup.id}/result`,
      campaign: `/o/${home}/checkup-campaigns/${campaign.id}`,
      rounds: `/o/${home}/rounds`,
      round: `/o/${home}/rounds/${round.id}`,
      desk: `/o/${home}/desk`,
      inbox: `/o/${home}/inbox`,
      support: `/o/${firm}/support`,
      ledger: `/o/${home}/ledger`,
      vouchers: `/o/${home}/vouchers`,
      facts: `/o/${firm}/facts`,
      tasks: `/o/${home}/tasks`,
      search: `/o/${home}/search?q=${encodeURIComponent('注塑')}`,
      'provider-supply': `/o/${provider}/supply`,
      'public-supply': '/public/supply',
      'public-round': `/public/programmes/${round.id}`,
    }
    await shots(Object.fromEntries(Object.entries(pages).map(([name, path]) => [`province-${name}`, path])), state, {
      looks: ['zh', 'en-phone'],
      ready: async (shown, name) => {
        await shown.getByRole('complementary', { name: /演示数据|Demonstration data/ }).waitFor()
        if (name === 'province-overview') await until('a live machine', () => shown.locator('.tree .is-live').count())
      },
    })
    assert.deepEqual(faults, [])
  })
})
