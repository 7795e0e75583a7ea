import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { run } from './program.mjs'

/**
 * startNode runs `jingwei demo` of the binary JINGWEI_BIN with a data folder of its own and gives its address, its
 * one-time sign-in link and its tokens. Stories make what they tell of themselves: the demo's province is left out, unless
 * a story is of it. With JINGWEI_URL and JINGWEI_LINK it takes a node that runs already.
 */
export async function startNode({ province = false } = {}) {
  if (process.env.JINGWEI_URL) {
    return { url: process.env.JINGWEI_URL, link: process.env.JINGWEI_LINK, stop: async () => {} }
  }
  return own(['demo', '--headless', '--region=false', `--province=${province}`], {
    url: /^Jingwei demo: (\S+) /m,
    token: /^token: (\S+)$/m,
    tokenB: /^token-b: (\S+)$/m,
  })
}

/** startServe runs `jingwei serve` with an empty data folder: a node without machines. */
export const startServe = () =>
  own(['serve', '--https', '127.0.0.1:0', '--link', '127.0.0.1:0', '--mqtt', 'off', '--mqtt-plain', '127.0.0.1:0'], {
    url: /^ready: (\S+) /m,
  })

/**
 * startRegion runs the whole of `jingwei demo`: a province with five nodes below it, and their past, from which the last year is
 * known. It gives the province's node as startNode does, and `below`: of each other node, and of each enterprise on one, `url` and
 * `token`; and `kill`, which ends a node's process as a power cut does.
 */
export async function startRegion() {
  const node = await own(['demo', '--headless'], { url: /^Jingwei demo: (\S+) /m, token: /^token: (\S+)$/m })
  try {
    let whole
    for (let tries = 3; !whole; tries--) {
      whole = await node
        .told(/^region: (whole|not whole).*$/m)
        .catch((e) => (tries > 0 ? undefined : Promise.reject(e)))
    }
    if (whole[1] !== 'whole') throw new Error(whole[0])
    const said = node.said()
    const urls = Object.fromEntries([...said.matchAll(/^node (\S+): (\S+) /gm)].map((m) => [m[1], m[2]]))
    const below = {}
    for (const [, at, firm, token] of said.matchAll(/^token at (\S+) (\S*): (\S+)$/gm)) {
      below[firm || at] = { url: urls[at], token }
    }
    const kill = (key) => process.kill(processOf(join(node.data, 'nodes', key)), 'SIGKILL')
    return { ...node, below, kill }
  } catch (e) {
    await node.stop()
    throw e
  }
}

/** processOf is the process that runs a node on a data folder. */
function processOf(data) {
  for (const id of readdirSync('/proc').filter((x) => /^\d+$/.test(x))) {
    let words
    try {
      words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0')
    } catch {
      continue // it has ended
    }
    if (words[words.indexOf('--data') + 1] === data) return Number(id)
  }
  throw new Error(`no process runs a node on ${data}`)
}

/** own runs a node on a data folder that goes when it stops. */
async function own(args, wanted) {
  const data = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
  const running = []
  const stop = async () => {
    for (const end of running) await end()
    rmSync(data, { recursive: true, force: true })
  }
  try {
    const node = await run(running, [...args, '--http', '127.0.0.1:0', '--data', data], {
      link: /^sign in: (\S+)$/m,
      ...wanted,
    })
    return { ...node, data, stop }
  } catch (e) {
    await stop()
    throw e
  }
}
