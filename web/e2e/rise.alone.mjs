// The region of the demo, seen from its province: figures are opened by clicks through city, park and enterprise down to the last reading
// of one machine, and down to orders; one late sample restates what rests on it at all four levels and nothing else; the figures are
// verified on another computer; a node that dies is offline, and what it gave stands.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before } from 'node:test'
import { promisify } from 'node:util'

import { patience, plain, until } from './browser.mjs'
import { startRegion } from './node.mjs'
import { story } from './story.mjs'

const year = new Date().getFullYear() - 1
const code = '91990200MADEM00701' // Lichuan, which keeps its data on a node of its own
const name = '棠汀砺川汽车部件有限公司（演示）'
const ways = {
  zh: ['棠汀市工业平台（演示）', '棠汀汽车零部件产业园（演示）', name],
  en: ['Tangting City Platform (demo)', 'Tangting Auto Parts Park (demo)', name],
}
const titles = {
  zh: { 'machine-networking': '机器联网率', 'energy-utilisation': '能源利用率', 'online-purchasing': '网上采购占比' },
  en: {
    'machine-networking': 'Machine networking rate',
    'energy-utilisation': 'Energy utilisation',
    'online-purchasing': 'Online share of purchases',
  },
}
// So that the way down is seen to its end.
const tall = { width: 1366, height: 1080 }
// What rests on the meters of electricity (packs/indicators).
const metered = ['energy-utilisation', 'energy-utilisation-increase']

story('figures rise', 'rise', ({ step, begin, signIn, region, picture, shown, visit, api, faults }) => {
  let node, page, state, home, levels, lichuan
  const begun = Date.now()
  const since = () => `${((Date.now() - begun) / 1000).toFixed(0)} s`

  /** ask speaks to a node as a program does: with a token. */
  const ask = async ({ url, token }, path, { method = 'GET', data } = {}) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: data && JSON.stringify(data),
      signal: AbortSignal.timeout(patience),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }

  /** board is all figures of a keeper, by key. */
  const board = async (of) => {
    const list = new Map()
    for (let cursor = ''; ;) {
      const part = await ask(of, `/figures?org=${of.org}&limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
      for (const f of part.items) list.set(f.key, f)
      cursor = part.next ?? ''
      if (!cursor) return list
    }
  }
  const boards = async () =>
    Object.fromEntries(await Promise.all(Object.entries(levels).map(async ([key, of]) => [key, await board(of)])))
  const stands = (of) =>
    Object.entries(of)
      .flatMap(([level, list]) => [...list.values()].map((f) => `${level} ${f.key} ${f.revision}`))
      .sort()

  /** waiting is how much the nodes have before them until their figures say what is known. */
  const waiting = async () => {
    const all = await Promise.all(
      [...Object.values(levels), lichuan].map(async (of) => (await ask(of, `/figure-keepers/${of.org}`)).waiting),
    )
    return all.reduce((sum, n) => sum + n, 0)
  }

  /** still is what the keepers have once nothing waits and nothing has moved for a while: records may be on their way between nodes. */
  const still = async () => {
    let was = await boards()
    let calm = 0
    await until(
      'the figures to stand still',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 1500))
        const now = await boards()
        const same = (await waiting()) === 0 && String(stands(now)) === String(stands(was))
        was = now
        calm = same ? calm + 1 : 0
        return calm === 2
      },
      8 * patience, // a first fill takes about two minutes of two quiet cores
    )
    return was
  }

  /** lived is what an enterprise's own node says of it now: asked down from the province. */
  const lived = async (figure) => {
    const x = await ask(levels.province, `/figures/${figure}/explain`)
    const city = x.parts.find((p) => p.name?.zh === ways.zh[0]).source
    const y = await ask(levels.province, `/figures/${figure}/explain?via=${city}`)
    const park = y.parts.find((p) => p.name?.zh === ways.zh[1]).source
    const z = await ask(levels.province, `/figures/${figure}/explain?via=${city},${park}`)
    const { via } = z.enterprises.find((f) => f.code === code)
    return ask(levels.province, `/figures/${figure}/explain?via=${[city, park, via].join(',')}&code=${code}`)
  }

  const row = (crumb, of) => of.locator(`[role=treeitem][data-crumb="${crumb}"] > .exrow`).first()

  /** descend goes from the board of the province down to an enterprise; `tap` counts. */
  const descend = async (indicator, of = page, lang = 'zh') => {
    let taps = 0
    const tap = async (what) => {
      taps++
      await what.click()
    }
    await visit(of, `/o/${home}/figures`)
    const title = titles[lang][indicator]
    await tap(
      of
        .locator(`tr[data-indicator=${indicator}][data-filter=all]`)
        .getByRole('link', { name: `${title} ${year}`, exact: true }),
    )
    await of.getByRole('heading', { level: 1, name: `${title} · ${year}` }).waitFor()
    for (const crumb of ways[lang]) await tap(row(crumb, of))
    return { tap, taps: () => taps }
  }

  /** reading is the line of a machine's last reading: what it says. */
  const reading = async (of = page, words = /最后读数 \S/) => {
    const line = of.locator('[role=treeitem] > .exrow').filter({ hasText: words }).first()
    await line.waitFor()
    return (await line.textContent()).trim()
  }

  before(async () => {
    ;({ node, page } = await begin(startRegion))
    console.log(`region whole after ${since()}`)
    await page.setViewportSize(tall)
    ;({ state, org: home } = await signIn())
    const { park, tangting } = node.below
    ;({ lichuan } = node.below)
    levels = { park, tangting, province: { url: node.url, token: node.token } }
    for (const of of [...Object.values(levels), lichuan]) of.org = (await ask(of, '/orgs')).items[0].id
    await until(
      'the six enterprises to be known at the province, over park and cities',
      async () => {
        const list = await board(levels.province)
        return Object.keys(titles.zh).every((i) => list.get(`${i}/${year}`)?.coverage.known === 6)
      },
      3 * patience,
    )
    console.log(`six enterprises known at the province after ${since()}`)
  })

  for (const [indicator, machine, picked] of [
    ['machine-networking', '数控铣床 1 号', undefined],
    ['energy-utilisation', '累计电量', '一号进线电表'],
  ]) {
    step(`opens ${indicator} down to the last reading of one machine in six clicks`, async () => {
      const { tap, taps } = await descend(indicator)
      await tap(row(machine, page))
      const line = await reading()
      if (picked) assert.ok(line.includes(picked), line)
      assert.ok(taps() <= 6, `${taps()} clicks`)
      console.log(`${indicator}: ${taps()} clicks from the board to: ${line}`)
      const path = await page.locator('nav.hops li').allTextContents()
      assert.deepEqual(
        path.filter((x) => ways.zh.includes(x) || x === machine),
        [...ways.zh, machine],
      )
      assert.deepEqual(await plain(page), [])
      await picture(`rise-${indicator}-zh`)
    })
  }

  step('opens online purchases down to orders', async () => {
    const { tap, taps } = await descend('online-purchasing')
    const order = page.locator('[role=treeitem][data-crumb^="DD-purchase"] > .exrow').first()
    await tap(order)
    await page.getByRole('tree').getByText('订单号', { exact: true }).waitFor()
    console.log(`online-purchasing: ${taps()} clicks from the board to the order ${(await order.textContent()).trim()}`)
    await picture('rise-online-purchasing-zh')
  })

  step('tells the same in English', async () => {
    const of = await shown('en', state)
    await of.setViewportSize(tall)
    const { tap } = await descend('machine-networking', of, 'en')
    await tap(row('数控铣床 1 号', of))
    await reading(of, /Last reading \S/)
    assert.deepEqual(await plain(of), [])
    await picture('rise-machine-networking-en', of)
  })

  step('restates, after one late sample, all that rests on it, and nothing else', async () => {
    // The past has been worked out when nothing moves any more.
    const was = await still()
    const key = `energy-utilisation/${year}`
    const figure = was.province.get(key)
    const own = Object.fromEntries(
      await Promise.all(Object.keys(titles.zh).map(async (i) => [i, await lived(was.province.get(`${i}/${year}`).id)])),
    )
    await visit(page, `/o/${home}/figures/${figure.id}`)
    const shows = () => page.locator('.figurehead .big').textContent()
    const old = await shows()

    // The meter that was read by hand at midnight of New Year: the enterprise enters it by a source of its own, for which its gateway
    // lets go of the meter for a while.
    const { items: machines } = await ask(lichuan, `/plant/nodes?kind=machine&limit=200&org=${lichuan.org}`)
    const meter = machines.find((m) => m.name.zh === '一号进线电表').id
    const { points } = await ask(lichuan, `/plant/machines/${meter}`)
    const counter = points.find((p) => p.key === 'energy.total')
    const midnight = `${year - 1}-12-31T16:00:00Z`
    const { items } = await ask(
      lichuan,
      `/series/${counter.id}/samples?mode=raw&limit=1&from=${midnight}&to=${year}-01-01T00:00:00Z`,
    )
    assert.ok(items[0].time > midnight, 'nothing is known of midnight')
    const way = `/plant/machines/${meter}`
    const { link, unit } = await ask(lichuan, `${way}/connection`)
    await ask(lichuan, `${way}/connection`, { method: 'DELETE' })
    const source = await ask(lichuan, '/sources', {
      method: 'POST',
      data: {
        org: lichuan.org,
        name: { zh: '年初抄表（演示）', en: 'Reading at New Year (demo)' },
        kind: 'push',
        transport: 'http',
      },
    })
    const credential = await ask(lichuan, `/sources/${source.id}/credentials`, {
      method: 'POST',
      data: { name: 'hand' },
    })
    await ask(lichuan, `${way}/feed`, { method: 'PUT', data: { source: source.id, device: 'meter' } })
    const steps = Math.round(items[0].value / counter.scale) - 4000 // 40 kWh in a quarter of an hour, as it uses
    await until('the late sample to be taken', async () => {
      const answer = await fetch(`${lichuan.url}/push/json`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${credential.id}:${credential.secret}` },
        body: JSON.stringify({ device: 'meter', time: midnight, values: { [counter.address]: steps } }),
      })
      return answer.ok
    })
    const told = Date.now()
    const now = await until('the province to restate', async () => {
      const f = await ask(levels.province, `/figures/${figure.id}`)
      return f.revision !== figure.revision && f
    })
    console.log(`late sample: the province shows revision ${now.revision} after ${(Date.now() - told) / 1000} s`)
    await ask(lichuan, `${way}/feed`, { method: 'DELETE' })
    await ask(lichuan, `${way}/connection`, { method: 'PUT', data: { link, unit } })

    // All that rests on it, at all levels; then, once nothing moves any more, that nothing else has moved.
    const rests = Object.fromEntries(
      Object.entries(was).map(([level, list]) => [
        level,
        [...list.values()].filter(
          (f) => metered.includes(f.indicator) && f.period.label === String(year) && f.coverage.known > 0,
        ),
      ]),
    )
    for (const [level, list] of Object.entries(rests)) {
      assert.ok(list.length > 1, level)
      for (const f of list) {
        await until(`${f.key} of ${level} to be restated`, async () => {
          const { revision } = await ask(levels[level], `/figures/${f.id}`)
          return revision !== f.revision
        })
      }
    }
    console.log(`late sample: all that rests on it is restated after ${(Date.now() - told) / 1000} s`)
    const after = await still()
    for (const level of Object.keys(levels)) {
      const moved = [...after[level].values()].filter((f) => was[level].get(f.key)?.revision !== f.revision)
      assert.deepEqual(moved.map((f) => f.key).sort(), rests[level].map((f) => f.key).sort(), `restated at ${level}`)
      const [then, next] = [was[level].get(key), after[level].get(key)]
      assert.notEqual(next.readings[0].number.exact, then.readings[0].number.exact)
      const seen = await ask(levels[level], `/figures/${then.id}?asOf=${then.at}`)
      assert.deepEqual([seen.revision, seen.readings], [then.revision, then.readings], `${level} as it was`)
      console.log(
        `${level}: ${rests[level].length} of ${was[level].size} figures restated, ${key} ${then.readings[0].number.value} → ` +
          `${next.readings[0].number.value}, ${(Date.parse(next.at) - told) / 1000} s after the acknowledgement`,
      )
    }
    for (const [indicator, x] of Object.entries(own)) {
      const y = await lived(was.province.get(`${indicator}/${year}`).id)
      const restated = metered.includes(indicator)
      assert.equal(y.commit !== x.commit, restated, `${indicator} of the enterprise`)
      assert.equal(y.value.filled !== x.value.filled, restated)
      assert.equal(y.agrees, true)
      if (restated) {
        const seconds = (Date.parse(y.commit) - told) / 1000
        console.log(`enterprise: ${x.value.filled} → ${y.value.filled}, ${seconds} s after the acknowledgement`)
      }
    }

    // And in the console: the new revision, and the old one as it was seen.
    await page.reload()
    await page.locator('.figurehead').getByText(`第 ${now.revision} 版`).waitFor()
    assert.notEqual(await shows(), old)
    const revisions = region('历次修订')
    await revisions.getByRole('row').nth(1).getByText('数值由').waitFor()
    await revisions.scrollIntoViewIfNeeded()
    await picture('rise-restated-zh')
    await revisions.getByRole('row').nth(2).getByRole('link').click()
    await page.getByRole('status').getByText('当时所见', { exact: false }).waitFor()
    await page.locator('.figurehead').getByText(`第 ${figure.revision} 版`).waitFor()
    assert.equal(await shows(), old)
    await picture('rise-asof-zh')
  })

  step('is verified on another computer: fetched with consent, and again offline', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
    const verify = (...args) =>
      promisify(execFile)(process.env.JINGWEI_BIN, ['verify', 'figure', ...args], {
        env: { ...process.env, JINGWEI_TOKEN: node.token },
        maxBuffer: 64 << 20,
      })
    try {
      for (const indicator of ['machine-networking', 'energy-utilisation']) {
        const { items } = await api(`/figures?org=${home}&indicator=${indicator}&kind=year&limit=100`)
        const { id } = items.find((f) => f.key === `${indicator}/${year}`)
        const pack = join(folder, `${indicator}.jwf`)
        const asked = Date.now()
        const { stdout } = await verify(id, '--node', node.url, '--out', pack)
        const seconds = (Date.now() - asked) / 1000
        assert.match(stdout, /^ {2}=> (proved|recomputed)$/m)
        assert.ok(!stdout.includes('WRONG'), stdout)
        assert.ok(stdout.includes(`${indicator}/${year}#${code}`), 'down to the enterprise')
        assert.equal((await verify(pack)).stdout, stdout)
        const proofs = stdout.match(/ proved: /g).length
        console.log(`verify ${indicator}: ${stdout.trim().split('\n').at(-1).trim()}, ${proofs} proofs, ${seconds} s`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  step('says that a node below is offline, since when, and keeps what it gave', async () => {
    const { items } = await api(`/figures?org=${home}&indicator=machine-networking&kind=year&limit=100`)
    const figure = items.find((f) => f.key === `machine-networking/${year}`)
    const city = '榆浦市工业平台（演示）'
    node.kill('yupu')
    const killed = Date.now()
    const part = await until('the city to be offline', async () => {
      const { parts } = await api(`/figures/${figure.id}/explain`)
      return parts.find((p) => p.name?.zh === city && p.state === 'offline')
    })
    console.log(`${city}: offline ${(Date.now() - killed) / 1000} s after it was killed, since ${part.away}`)
    assert.ok(Math.abs(Date.parse(part.away) - killed) < patience)
    assert.deepEqual([part.members, part.known], [3, 3])
    const now = await api(`/figures/${figure.id}`)
    assert.deepEqual([now.revision, now.readings], [figure.revision, figure.readings])
    assert.ok(Number(now.readings[0].number.value) > 0)
    for (const [look, words, main] of [
      ['zh', /起离线，按最后送达的计算/, ways.zh[0]],
      ['en', /offline since/i, ways.en[0]],
    ]) {
      const of = look === 'zh' ? page : await shown(look, state)
      await visit(of, `/o/${home}/figures/${figure.id}`)
      await of.getByRole('treeitem').filter({ hasText: words }).first().waitFor()
      await row(main, of).waitFor()
      const big = await of.locator('.figurehead .big').textContent()
      assert.ok(big.includes(now.readings[0].number.value), big)
      assert.deepEqual(await plain(of), [])
      await picture(`rise-offline-${look}`, of)
    }
    // What lives there cannot be asked for, and it says so.
    await row(city, page).click()
    await page.getByRole('tree').getByText('目前没有连接，无法询问', { exact: false }).waitFor()
    await picture('rise-offline-below-zh')
  })

  step('went without a fault', () => {
    console.log(`story of ${since()}`)
    assert.deepEqual(faults, [])
  })
})
